"""Rows about `spec.policy`: conditions on the authorities that matched, the image's configuration, the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.interop.cosign_session import RUN
from local.interop.evidence import Step, attested, bundled, signed
from local.interop.pair import Pair, Push, image, index, pair
from local.interop.pairs_matching import POD
from local.interop.policy_pieces import STRANGER, keyless, policy, static, together, wanted
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.predicates import BOM, PROVENANCE, SBOM, SLSA_1

_SIGNED, _SBOM, _SLSA = signed(), attested(SBOM, BOM), attested(SLSA_1, PROVENANCE)
_TWO = (
    keyless(name="signature"),
    keyless(name="evidence", attestations=[wanted(SBOM, name="sbom")]),
)


def _two(name: str, kind: str, data: str, *evidence: Step) -> Pair:
    """A row with an authority for the signature and one for the SBOM."""
    return pair(f"together: {name}", policy(*_TWO, policy=together(kind, data)), evidence=evidence)


_BOTH_LISTS = """\
import "list"
authorityMatches: {
  signature: signatures: list.MinItems(1) & list.MaxItems(1)
  evidence: attestations: sbom: list.MinItems(1)
}"""
_BOTH_STRUCT = """\
import "struct"
authorityMatches: evidence: attestations: struct.MinFields(1)"""
_BOTH_LENGTH = """\
authorityMatches: {
  if len(authorityMatches.signature.signatures) < 1 {enough: true, enough: "Error"}
  if len(authorityMatches.evidence.attestations) < 1 {also: true, also: "Error"}
}"""
_REGO_BOTH = """\
package sigstore
default isCompliant = false
isCompliant {
  count(input.authorityMatches.signature.signatures) > 0
  count(input.authorityMatches.evidence.attestations.sbom) > 0
}"""
_WHO = f'authorityMatches: signature: signatures: [{{subject: "{RUN.subject}"}}, ...]'
_REPOSITORY = 'authorityMatches: signature: signatures: [{githubWorkflowRepo: "acme/app"}, ...]'
_OTHER = 'authorityMatches: signature: signatures: [{githubWorkflowRepo: "acme/other"}, ...]'
_WORKFLOW = """\
package sigstore
isCompliant {
  s := input.authorityMatches.signature.signatures[_]
  s.githubWorkflowTrigger == "push"
  s.githubWorkflowName == "Release"
  s.githubWorkflowRef == "refs/heads/main"
  s.issuer == "https://token.actions.githubusercontent.com"
  count(s.id) == 64
}"""
_ATTESTATION = f"""\
package sigstore
isCompliant {{
  a := input.authorityMatches.evidence.attestations.sbom[_]
  a.predicateType == "{SBOM}"
  startswith(a.digest, "sha256:")
  a.subject == "{RUN.subject}"
}}"""
_NO_PREDICATE = """\
package sigstore
isCompliant { input.authorityMatches.evidence.attestations.sbom[_].predicate }"""

_authorities = (
    _two("lists, both there", "cue", _BOTH_LISTS, _SIGNED, _SBOM),
    _two("lists, signature only", "cue", _BOTH_LISTS, _SIGNED),
    _two("lists, SBOM only", "cue", _BOTH_LISTS, _SBOM),
    _two("struct, both there", "cue", _BOTH_STRUCT, _SIGNED, _SBOM),
    _two("struct, signature only", "cue", _BOTH_STRUCT, _SIGNED),
    _two("length, both there", "cue", _BOTH_LENGTH, _SIGNED, _SBOM),
    _two("length, signature only", "cue", _BOTH_LENGTH, _SIGNED),
    _two("nothing there", "cue", _BOTH_LISTS),
    _two("rego, both there", "rego", _REGO_BOTH, _SIGNED, _SBOM),
    _two("rego, signature only", "rego", _REGO_BOTH, _SIGNED),
    _two("subject", "cue", _WHO, _SIGNED),
    _two("repository", "cue", _REPOSITORY, _SIGNED),
    _two("another repository", "cue", _OTHER, _SIGNED),
    _two("names an authority that did not match", "cue", _REPOSITORY, _SBOM),
    _two("rego, workflow", "rego", _WORKFLOW, _SIGNED),
    _two("rego, attestation", "rego", _ATTESTATION, _SBOM),
    _two("rego, predicates are not there", "rego", _NO_PREDICATE, _SBOM),
    _two(
        "rego, warning",
        "rego",
        'package sigstore\nisCompliant[r] { r := {"result": true, "error": "", "warning": "w"} }',
        _SIGNED,
    ),
    _two("two signatures, one wanted", "cue", _BOTH_LISTS, _SIGNED, _SIGNED, _SBOM),
    _two("closed", "cue", "authorityMatches: close({signature: _})", _SIGNED, _SBOM),
    pair("together: static", policy(static("pass"), policy=together("cue", "authorityMatches: static: static: true"))),
    pair(
        "together: static wrong",
        policy(static("pass"), policy=together("cue", "authorityMatches: static: static: false")),
    ),
    pair(
        "together: mode warn",
        policy(keyless(), mode="warn", policy=together("cue", "authorityMatches: workflow: signatures: []")),
        evidence=(_SIGNED,),
    ),
    pair(
        "together: no authority holds", policy(keyless(STRANGER), policy=together("cue", "a: 1")), evidence=(_SIGNED,)
    ),
    pair(
        "together: bundle, no subject",
        policy(
            by_bundle(name="evidence", attestations=[wanted(SBOM, name="sbom")]), policy=together("rego", _ATTESTATION)
        ),
        evidence=(bundled(SBOM, BOM),),
    ),
    pair(
        "together: bundle, digest and type",
        policy(
            by_bundle(name="evidence", attestations=[wanted(SBOM, name="sbom")]),
            policy=together(
                "cue",
                f'authorityMatches: evidence: attestations: sbom: [{{predicateType: "{SBOM}", digest: =~"^sha256:"}}]',
            ),
        ),
        evidence=(bundled(SBOM, BOM),),
    ),
    pair(
        "together: two attestations, two names",
        policy(
            keyless(name="evidence", attestations=[wanted(SBOM, name="sbom"), wanted(SLSA_1, name="slsa")]),
            policy=together("cue", 'import "struct"\nauthorityMatches: evidence: attestations: struct.MinFields(2)'),
        ),
        evidence=(_SBOM, _SLSA),
    ),
)


def _given(
    name: str, given: str, data: str, *, push: Push = image, resource: Mapping[str, Any] | None = POD, kind: str = "cue"
) -> Pair:
    """A row whose condition is about something else than authorities; `given` is what is asked for."""
    more = {given: True} if given else {}
    return pair(
        f"given: {name}", policy(static("pass"), policy=together(kind, data, **more)), push=push, resource=resource
    )


_USER = 'config: "linux/amd64": config: User: "nobody"'
_given_things = (
    _given("config", "fetchConfigFile", _USER),
    _given("config of another user", "fetchConfigFile", 'config: "linux/amd64": config: User: "root"'),
    _given("config of another platform", "fetchConfigFile", 'config: "linux/arm64": config: User: "root"'),
    _given("config not fetched", "", 'config: "linux/amd64": config: User: "root"'),
    _given("config of an index", "fetchConfigFile", 'config: "linux/arm64/v8": architecture: "arm64"', push=index),
    _given("config of an index, wrong", "fetchConfigFile", 'config: "linux/arm64/v8": architecture: "arm"', push=index),
    _given("config of all platforms", "fetchConfigFile", 'import "struct"\nconfig: struct.MinFields(2)', push=index),
    _given("config of all platforms, an image", "fetchConfigFile", 'import "struct"\nconfig: struct.MinFields(2)'),
    _given(
        "config, rego",
        "fetchConfigFile",
        'package sigstore\nisCompliant { input.config["linux/amd64"].config.User == "nobody" }',
        kind="rego",
    ),
    _given(
        "config, rego wrong",
        "fetchConfigFile",
        'package sigstore\nisCompliant { input.config["linux/amd64"].config.User == "root" }',
        kind="rego",
    ),
    _given("spec", "includeSpec", 'spec: serviceAccountName: "app"'),
    _given("spec wrong", "includeSpec", 'spec: serviceAccountName: "root"'),
    _given("spec without an object", "includeSpec", 'spec: serviceAccountName: "root"', resource=None),
    _given("spec not included", "", 'spec: serviceAccountName: "root"'),
    _given(
        "spec, rego, without an object",
        "includeSpec",
        'package sigstore\nisCompliant { input.spec.serviceAccountName == "app" }',
        resource=None,
        kind="rego",
    ),
    _given("metadata", "includeObjectMeta", 'metadata: labels: team: "payments"'),
    _given("metadata wrong", "includeObjectMeta", 'metadata: labels: team: "search"'),
    _given("metadata without an object", "includeObjectMeta", 'metadata: labels: team: "search"', resource=None),
    _given("type", "includeTypeMeta", 'typemeta: kind: "Pod"'),
    _given("type wrong", "includeTypeMeta", 'typemeta: kind: "Deployment"'),
    _given("type without an object", "includeTypeMeta", 'typemeta: kind: "Deployment"', resource=None),
)

_misplaced = (
    pair(
        "given: config in an attestation",
        policy(
            keyless(
                attestations=[
                    {
                        "name": "sbom",
                        "predicateType": SBOM,
                        "policy": {**together("cue", "a: 1"), "fetchConfigFile": True},
                    }
                ]
            )
        ),
        evidence=(_SBOM,),
    ),
)

PAIRS = _authorities + _given_things + _misplaced
