"""Policies that nobody chose: put together by chance from the pieces that `policy_pieces` has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.interop import policy_pieces
from local.interop.policy_pieces import DIGEST, OURS, PRIVATE, REGISTRY, STRANGER
from local.interop.predicates import BOM, PROVENANCE, PROVENANCE_02, SCAN, SPDX_DOCUMENT, TESTS
from local.interop.signing_keys import ED25519, OTHER, P384, RELEASE, SHA512, PlainKey, rsa_key
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.protojson import Json

_LINK = {"_type": "link", "name": "build", "materials": {}, "products": {"a": {"sha256": "0"}}, "command": ["make"]}
PREDICATES: Mapping[str, tuple[str, Json]] = {
    "custom": ("https://cosign.sigstore.dev/attestation/v1", {"Data": "text", "Timestamp": "2026-01-01T00:00:00Z"}),
    "slsaprovenance": ("https://slsa.dev/provenance/v0.2", PROVENANCE_02),
    "slsaprovenance02": ("https://slsa.dev/provenance/v0.2", PROVENANCE_02),
    "slsaprovenance1": ("https://slsa.dev/provenance/v1", PROVENANCE),
    "spdx": ("https://spdx.dev/Document", SPDX_DOCUMENT),
    "spdxjson": ("https://spdx.dev/Document", SPDX_DOCUMENT),
    "cyclonedx": ("https://cyclonedx.org/bom", BOM),
    "link": ("https://in-toto.io/Link/v1", _LINK),
    "vuln": ("https://cosign.sigstore.dev/attestation/vuln/v1", SCAN),
    "openvex": ("https://openvex.dev/ns", {"statements": [], "version": 1, "author": "acme"}),
    "https://acme.test/tested/v1": ("https://acme.test/tested/v1", TESTS),
}
"""by how a policy writes the type: the type, and what is attested"""
_WHO: tuple[Json, ...] = (
    OURS,
    STRANGER,
    {"issuer": "https://accounts.test", "subject": "dev@acme.test"},
    {"issuer": GITHUB_ISSUER, "subjectRegExp": "acme/app"},
    {"issuer": GITHUB_ISSUER, "subjectRegExp": "^https://github.com/acme/[^/]+/.*@refs/(heads|tags)/.*$"},
    {"issuer": GITHUB_ISSUER, "subjectRegExp": "^acme/app$"},
    {"issuerRegExp": ".*", "subjectRegExp": "(?i)RELEASE.YML"},
    {"issuerRegExp": "^https://accounts", "subjectRegExp": ".+@acme\\.test$"},
    {"issuer": "https://accounts.test", "subjectRegExp": ".*"},
)
_GLOBS = (
    *(f"{REGISTRY}/{path}" for path in ("acme/**", "acme/app", f"acme/app@{DIGEST}", "acme/app@*", "*", "*/app*")),
    *("**", "*", "index.docker.io/**", f"{REGISTRY}/acme/other*", "127.0.0.1**"),
)
_TOGETHER: tuple[tuple[str, str, Mapping[str, bool]], ...] = (
    ("cue", 'import "list"\nauthorityMatches: a0: signatures: list.MinItems(1)', {}),
    ("cue", 'import "struct"\nauthorityMatches: struct.MinFields(2)', {}),
    ("cue", "authorityMatches: a0: static: true", {}),
    ("cue", f'authorityMatches: a0: signatures: [{{issuer: "{GITHUB_ISSUER}"}}, ...]', {}),
    ("cue", "authorityMatches: a1: attestations: r0: [...{predicateType: string, digest: string}]", {}),
    ("rego", "isCompliant { count(input.authorityMatches) > 1 }", {}),
    ("rego", 'isCompliant { input.authorityMatches[_].signatures[_].githubWorkflowRepo == "acme/app" }', {}),
    ("rego", "isCompliant { input.authorityMatches.a0.attestations.r0[_].digest }", {}),
    ("rego", "isCompliant { not input.authorityMatches.a0 }", {}),
    ("rego", 'isCompliant { input.config["linux/amd64"].config.User == "nobody" }', {"fetchConfigFile": True}),
    ("cue", 'config: "linux/amd64": architecture: "amd64"', {"fetchConfigFile": True}),
    ("cue", 'config: [string]: config: User: "nobody"', {"fetchConfigFile": True}),
    ("cue", 'spec: serviceAccountName: "app"', {"includeSpec": True}),
    ("cue", 'metadata: labels: team: "search"', {"includeObjectMeta": True}),
    ("rego", 'isCompliant { input.typemeta.kind == "Pod" }', {"includeTypeMeta": True}),
)
_PODS: Json = {"group": "", "version": "v1", "resource": "pods"}
_MATCHES: tuple[Json, ...] = (
    _PODS,
    {**_PODS, "selector": {"matchLabels": {"team": "payments"}}},
    {**_PODS, "selector": {"matchLabels": {"team": "search"}}},
    {**_PODS, "selector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}},
    {**_PODS, "selector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}},
    {"group": "apps", "version": "*", "resource": "deployments"},
)
_KINDS = {dict: "{...}", list: "[...]", str: "string", bool: "bool", int: "int", type(None): "null"}


@dataclass
class Chance:
    """The dice of one pair, and what came of them."""

    random: Random
    tags: set[str] = field(default_factory=set)

    def of(self, probability: float, tag: str = "") -> bool:
        """Whether it happens; noted under `tag`."""
        if happens := self.random.random() < probability:
            self.tags |= {tag} - {""}
        return happens

    def key(self) -> PlainKey:
        """Some key pair, most often the one that should sign."""
        if self.of(0.75):
            return RELEASE
        return rsa_key() if self.of(0.2, "RSA") else self.random.choice((OTHER, P384, SHA512, ED25519))


@dataclass(frozen=True)
class Policies:
    """Makes policies."""

    chance: Chance

    def one(self, name: str) -> Json:
        """A whole policy."""
        pick, chance = self.chance.random, self.chance
        authorities = [self._authority(f"a{at}") for at in range(pick.choice((1, 1, 1, 2, 3)))]
        spec: Json = {"mode": "warn"} if chance.of(0.15, "mode warn") else {}
        spec |= {"match": [pick.choice(_MATCHES)]} if chance.of(0.07, "match") else {}
        spec |= {"policy": self._together()} if chance.of(0.15, "spec.policy") else {}
        globs = pick.sample(_GLOBS, pick.choice((1, 2))) if chance.of(0.2, "globs") else ("**",)
        document = policy_pieces.policy(*authorities, name=name, globs=globs, **spec)
        return policy_pieces.older(document) if chance.of(0.4, "v1alpha1") else document

    def _together(self) -> Json:
        kind, data, more = self.chance.random.choice(_TOGETHER)
        return policy_pieces.together(kind, f"package sigstore\n{data}" if kind == "rego" else data, **more)

    def _authority(self, name: str) -> Json:
        if self.chance.of(0.06, "static"):
            return policy_pieces.static(self.chance.random.choice(("pass", "fail")), name=name)
        by_key, more = self.chance.of(0.3, "key"), dict[str, Any]()
        if self.chance.of(0.6, "attestations"):
            more["attestations"] = [self._rule(f"r{at}") for at in range(self.chance.random.choice((1, 1, 2)))]
        if self.chance.of(0.04 if by_key or not more else 0.4, "signatureFormat bundle"):
            more["signatureFormat"] = "bundle"  # which policy-controller denies for keys, and without attestations
        elif self.chance.of(0.06, "signatureFormat legacy"):
            more["signatureFormat"] = "legacy"
        more |= self._proofs()
        return self._keyed(name, more) if by_key else self._keyless(name, more)

    def _proofs(self) -> Json:
        """Which log and timestamp an authority wants, and where it looks."""
        pick, chance = self.chance.random, self.chance
        more: Json = {}
        if chance.of(0.25, "ctlog"):
            url = {"url": pick.choice((policy_pieces.REKOR, "https://rekor.test"))} if chance.of(0.8) else {}
            more["ctlog"] = url | ({"trustRootRef": PRIVATE} if chance.of(0.4, "trustRootRef") else {})
        if chance.of(0.12, "rfc3161timestamp"):
            more["rfc3161timestamp"] = {"trustRootRef": PRIVATE} if chance.of(0.7) else {}
        if chance.of(0.12, "source"):
            more["source"] = [pick.choice(({"oci": f"{REGISTRY}/acme/signatures"}, {"tagPrefix": "x-"}))]
        return more

    def _keyless(self, name: str, more: Json) -> Json:
        pick, chance = self.chance.random, self.chance
        who = (
            [OURS]
            if chance.of(0.5)
            else pick.sample(_WHO, 1 if more.get("signatureFormat") else pick.choice((1, 1, 2, 3)))
        )
        log_root = more.get("ctlog", {}).get("trustRootRef")
        root = PRIVATE if chance.of(0.8 if log_root else 0.08, "trustRootRef") else ""
        sct = not chance.of(0.2, "insecureIgnoreSCT")
        return policy_pieces.keyless(*who, root=root, sct=sct, name=name, **more)

    def _keyed(self, name: str, more: Json) -> Json:
        pems = [self.chance.key().pem for _ in range(2 if self.chance.of(0.15, "two keys") else 1)]
        hashed = ""
        if self.chance.of(0.15, "hashAlgorithm"):
            hashed = self.chance.random.choice(("sha512", "sha384", "sha256", "sha224"))
        return policy_pieces.key("".join(pems), name=name, hash_algorithm=hashed, **more)

    def _rule(self, name: str) -> Json:
        word = self.chance.random.choice(list(PREDICATES))
        uri, predicate = PREDICATES[word]
        written = uri if self.chance.of(0.35) else word
        self.chance.tags |= {"type by URI" if written == uri else f"type {word}"}
        data = {"predicateType": uri, "predicate": predicate}
        if self.chance.of(0.35):
            return policy_pieces.wanted(written, name=name)
        if self.chance.of(0.6, "cue"):
            return policy_pieces.wanted(written, cue=self._cue(data), name=name)
        self.chance.tags |= {"rego"}
        return policy_pieces.wanted(written, rego=f"package sigstore\n{self._rego(data)}", name=name)

    def _path(self, data: Any) -> tuple[list[str], Any]:
        """The way to some value in the document; at times, to something that is not there."""
        way: list[str] = []
        while isinstance(data, dict) and data and (len(way) < 2 or self.chance.of(0.7)):  # noqa: PLR2004
            name = self.chance.random.choice([*data, "colour"] if self.chance.of(0.2) else list(data))
            way, data = [*way, name], data.get(name)
        return way, data

    def _cue(self, data: Json) -> str:
        way, value = self._path(data)
        demands = (
            *[json.dumps(value)] * 3,
            _KINDS[type(value)],
            _KINDS[type(value)],
            '"else"',
            "_",
            "null | string",
            "!=null",
        )
        return "".join(f"{json.dumps(name)}: " for name in way) + self.chance.random.choice(demands)

    def _rego(self, data: Json) -> str:
        way, value = self._path(data)
        place = "input" + "".join(f"[{json.dumps(name)}]" for name in way)
        bodies = (
            *[f"{place} == {json.dumps(value)}"] * 3,
            place,
            f"not {place}",
            f'{place} != "else"',
            f"is_null({place})",
        )
        default = "default isCompliant = false\n" if self.chance.of(0.5) else ""
        return f"{default}isCompliant {{ {self.chance.random.choice(bodies)} }}"
