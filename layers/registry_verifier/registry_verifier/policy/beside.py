"""What a policy refers to and does not hold: ConfigMaps, files known by their hash, TrustRoots. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_verifier.models import digest_of
from registry_verifier.policy.fields import Field

NAMESPACE = "cosign-system"
"""where policy-controller runs, and where its ConfigMaps and Secrets are when nothing else is said"""

_KIND = {"kind": "ConfigMap", "apiVersion": "v1"}


@dataclass(frozen=True)
class Beside:
    """What stands beside the policies of one load."""

    config_maps: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """namespace and name -> the texts in it"""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """SHA-256 in hex -> content: what `policy.remote` names"""
    trust_roots: frozenset[str] = frozenset()

    def file(self, sha256: str) -> bytes | None:
        """The file with this hash."""
        return self.files.get(sha256.lower())


def by_hash(contents: list[bytes]) -> dict[str, bytes]:
    """Files by the SHA-256 of their bytes, in hex."""
    return {digest_of(content).removeprefix("sha256:"): content for content in contents}


def is_config_map(document: Field) -> bool:
    """Whether a document is a Kubernetes ConfigMap."""
    if document.node.kind != "mapping":
        return False
    said = {name: value.node.plain() for name, value in document.entries().items() if name in _KIND}
    return said == _KIND


def config_map(document: Field) -> tuple[tuple[str, str], dict[str, str]]:
    """The namespace and name of a ConfigMap, and its texts; what is wrong is noted."""
    fields = document.fields(("apiVersion", "kind", "metadata", "data", "immutable"), need=("metadata",), later=_BINARY)
    about = fields["metadata"].entries() if "metadata" in fields else {}
    name = about["name"].line() if "name" in about else ""
    if "metadata" in fields and not name:
        fields["metadata"].refuse("has no name")
    namespace = about["namespace"].line() if "namespace" in about else NAMESPACE
    return (namespace, name), fields["data"].strings() if "data" in fields else {}


_BINARY = ("binaryData",)
