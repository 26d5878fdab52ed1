"""Evidence that nobody chose: right and wrong, in both layouts, most often of what the policies ask for."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives import hashes

from local.interop import evidence
from local.interop.evidence import BY_FORK, BY_US, LONG_AGO, Scene, Signer, SigningKey, Step
from local.interop.random_policies import PREDICATES, Chance
from local.interop.signing_keys import ED25519, OTHER, P384, RELEASE, PlainKey, rsa_key
from local.signing.distribution import Repository
from local.signing.publisher import attach_bundle
from local.signing.signer import BUNDLE_TYPE, SIGNATURE_PREDICATE
from local.sigstore import rekor_entries
from local.sigstore.dsse import IN_TOTO_TYPE, Envelope, pre_authentication_encoding, statement
from local.sigstore.layers import descriptor
from local.sigstore.protojson import Json, compact

_KEYS = ((RELEASE, "P-256"), (OTHER, "P-256, another"), (P384, "P-384"), (ED25519, "Ed25519"), (rsa_key(), "RSA"))
_ODD: tuple[Json, ...] = (
    {"run": BY_FORK.run},
    {"person": "dev@acme.test", "issuer": "https://accounts.test"},
    {"person": "dev@acme.test"},
    {"age": LONG_AGO.age},
    {"sct": False},
    {"log": False},
    {"stamp": True},
    {"log": False, "stamp": True},
    {"log": False, "stamp": True, "age": LONG_AGO.age},
    {"stranger": True},
    {"about_other": True},
    {"rekor": 2},
    {"rekor": 2, "stamp": True},
)
_VALUES: tuple[Any, ...] = (None, True, 0, 1.5, "", "else", [], [1], ["a"], {}, {"a": 1}, {"sha1": None})
_SPELLINGS = ("2026-01-01T00:00:00.500Z", "2026-01-01T02:00:00+02:00", "2026-01-01", "Builder", "colour")


@dataclass(frozen=True)
class Evidence:
    """Makes steps; `told` are the same in words."""

    chance: Chance
    told: list[str] = field(default_factory=list)

    def some(self, policies: Sequence[Json]) -> tuple[Step, ...]:
        """What would make some of the policies hold, each piece of it wrong at times; and things beside it."""
        steps = [
            self._piece(authority, kind)
            for policy in policies
            if self.chance.of(0.85)
            for authority in [self.chance.random.choice(policy["spec"]["authorities"])]
            for kind in [rule["predicateType"] for rule in authority.get("attestations", ())] or [""]
        ]
        beside = [self._piece({}, self._kind()) for _ in range(self.chance.random.choice((0, 0, 0, 1, 1, 2)))]
        self.chance.random.shuffle(made := steps + beside)
        return tuple(made)

    def _kind(self) -> str:
        return "" if self.chance.of(0.4) else self.chance.random.choice(list(PREDICATES))

    def _piece(self, authority: Json, kind: str) -> Step:
        """One attestation or signature, about as the authority wants it."""
        signer, (predicate_type, predicate) = self._signer(authority), self._what(kind)
        bundled = self.chance.of(0.9 if authority.get("signatureFormat") == "bundle" else 0.1, "bundle there")
        source: Json = authority.get("source", [{}])[0]
        elsewhere = self.chance.of(0.8 if "oci" in source else 0.04)
        prefixed = not kind and not bundled and self.chance.of(0.8 if "tagPrefix" in source else 0.02)
        tampered, twice = self.chance.of(0.04, "tampered"), self.chance.of(0.05, "twice")
        newer = bool(kind) and self.chance.of(0.15)
        words = (
            "bundle" if bundled else "layer",
            predicate_type or "signature",
            *([json.dumps(predicate)] if predicate_type else []),
            _in_words(signer),
            *(word for word, so in zip(_WORDS, (elsewhere, prefixed, tampered, twice, newer), strict=True) if so),
        )
        self.told.append(" | ".join(words))
        place, prefix = "acme/signatures" if elsewhere else "", "x-" if prefixed else ""
        what = (predicate_type, predicate, "v1" if newer else "v0.1")
        step = _step(signer, what, bundled=bundled, place=place, prefix=prefix)
        return _repeated(_tampered(step) if tampered else step, 1 + twice)

    def _signer(self, authority: Json) -> Signer:
        signer = BY_US if self.chance.of(0.75) else replace(BY_US, **self.chance.random.choice(_ODD))
        if "accounts" in json.dumps(authority) and self.chance.of(0.4):
            signer = replace(signer, person="dev@acme.test", issuer="https://accounts.test")
        if "rfc3161timestamp" in authority and self.chance.of(0.7):
            signer = replace(signer, stamp=True)
        by_key = self.chance.of(0.9 if "key" in authority else 0.08)
        return replace(signer, key=self._key(authority), log=self.chance.of(0.6)) if by_key else signer

    def _key(self, authority: Json) -> PlainKey:
        """Most often one of the authority's, with its hash."""
        wanted = authority.get("key", {})
        named = [key for key, _ in _KEYS if key.pem in wanted.get("data", "")]
        if not named or self.chance.of(0.2):
            return self.chance.key()
        hashed = getattr(hashes, wanted.get("hashAlgorithm", "sha256").upper())()
        return replace(self.chance.random.choice(named), hash=hashed)

    def _what(self, kind: str) -> tuple[str, Any]:
        """The predicate's type, empty for a signature, and the predicate."""
        if not kind:
            return "", {}
        found = next(pair for name, pair in PREDICATES.items() if kind in (name, pair[0]))
        if self.chance.of(0.05):
            found = self.chance.random.choice(list(PREDICATES.values()))
        return found[0], self._changed(found[1]) if self.chance.of(0.35, "changed predicate") else found[1]

    def _changed(self, value: Any) -> Any:
        """The same with something left out, added or of another kind, at some depth."""
        if not isinstance(value, dict) or not value or self.chance.of(0.1):
            return self.chance.random.choice((*_VALUES, *_SPELLINGS))
        name = self.chance.random.choice(list(value))
        match self.chance.random.randrange(5):
            case 0:
                return {key: inner for key, inner in value.items() if key != name}
            case 1:
                return {**value, self.chance.random.choice(_SPELLINGS): "else"}
            case 2:
                return {name.upper() if key == name else key: inner for key, inner in value.items()}
            case _:
                return {**value, name: self._changed(value[name])}


