"""Rows about where evidence is and what it is about: layers or bundles, signatures or attestations, or nothing."""

from __future__ import annotations

from dataclasses import replace

from local.interop.evidence import BY_FORK, BY_US, LONG_AGO, attested, bundled, signed, signed_in_bundle
from local.interop.pair import child, index, pair
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.policy_pieces import keyless, log, policy, wanted
from local.interop.predicates import BOM, PROVENANCE, SBOM, SLSA_1
from local.signing.signer import SIGNATURE_PREDICATE

_LAYER, _BUNDLE = signed(), signed_in_bundle()
_SBOM_LAYER, _SBOM_BUNDLE = attested(SBOM, BOM), bundled(SBOM, BOM)
_SLSA_LAYER, _SLSA_BUNDLE = attested(SLSA_1, PROVENANCE), bundled(SLSA_1, PROVENANCE)
_ELSEWHERE = replace(BY_US, about_other=True)
_SBOM = [wanted(SBOM)]
_BOTH = [wanted(SBOM), wanted(SLSA_1)]

_signatures = (
    pair("unsigned", policy(keyless())),
    pair("unsigned, bundles wanted", policy(by_bundle())),
    pair("signed in a layer", policy(keyless()), evidence=(_LAYER,)),
    pair("signed in a layer, legacy", policy(keyless(signatureFormat="legacy")), evidence=(_LAYER,)),
    pair("signed in a layer, unknown format", policy(keyless(signatureFormat="cosign")), evidence=(_LAYER,)),
    pair("signed in a layer, bundle", policy(by_bundle()), evidence=(_LAYER,)),
    pair("signed in a layer, ctlog named", policy(keyless(ctlog=log())), evidence=(_LAYER,)),
    pair("signed in a bundle", policy(keyless()), evidence=(_BUNDLE,)),
    pair("signed in a bundle, bundle", policy(by_bundle()), evidence=(_BUNDLE,)),
    pair("signed in a bundle, unknown format", policy(keyless(signatureFormat="Bundle")), evidence=(_BUNDLE,)),
    pair("signed in both", policy(keyless()), evidence=(_LAYER, _BUNDLE)),
    pair("signed in both, bundle", policy(by_bundle()), evidence=(_LAYER, _BUNDLE)),
    pair(
        "signature listed as attestation, bundle",
        policy(by_bundle(attestations=[wanted(SIGNATURE_PREDICATE)])),
        evidence=(_BUNDLE,),
    ),
    pair("signed by two, one of them right", policy(keyless()), evidence=(signed(BY_FORK), _LAYER)),
    pair("signed long ago", policy(keyless()), evidence=(signed(LONG_AGO),)),
    pair("signed without log entry", policy(keyless()), evidence=(signed(replace(BY_US, log=False)),)),
    pair("signature about another digest", policy(keyless()), evidence=(signed(_ELSEWHERE),)),
    pair("signature of another type", policy(keyless()), evidence=(signed(claim="something else"),)),
)

