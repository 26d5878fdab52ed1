"""Reading a TrustRoot document: where the keys and certificates of a private Sigstore come from.

Source: policy-controller pkg/apis/policy/v1alpha1, trustroot_types.go and trustroot_validation.go. Nothing is fetched
and no TUF metadata is verified here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_verifier import strict_json
from registry_verifier.errors import PolicyError
from registry_verifier.policy import metadata, sigstore_keys
from registry_verifier.policy.encoded import decoded
from registry_verifier.policy.fields import Field, Notes
from registry_verifier.policy.nodes import Place, Scalar, Table, YamlProblem, documents

KIND = "TrustRoot"

_VERSION = "policy.sigstore.dev/v1alpha1"
_WAYS = ("remote", "repository", "sigstoreKeys")
_ROOT_LIMIT = 512_000  # as python-tuf reads a root.json
_ARCHIVE_LIMIT = 8 << 20
_TARGETS = "targets"
_TRUSTED_ROOT = "trusted_root.json"
_PATH = re.compile(r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)*\Z")
_PATH_LIMIT = 255


@dataclass(frozen=True)
class Remote:
    """A TUF repository behind an address."""

    root: bytes = field(repr=False)
    """the root.json that is trusted to begin with"""
    mirror: str
    targets: str = _TARGETS
    """the folder of the targets"""
    trusted_root_target: str = _TRUSTED_ROOT


@dataclass(frozen=True)
class Repository:
    """A TUF repository in the document itself."""

    root: bytes = field(repr=False)
    """the root.json that is trusted to begin with"""
    archive: bytes = field(repr=False)
    """the repository's files: tar, gzipped"""
    targets: str = _TARGETS
    """the folder of the targets"""
    trusted_root_target: str = _TRUSTED_ROOT


@dataclass(frozen=True)
class TrustRootDocument:
    """One TrustRoot document; exactly one of `remote`, `repository` and `sigstore_keys` is there."""

    name: str
    file: str = ""
    sigstore_keys: bytes | None = field(default=None, repr=False)
    """the trusted root file that the keys in the document mean"""
    remote: Remote | None = None
    repository: Repository | None = None
    sha256: str = ""
    """of what the document says; comments and layout do not count"""


def load(content: bytes, *, file: str) -> tuple[TrustRootDocument, ...]:
    """The TrustRoots in one file, whatever else is in it; PolicyError says what is wrong in them, and where."""
    notes = Notes(file)
    try:
        fields = [Field(node, "", notes) for node in documents(content)]
    except YamlProblem as error:
        notes.add(Place(error.line, error.column, 0), "", str(error))
        raise PolicyError(*notes.problems) from error
    found = [read(one) for one in fields if _is_trust_root(one)]
    if notes.problems:
        raise PolicyError(*sorted(notes.problems, key=lambda problem: (problem.line, problem.column)))
    return tuple(one for one in found if one)


def read(document: Field) -> TrustRootDocument | None:
    """Read a document; what is wrong is noted, and the value is of no use then."""
    need = ("apiVersion", "kind", "metadata", "spec")
    fields = document.fields((*need, "status"), need=need)
    if "apiVersion" in fields:
        fields["apiVersion"].choice(_VERSION)
    if "kind" in fields:
        fields["kind"].choice(KIND)
    name = _name(fields["metadata"]) if "metadata" in fields else ""
    if "spec" not in fields:
        return None
    spec = fields["spec"].fields(_WAYS)
    _require_one_way(fields["spec"], spec)
    return TrustRootDocument(
        name=name,
        file=document.notes.file,
        sigstore_keys=sigstore_keys.read(spec["sigstoreKeys"]) if "sigstoreKeys" in spec else None,
        remote=_remote(spec["remote"]) if "remote" in spec else None,
        repository=_repository(spec["repository"]) if "repository" in spec else None,
        sha256=_sha256(document),
    )


def _is_trust_root(document: Field) -> bool:
    kind = document.entries().get("kind") if isinstance(document.node, Table) else None
    return kind is not None and isinstance(kind.node, Scalar) and kind.node.text == KIND


def _name(about: Field) -> str:
    read = metadata.read(about)
    if any(name.startswith(f"{metadata.PREFIX}/") for name in read.annotations):
        about.refuse(f"has an annotation under {metadata.PREFIX}/, which means nothing for a TrustRoot")
    return read.name


def _require_one_way(spec: Field, given: Mapping[str, Field]) -> None:
    if spec.node.kind == "mapping" and len(given) != 1:
        spec.refuse(f"expected exactly one of {', '.join(_WAYS)}, got {' and '.join(given) or 'none'}")


def _remote(remote: Field) -> Remote:
    fields = remote.fields(("root", "mirror", "targets", "trustedRootTarget"), need=("root", "mirror"))
    mirror = fields["mirror"].url() if "mirror" in fields else ""
    if "?" in mirror or "#" in mirror:
        fields["mirror"].refuse(f"is {mirror[:80]!r} (expected an address without ? and #)")
    return Remote(_root(fields), mirror, *_paths(fields))


def _repository(repository: Field) -> Repository:
    fields = repository.fields(("root", "mirrorFS", "targets", "trustedRootTarget"), need=("root", "mirrorFS"))
    archive = decoded(fields["mirrorFS"], limit=_ARCHIVE_LIMIT) if "mirrorFS" in fields else b""
    return Repository(_root(fields), archive, *_paths(fields))


def _root(fields: Mapping[str, Field]) -> bytes:
    content = decoded(fields["root"], limit=_ROOT_LIMIT) if "root" in fields else b""
    try:
        if content and not strict_json.parse_object(content).get("signatures"):
            fields["root"].refuse("has no signatures (expected a TUF root.json)")
    except ValueError as error:
        fields["root"].refuse(f"is no TUF root.json: {error}")
    return content


def _paths(fields: Mapping[str, Field]) -> tuple[str, str]:
    return _path(fields, "targets", _TARGETS), _path(fields, "trustedRootTarget", _TRUSTED_ROOT)


def _path(fields: Mapping[str, Field], name: str, otherwise: str) -> str:
    """A path within the repository; an empty one stands for the usual one, as it does in the cluster."""
    text = fields[name].text() if name in fields else ""
    if text and (len(text) > _PATH_LIMIT or not _PATH.match(text)):
        fields[name].refuse(f"is {text[:80]!r} (expected a path of letters, digits, '.', '_', '-' and '/')")
    return text or otherwise


def _sha256(document: Field) -> str:
    """The hash of what the document says, as that of a policy."""
    said = json.dumps(document.node.plain(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