_WORDS = ("in acme/signatures", "tag prefix x-", "tampered", "twice", "statement v1")


def _in_words(signer: Signer) -> str:
    odd = {name: value for name, value in vars(signer).items() if name != "key" and value != getattr(BY_US, name)}
    odd |= {"run": signer.run.repository} if "run" in odd else {}
    if not isinstance(signer.key, PlainKey):
        return f"certificate {odd}"
    key = next(name for key, name in _KEYS if key.pem == signer.key.pem)
    return f"key {key} with {signer.key.hash.name} {odd}"


def _step(signer: Signer, what: tuple[str, Any, str], *, bundled: bool, place: str, prefix: str) -> Step:
    kind, predicate, version = what
    if bundled and signer.key:
        return _bundled_by_key(signer.key, signer, kind or SIGNATURE_PREDICATE, predicate, place)
    if bundled:
        return evidence.bundled(kind or SIGNATURE_PREDICATE, predicate, signer, repository=place, version=version)
    if kind:
        return evidence.attested(kind, predicate, signer, repository=place, version=version)
    return evidence.signed(signer, repository=place, prefix=prefix)


def _bundled_by_key(key: SigningKey, signer: Signer, kind: str, predicate: Any, place: str) -> Step:
    """A bundle without a certificate, as cosign writes it for a key."""

    def step(scene: Scene) -> None:
        payload = statement(signer.digest(scene), kind, predicate, name="ghcr.io/acme/app")
        envelope = Envelope(payload, IN_TOTO_TYPE, key.sign(pre_authentication_encoding(IN_TOTO_TYPE, payload)))
        record = rekor_entries.dsse_v001(key.pem, envelope.signature, envelope.as_layer(), payload)
        entry = signer.sigstore(scene).rekor.record(record, at=scene.sigstore.now) if signer.log else None
        material = {"publicKey": {"hint": ""}, "tlogEntries": [entry.bundle_form()] if entry else []}
        written = {"mediaType": BUNDLE_TYPE, "verificationMaterial": material}
        content = compact({**written, "dsseEnvelope": envelope.as_bundle_content()})
        with scene.place(place) as repository:
            attach_bundle(repository, scene.image, content, predicate_type=kind)

    return step


def _repeated(step: Step, times: int) -> Step:
    def steps(scene: Scene) -> None:
        for _ in range(times):
            step(scene)

    return steps


def _tampered(step: Step) -> Step:
    """The same evidence, but what was signed is about another name by the time it is stored."""

    def steps(scene: Scene) -> None:
        step(_Tampering(**vars(scene)))

    return steps


class _Tampering(Scene):
    def place(self, repository: str) -> contextlib.AbstractContextManager[Repository]:
        return _tampering(super().place(repository))


@contextlib.contextmanager
def _tampering(inner: contextlib.AbstractContextManager[Repository]) -> Iterator[Any]:
    with inner as repository:
        yield _TamperingRepository(repository)


class _TamperingRepository:
    """Changes payloads on their way; all else goes to the repository."""

    def __init__(self, inner: Repository) -> None:
        self._inner = inner
        self._changed: dict[str, Json] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def push_blob(self, content: bytes, media_type: str = "application/octet-stream") -> Json:
        other = _other(content)
        pushed = self._inner.push_blob(other, media_type)
        self._changed[descriptor(media_type, content)["digest"]] = pushed
        return pushed

    def push_manifest(self, manifest: Json, *, tag: str | None = None) -> Any:
        pushed = [{**each, **self._digest(each)} for each in manifest.get("layers", ())]
        return self._inner.push_manifest({**manifest, "layers": pushed} if pushed else manifest, tag=tag)

    def _digest(self, layer: Json) -> Json:
        found = self._changed.get(layer["digest"], {})
        return {name: found[name] for name in ("digest", "size") if name in found}


def _other(content: bytes) -> bytes:
    """The name in a simple signing payload, or in the statement of an envelope, is another one."""
    if b'"payload"' not in content:
        return content.replace(b"ghcr.io/acme/app", b"ghcr.io/acme/apq")
    document = json.loads(content)
    envelope = document.get("dsseEnvelope", document)
    payload = base64.b64decode(envelope["payload"]).replace(b"ghcr.io/acme/app", b"ghcr.io/acme/apq")
    envelope["payload"] = base64.b64encode(payload).decode()
    return compact(document)