_attestations = (
    pair("SBOM in a layer, no signature", policy(keyless(attestations=_SBOM)), evidence=(_SBOM_LAYER,)),
    pair("SBOM in a layer, signed", policy(keyless(attestations=_SBOM)), evidence=(_LAYER, _SBOM_LAYER)),
    pair(
        "SBOM in a layer, signed by a fork",
        policy(keyless(attestations=_SBOM)),
        evidence=(signed(BY_FORK), _SBOM_LAYER),
    ),
    pair("SBOM in a layer, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(_SBOM_LAYER,)),
    pair(
        "SBOM in a layer, unknown format",
        policy(keyless(attestations=_SBOM, signatureFormat="x")),
        evidence=(_SBOM_LAYER,),
    ),
    pair("SBOM in a bundle", policy(keyless(attestations=_SBOM)), evidence=(_SBOM_BUNDLE,)),
    pair("SBOM in a bundle, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(_SBOM_BUNDLE,)),
    pair(
        "SBOM in a bundle, signed in a layer",
        policy(keyless(attestations=_SBOM)),
        evidence=(_LAYER, _SBOM_BUNDLE),
    ),
    pair("SBOM wanted, only signed", policy(keyless(attestations=_SBOM)), evidence=(_LAYER,)),
    pair("SBOM wanted, only signed, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair("SBOM there, signature wanted", policy(keyless()), evidence=(_SBOM_LAYER,)),
    pair("SBOM there, signature wanted, bundle", policy(by_bundle()), evidence=(_SBOM_BUNDLE,)),
    pair("two wanted, both there", policy(keyless(attestations=_BOTH)), evidence=(_SBOM_LAYER, _SLSA_LAYER)),
    pair("two wanted, one there", policy(keyless(attestations=_BOTH)), evidence=(_SBOM_LAYER,)),
    pair(
        "two wanted, one by a fork",
        policy(keyless(attestations=_BOTH)),
        evidence=(_SBOM_LAYER, attested(SLSA_1, PROVENANCE, BY_FORK)),
    ),
    pair(
        "two wanted, both there, bundle", policy(by_bundle(attestations=_BOTH)), evidence=(_SBOM_BUNDLE, _SLSA_BUNDLE)
    ),
    pair("two wanted, one there, bundle", policy(by_bundle(attestations=_BOTH)), evidence=(_SBOM_BUNDLE,)),
    pair(
        "two wanted, in one layer and one bundle",
        policy(keyless(attestations=_BOTH)),
        evidence=(_SBOM_LAYER, _SLSA_BUNDLE),
    ),
    pair("SBOM by a fork", policy(keyless(attestations=_SBOM)), evidence=(attested(SBOM, BOM, BY_FORK),)),
    pair("SBOM by a fork, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(bundled(SBOM, BOM, BY_FORK),)),
    pair(
        "SBOM by a fork and by us",
        policy(keyless(attestations=_SBOM)),
        evidence=(attested(SBOM, BOM, BY_FORK), _SBOM_LAYER),
    ),
    pair(
        "SBOM by a fork and by us, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, BY_FORK), _SBOM_BUNDLE),
    ),
    pair("SBOM about another digest", policy(keyless(attestations=_SBOM)), evidence=(attested(SBOM, BOM, _ELSEWHERE),)),
    pair(
        "SBOM about another digest, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _ELSEWHERE),),
    ),
    pair("SBOM from long ago", policy(keyless(attestations=_SBOM)), evidence=(attested(SBOM, BOM, LONG_AGO),)),
    pair("SBOM from long ago, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(bundled(SBOM, BOM, LONG_AGO),)),
    pair(
        "SBOM in Rekor v2, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, replace(BY_US, rekor=2, stamp=True)),),
    ),
    pair(
        "SBOM without log entry, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, replace(BY_US, log=False)),),
    ),
)

_statements = (
    pair("statement v1", policy(keyless(attestations=_SBOM)), evidence=(attested(SBOM, BOM, version="v1"),)),
    pair("statement v1, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(bundled(SBOM, BOM, version="v1"),)),
    pair(
        "bundle that claims to be an SBOM",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SLSA_1, PROVENANCE, claimed=SBOM),),
    ),
    pair(
        "SBOM that claims to be a signature, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, claimed=SIGNATURE_PREDICATE),),
    ),
    pair("a dozen by a fork and one by us", policy(keyless()), evidence=(*[signed(BY_FORK)] * 12, _LAYER)),
    pair(
        "a dozen SBOMs by a fork and one by us, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(*[bundled(SBOM, BOM, BY_FORK)] * 12, _SBOM_BUNDLE),
    ),
)

_indexes = (
    pair("index, signed", policy(keyless()), evidence=(_LAYER,), push=index),
    pair("index, SBOM in a bundle", policy(by_bundle(attestations=_SBOM)), evidence=(_SBOM_BUNDLE,), push=index),
    pair("child of a signed index", policy(keyless()), evidence=(_LAYER,), push=child),
    pair(
        "child of an index with SBOM, bundle",
        policy(by_bundle(attestations=_SBOM)),
        evidence=(_SBOM_BUNDLE,),
        push=child,
    ),
)

PAIRS = _signatures + _attestations + _statements + _indexes
