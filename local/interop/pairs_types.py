"""Rows about predicate types: words and URIs, and what policy-controller drops when it reads a type that it knows."""

from __future__ import annotations

from typing import Any

from local.interop.evidence import attested
from local.interop.pair import Difference, Pair, pair
from local.interop.policy_pieces import keyless, policy, wanted
from local.interop.predicates import (
    BOM,
    CUSTOM,
    OF_OUR_OWN,
    OPEN_VEX,
    PROVENANCE,
    PROVENANCE_02,
    SBOM,
    SCAN,
    SLSA_02,
    SLSA_1,
    SPDX,
    SPDX_DOCUMENT,
    TESTS,
    VULN,
)

_NO_TYPE = Difference("invalid", "a predicate type that is neither a URI nor a known word is refused when loaded")


def _types(
    name: str, predicate_type: str, attests: str, predicate: Any, cue: str = "", *, difference: Difference | None = None
) -> Pair:
    rule = wanted(predicate_type, cue=cue, name="it")
    evidence = (attested(attests, predicate),)
    return pair(f"type {name}", policy(keyless(attestations=[rule])), evidence=evidence, difference=difference)


PAIRS = (
    _types("cyclonedx", "cyclonedx", SBOM, BOM),
    _types("slsaprovenance is v0.2", "slsaprovenance", SLSA_02, PROVENANCE_02),
    _types("slsaprovenance is not v1", "slsaprovenance", SLSA_1, PROVENANCE),
    _types("slsaprovenance1", "slsaprovenance1", SLSA_1, PROVENANCE),
    _types("slsaprovenance02", "slsaprovenance02", SLSA_02, PROVENANCE_02),
    _types("spdx", "spdx", SPDX, SPDX_DOCUMENT),
    _types("spdxjson", "spdxjson", SPDX, SPDX_DOCUMENT),
    _types("vuln", "vuln", VULN, SCAN),
    _types("openvex", "openvex", OPEN_VEX, {"statements": []}),
    _types("custom", "custom", CUSTOM, {"Data": "text", "Timestamp": "2026-01-01T00:00:00Z"}),
    _types("link is v1", "link", "https://in-toto.io/Link/v1", {"name": "build"}),
    _types("link is not v0.3", "link", "https://in-toto.io/attestation/link/v0.3", {"name": "build"}),
    _types("of our own", OF_OUR_OWN, OF_OUR_OWN, TESTS),
    _types("a word that is none", "tested", OF_OUR_OWN, TESTS, difference=_NO_TYPE),
    _types("a word that is none, attested", "tested", "tested", TESTS, difference=_NO_TYPE),
    _types("with a slash too many", SBOM + "/", SBOM, BOM),
    _types("of another version", SBOM, SBOM + "/v1.5", BOM),
    _types("v0.2 by its URI", SLSA_02, SLSA_02, PROVENANCE_02),
    _types("v0.2, a field of its own, by URI", SLSA_02, SLSA_02, PROVENANCE_02, 'predicate: colour: "green"'),
    _types("v0.2, a field of its own wrong, by URI", SLSA_02, SLSA_02, PROVENANCE_02, 'predicate: colour: "red"'),
    _types(
        "v0.2, a field of its own wrong, by word",
        "slsaprovenance",
        SLSA_02,
        PROVENANCE_02,
        'predicate: colour: "red"',
    ),
    _types("v0.2, builder", "slsaprovenance", SLSA_02, PROVENANCE_02, 'predicate: builder: id: =~"release.yml@"'),
    _types("v0.2, another builder", "slsaprovenance", SLSA_02, PROVENANCE_02, 'predicate: builder: id: "else"'),
    _types(
        "v0.2, empty defaults", "slsaprovenance", SLSA_02, PROVENANCE_02, "predicate: invocation: environment: null"
    ),
    _types(
        "vuln, time",
        "vuln",
        VULN,
        SCAN,
        'import "time"\npredicate: metadata: scanFinishedOn: time.Time & <"2027-01-01T00:00:00Z"',
    ),
    _types("vuln, other shape by word", "vuln", VULN, {"scanner": "none"}),
    _types("vuln, other shape by URI", VULN, VULN, {"scanner": "none"}),
    _types("cyclonedx, predicate is a list", "cyclonedx", SBOM, [1, 2]),
    _types("spdx, field", "spdxjson", SPDX, SPDX_DOCUMENT, 'predicate: spdxVersion: "SPDX-2.3"'),
    _types(
        "v0.2, other shape by word",
        "slsaprovenance",
        SLSA_02,
        {"builder": "none"},
    ),
)
