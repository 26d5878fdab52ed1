"""From policy files to policies, strictly: whatever is not understood is an error with its place, never passed over.

The format is policy-controller's ClusterImagePolicy and TrustRoot (pkg/apis/policy), with ConfigMaps beside them.
What cannot be evaluated is an error that names the field. The problems of all files are reported together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry_verifier.errors import PolicyError, Problem
from registry_verifier.policy import beside as besides
from registry_verifier.policy import specification, trust_root
from registry_verifier.policy.beside import Beside
from registry_verifier.policy.fields import Field, Notes
from registry_verifier.policy.model import Policy
from registry_verifier.policy.nodes import List, Node, Place, Scalar, Table, YamlProblem, documents
from registry_verifier.policy.trust_root import TrustRootDocument

_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


@dataclass(frozen=True)
class PolicySet:
    """Everything that was loaded together."""

    policies: tuple[Policy, ...]
    trust_roots: tuple[TrustRootDocument, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict, repr=False, compare=False)
    """each policy's document by the policy's name, so that advice can say where"""

    def place(self, policy: Policy, path: str) -> Place:
        """Where a dotted path stands in the policy's file; as near above it as there is a value."""
        node = self.nodes[policy.name]
        for name, number in _STEP.findall(path):
            inner = _step(node, name, int(number or 0))
            if inner is None:
                break
            node = inner
        return node


def load(text: bytes, *, file: str) -> tuple[Policy, ...]:
    """The policies in one file, which may hold several documents; PolicyError says what is wrong, and where."""
    return load_files({file: text}).policies


def load_files(files: Mapping[str, bytes], *, referred: Iterable[bytes] = ()) -> PolicySet:
    """What these files hold, by name and content; PolicyError says what is wrong in any of them.

    `referred` are files that policies may name by their hash. No policy at all is an error, a file with neither is one,
    and so are two policies, TrustRoots or ConfigMaps of one name: verdicts are stored by it, or conditions looked up.
    """
    reading = [_Reading(Notes(file), content) for file, content in files.items()]
    found = [(one.notes, place, pair) for one in reading for place, pair in one.config_maps()]
    _require_names((notes, place, "/".join(name)) for notes, place, (name, _) in found)
    maps = dict(pair for _, _, pair in found)
    roots = [(one.notes, place, root) for one in reading for place, root in one.trust_roots()]
    _require_names((notes, place, root.name) for notes, place, root in roots)
    names = frozenset(root.name for _, _, root in roots)
    beside = Beside(maps, besides.by_hash(list(referred)), names)
    policies = [(one.notes, place, policy) for one in reading for place, policy in one.policies(beside)]
    _require_names((notes, place, policy.name) for notes, place, policy in policies)
    if problems := [problem for one in reading for problem in one.problems()]:
        raise PolicyError(*problems)
    return PolicySet(
        tuple(policy for _, _, policy in policies),
        tuple(root for _, _, root in roots),
        {policy.name: node for _, node, policy in policies},
    )


class _Reading:
    """One file on its way."""

    def __init__(self, notes: Notes, content: bytes) -> None:
        self.notes = notes
        self._documents = [(node, Field(node, "", notes)) for node in self._parsed(content)]

    def config_maps(self) -> list[tuple[Node, tuple[tuple[str, str], dict[str, str]]]]:
        mine = [(node, document) for node, document in self._documents if besides.is_config_map(document)]
        return [(node, besides.config_map(document)) for node, document in mine]

    def trust_roots(self) -> list[tuple[Node, TrustRootDocument]]:
        mine = [(node, document) for node, document in self._documents if _kind(document) == trust_root.KIND]
        read = [(node, trust_root.read(document)) for node, document in mine]
        return [(node, root) for node, root in read if root]

    def policies(self, beside: Beside) -> list[tuple[Node, Policy]]:
        others = [
            _kind(document) == trust_root.KIND or besides.is_config_map(document) for _, document in self._documents
        ]
        rest = [pair for pair, other in zip(self._documents, others, strict=True) if not other]
        read = [(node, specification.read(document, beside)) for node, document in rest]
        return [(node, policy) for node, policy in read if policy]

    def problems(self) -> list[Problem]:
        return sorted(self.notes.problems, key=lambda problem: (problem.line, problem.column))

    def _parsed(self, content: bytes) -> list[Node]:
        try:
            nodes = documents(content)
        except YamlProblem as error:
            self.notes.add(Place(error.line, error.column, 0), "", str(error))
            return []
        if not nodes:
            self.notes.add(Place(1, 1, 0), "", "file holds no policy")
        return nodes


def _require_names(named: Iterable[tuple[Notes, Node, str]]) -> None:
    places: dict[str, str] = {}
    for notes, place, name in named:
        if name in places:
            notes.add(place, "metadata.name", f"name {name[:300]!r} stands in {places[name]} already")
        places.setdefault(name, f"{notes.file}:{place.line}")


def _kind(document: Field) -> str:
    kind = document.entries().get("kind") if isinstance(document.node, Table) else None
    return kind.node.text if kind and isinstance(kind.node, Scalar) else ""


def _step(node: Node, name: str, number: int) -> Node | None:
    if isinstance(node, Table):
        return next((value for key, value in node.entries if key.text == name), None)
    return node.items[number] if isinstance(node, List) and not name and number < len(node.items) else None
