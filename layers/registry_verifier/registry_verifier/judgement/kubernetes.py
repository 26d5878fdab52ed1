"""A Kubernetes object beside an image: what `spec.match` and `spec.policy` of a policy may look at.

Nothing that is published has one; somebody at the command line may give it. Source: policy-controller 0.13,
pkg/apis/config/image_policies.go, GetMatchingPolicies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry_verifier.errors import BadRequest
from registry_verifier.models import Json
from registry_verifier.policy.nodes import YamlProblem, documents


@dataclass(frozen=True)
class Resource:
    """One object."""

    api_version: str
    kind: str
    metadata: Json = field(default_factory=dict)
    spec: Json = field(default_factory=dict)

    @property
    def type_meta(self) -> Json:
        """Its kind and version, as a policy's `typemeta` sees them."""
        return {"kind": self.kind, "apiVersion": self.api_version}


def read(content: bytes) -> Resource:
    """The one object in a YAML file; BadRequest where it is none."""
    try:
        nodes = documents(content)
    except YamlProblem as error:
        raise BadRequest(f"resource is not readable: line {error.line}: {error}") from error
    value = nodes[0].plain() if len(nodes) == 1 else None
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("apiVersion", "kind")):
        raise BadRequest(f"resource file holds {len(nodes)} documents (expected one with apiVersion and kind)")
    return Resource(value["apiVersion"], value["kind"], _mapping(value, "metadata"), _mapping(value, "spec"))


def _mapping(value: Mapping[str, Any], name: str) -> Json:
    inner = value.get(name)
    if not isinstance(inner, dict):
        raise BadRequest(f"resource has no {name} (expected a mapping)")
    return inner


def matches(match: tuple[Json, ...], resource: Resource | None) -> bool:
    """Whether policy-controller applies a policy with this `spec.match` to the object."""
    return not match or (resource is not None and any(_matches(entry, resource) for entry in match))


def _matches(entry: Json, resource: Resource) -> bool:
    group, _, version = resource.api_version.rpartition("/")
    same_type = (
        entry.get("resource", "") == _plural(resource.kind)
        and entry.get("version", "") in (version, "*")
        and entry.get("group", "") == group
    )
    labels = resource.metadata.get("labels")
    return same_type and _selects(entry.get("selector") or {}, labels if isinstance(labels, dict) else {})


def _plural(kind: str) -> str:
    """The resource that Kubernetes guesses a kind to be: `CronJob` is `cronjobs`."""
    word = kind.lower()
    if word.endswith("s"):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def _selects(selector: Json, labels: Json) -> bool:
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    labelled = all(labels.get(name) == value for name, value in wanted.items())
    return bool(labelled and all(_holds(expression, labels) for expression in expressions))


def _holds(expression: Json, labels: Json) -> bool:
    name, values = expression.get("key", ""), expression.get("values") or []
    operator = expression.get("operator")
    if operator in ("Exists", "DoesNotExist"):
        return bool((name in labels) == (operator == "Exists"))
    within = name in labels and labels[name] in values
    return bool(within if operator == "In" else operator == "NotIn" and not within)
