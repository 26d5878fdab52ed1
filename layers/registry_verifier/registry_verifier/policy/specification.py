"""Reading one ClusterImagePolicy document: its metadata and its spec."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from registry_verifier.models import Json
from registry_verifier.policy import authority, conditions, glob, metadata, selector
from registry_verifier.policy.beside import Beside
from registry_verifier.policy.fields import Field
from registry_verifier.policy.metadata import Metadata
from registry_verifier.policy.model import Authority, Policy, PolicyCondition
from registry_verifier.policy.nodes import Table

_VERSIONS = ("policy.sigstore.dev/v1beta1", "policy.sigstore.dev/v1alpha1")
_SPEC = ("images", "authorities", "mode", "match", "policy")
_KIND = "ClusterImagePolicy"
_OTHER_KINDS = ("TrustRoot", "ConfigMap")
"""what may stand beside it, and is read elsewhere"""
_REFERENCES = ("configMapRef", "remote")
_RESOURCES = ("replicasets", "deployments", "pods", "cronjobs", "jobs", "statefulsets", "daemonsets")


def read(document: Field, beside: Beside) -> Policy | None:
    """Read a document; what is wrong is noted, and the value is of no use then."""
    if not _is_ours(document):
        return None
    fields = document.fields(("apiVersion", "kind", "metadata", "spec", "status"), need=("metadata", "spec"))
    about = metadata.read(fields["metadata"]) if "metadata" in fields else Metadata("")
    if "spec" not in fields:
        return None
    spec = fields["spec"].fields(_SPEC, need=("images", "authorities"))
    authorities = _authorities(spec["authorities"], beside) if "authorities" in spec else ()
    condition = conditions.of_policy(spec["policy"], beside) if "policy" in spec else None
    return Policy(
        name=about.name,
        globs=tuple(_glob(image) for image in spec["images"].items()) if "images" in spec else (),
        authorities=authorities,
        mode=spec["mode"].choice("enforce", "warn") if "mode" in spec else "enforce",
        require_signature=about.require_signature,
        grace=about.grace,
        annotations=about.annotations,
        file=document.notes.file,
        sha256=_sha256(document, _texts(authorities, condition)),
        match=_match(spec["match"]) if "match" in spec else (),
        condition=condition,
        version=fields["apiVersion"].string().rpartition("/")[2],
        require_provenance_match=about.require_provenance_match,
        children=about.children,
        slack_channel=about.slack_channel,
    )


def _is_ours(document: Field) -> bool:
    entries = document.entries()
    for name in ("apiVersion", "kind"):
        if document.node.kind == "mapping" and name not in entries:
            document.refuse(f"{name} is missing")
    return "kind" in entries and "apiVersion" in entries and all(_identify(entries))


def _identify(entries: Mapping[str, Field]) -> list[bool]:
    return [
        entries["kind"].choice(_KIND, *_OTHER_KINDS) == _KIND,
        entries["apiVersion"].choice(*_VERSIONS) in _VERSIONS,
    ]


def _glob(image: Field) -> str:
    fields = image.fields(("glob",), need=("glob",))
    text = fields["glob"].string() if "glob" in fields else ""
    try:
        return text and glob.compiled(text).pattern and text
    except ValueError as error:
        fields["glob"].refuse(str(error))
        return ""


def _authorities(authorities: Field, beside: Beside) -> tuple[Authority, ...]:
    read = tuple(authority.read(item, n, beside) for n, item in enumerate(authorities.items()))
    names = [one.name for one in read]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        authorities.refuse(f"name {name[:80]!r} stands twice")
    return read


def _match(match: Field) -> tuple[Json, ...]:
    """Which Kubernetes objects a policy is for: checked, and not applicable to what is published."""
    for item in match.items():
        fields = item.fields(("group", "version", "resource", "selector"))
        if "resource" in fields:
            fields["resource"].choice(*_RESOURCES)
        for name in ("group", "version"):
            if name in fields:
                fields[name].text()
        if "selector" in fields:
            _selector(fields)
    return tuple(item.node.plain() for item in match.items() if isinstance(item.node, Table))


def _selector(fields: Mapping[str, Field]) -> None:
    selector.check(fields["selector"])
    if set(fields) == {"selector"}:
        fields["selector"].refuse("needs a group, version or resource beside it")


def _texts(authorities: tuple[Authority, ...], condition: PolicyCondition | None) -> list[str]:
    """The texts of all conditions, in the order of the document."""
    found = [rule.condition for one in authorities for rule in one.attestations]
    return [one.text for one in (*found, condition and condition.condition) if one]


def _sha256(document: Field, conditions: list[str]) -> str:
    """The hash of what the document says, comments and layout apart, with the texts where it refers to some.

    Who is told of a verdict is no part of it: another channel makes no other policy.
    """
    plain = _without_routing(document.node.plain())
    said = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    said += "\n" + json.dumps(conditions) if _refers(plain) else ""
    return hashlib.sha256(said.encode()).hexdigest()


def _without_routing(plain: Any) -> Any:
    """The document without annotations that only say who is told; `plain` is changed."""
    about = plain.get("metadata")
    annotations = about.get("annotations") if isinstance(about, dict) else None
    if not isinstance(annotations, dict):
        return plain
    routing = [name for name in metadata.ROUTING if name in annotations]
    for name in routing:
        del annotations[name]
    if routing and not annotations:
        del about["annotations"]
    return plain


def _refers(value: object) -> bool:
    """Whether a text is taken from elsewhere anywhere in it; of no value that a label or an annotation can have."""
    if isinstance(value, list):
        return any(map(_refers, value))
    if not isinstance(value, dict):
        return False
    return any(isinstance(value.get(name), dict) for name in _REFERENCES) or any(map(_refers, value.values()))
