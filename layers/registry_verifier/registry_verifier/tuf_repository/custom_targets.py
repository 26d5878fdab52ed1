"""Older TUF repositories: a target for each key and chain, described by custom metadata, and no trusted root.

Source: the `sigstore` custom metadata of root-signing as policy-controller reads it: usage Fulcio, CTFE or Rekor, and
a URI. What is of another usage is passed over there, and here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry_verifier.errors import TrustRootError
from registry_verifier.models import Json
from registry_verifier.policy import sigstore_keys

_USAGES = ("Fulcio", "Rekor", "CTFE")
_TARGETS_LIMIT = 100


@dataclass(frozen=True)
class Described:
    """A target that says what it is for."""

    name: str
    usage: str
    uri: str


def described(custom: Mapping[str, object]) -> list[Described]:
    """The targets that are described as keys or chains, by the custom metadata of each; TrustRootError for too many."""
    found = [each for name, said in sorted(custom.items()) if (each := _described(name, said))]
    if len(found) > _TARGETS_LIMIT:
        raise TrustRootError(f"TUF repository describes {len(found)} keys (at most {_TARGETS_LIMIT})")
    return found


def trusted_root(contents: Mapping[Described, bytes]) -> bytes:
    """The trusted root file that these keys and chains mean; TrustRootError where they mean none."""
    entries: dict[str, list[Json]] = {usage: [] for usage in _USAGES}
    for each, content in contents.items():
        entries[each.usage].append(_entry(each, content))
    if not entries["Fulcio"]:
        raise TrustRootError("TUF repository describes no certificate authority")
    return sigstore_keys.document(
        authorities=entries["Fulcio"], logs=entries["Rekor"], certificate_logs=entries["CTFE"]
    )


def _entry(each: Described, content: bytes) -> Json:
    try:
        if each.usage == "Fulcio":
            return sigstore_keys.authority_entry(content, each.uri)
        return sigstore_keys.log_entry(content, each.uri, with_rsa=each.usage == "CTFE")
    except ValueError as error:
        raise TrustRootError(f"target {each.name[:80]!r}: {error}") from error


def _described(name: str, custom: object) -> Described | None:
    said = custom.get("sigstore") if isinstance(custom, dict) else None
    if not isinstance(said, dict) or said.get("usage") not in _USAGES:
        return None
    uri = said.get("uri")
    return Described(name, said["usage"], uri if isinstance(uri, str) else "")
