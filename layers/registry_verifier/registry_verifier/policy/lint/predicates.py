"""One attestation that is demanded, and the condition on it.

Conditions are read as text here, whatever their language: a word that occurs is taken as pinned, so that a warning
too few is given rather than one too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry_verifier.policy.lint.advice import Advice, shown
from registry_verifier.policy.model import AttestationRule
from registry_verifier.statement import COSIGN_SIGN

_SLSA = ("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")
_KNOWN = (
    *_SLSA,
    "https://cyclonedx.org/bom",
    "https://spdx.dev/Document",
    "https://openvex.dev/ns",
    "https://in-toto.io/Link/v1",
    "https://cosign.sigstore.dev/attestation/v1",
    "https://cosign.sigstore.dev/attestation/vuln/v1",
    COSIGN_SIGN,
)
_VERSION = re.compile(
    r"(?P<slsa>slsa\.dev/provenance/v(?:1|0\.2))\.[0-9]+\Z|(?P<cyclonedx>cyclonedx\.org/bom)/v[0-9.]+\Z"
)
_COMMENT = re.compile(r'(?P<string>"(?:[^"\\\n]|\\.)*")|//[^\n]*|(?:^|(?<=\s))#(?!["#])[^\n]*')
_PINNED_TYPE = re.compile(r'\bpredicateType"?\s*:\s*"(?P<type>[^"\\\n]{1,1024})"')
_SHAPE = re.compile(r'=~\s*#*"[^"\n]*sha256:[^"\n]*"')
_PINS = {
    "the source repository": re.compile(r"\b(?:sourceRepository|configSource|repository|materials)\b"),
    "the commit": re.compile(r"\b(?:sourceSha|gitCommit|sha1)\b"),
    "the builder": re.compile(r"\bbuilder\b"),
}
_PUBLISHER = re.compile(r"\bpublishingWorkflow\b")


def advise(rule: AttestationRule, path: str, *, compared: bool) -> Iterator[Advice]:
    """Everything about one; `compared`: provenance is held against its certificate as well."""
    yield from _type(rule, f"{path}.predicateType")
    if rule.condition is None:
        return
    text = _without_comments(rule.condition.text)
    pinned = _PINNED_TYPE.search(text)
    if pinned and pinned["type"] != rule.predicate_type:
        fault = f"condition demands type {shown(pinned['type'])}, the attestation is {shown(rule.predicate_type)}"
        yield Advice("condition-on-other-type", f"{path}.policy", f"{fault} (write one of them in both places)")
    if rule.predicate_type in _SLSA and not compared:
        yield from _provenance(text, f"{path}.policy")


def names_publisher(rule: AttestationRule) -> bool:
    """Whether it is about provenance by a workflow that says of another one that it published."""
    if rule.predicate_type not in _SLSA or rule.condition is None:
        return False
    return _PUBLISHER.search(_without_comments(rule.condition.text)) is not None


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found["string"] or " ", text)


def _type(rule: AttestationRule, path: str) -> Iterator[Advice]:
    if rule.written_type:
        fault = f"type {shown(rule.written_type)} is a short name that policy-controller gives up"
        yield Advice(
            "deprecated-predicate-type", path, f"{fault} (write {shown(rule.predicate_type)}, which it stands for)"
        )
    plain = _plain(rule.predicate_type)
    alike = next((known for known in _KNOWN if _plain(known) == plain), rule.predicate_type)
    if alike != rule.predicate_type:
        fault = f"type {shown(rule.predicate_type)} is compared exactly and is not {shown(alike)}"
        yield Advice("predicate-type-lookalike", path, f"{fault} (write the one that the publisher writes)")


def _plain(kind: str) -> str:
    """What is left of a type when scheme, case, a last slash, and a version that nobody writes are taken away."""
    text = kind.partition("://")[2].lower().rstrip("/") if "://" in kind else kind.lower().rstrip("/")
    version = _VERSION.match(text)
    return text if version is None else version["slsa"] or version["cyclonedx"]


def _provenance(text: str, path: str) -> Iterator[Advice]:
    missing = [name for name, words in _PINS.items() if not words.search(text)]
    shape = "pins the shape of the image and not its digest" if _SHAPE.search(text) else ""
    if not shape and len(missing) < len(_PINS):
        return
    unpinned = f"pins neither {' nor '.join(missing)}" if missing else ""
    fault = ", and ".join(filter(None, (shape, unpinned)))
    fix = 'demand that it agrees with its certificate: registry-verifier/require-provenance-match: "true"'
    yield Advice("provenance-digest-not-pinned", path, f"condition {fault} ({fix})")
