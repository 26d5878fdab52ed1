"""Rows about what proves a certificate's signature: trust roots, stamps of certificate logs, logs, timestamps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from local.interop.evidence import BY_US, LONG_AGO, Signer, attested, bundled, signed
from local.interop.pair import Difference, Pair, pair
from local.interop.policy_pieces import PRIVATE, keyless, log, older, policy, wanted
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.predicates import BOM, SBOM
from local.sigstore.protojson import Json

_SBOM = [wanted(SBOM)]
_LAYER, _BUNDLE = signed(), bundled(SBOM, BOM)
_NO_ROOT = Difference("cannot tell", "the cluster may have a TrustRoot that is not beside the policy")
_PRIVATE_LOG: Json = {"root": PRIVATE, "ctlog": log(PRIVATE)}
_STAMPED: Json = {"rfc3161timestamp": {"trustRootRef": PRIVATE}}
_NO_SCT, _NO_LOG = replace(BY_US, sct=False), replace(BY_US, log=False)
_BY_STRANGER = replace(BY_US, stranger=True)
_STAMP_ONLY = replace(_NO_LOG, stamp=True)
_OLD = timedelta(hours=2)

_certificates = (
    pair("no SCT", policy(keyless()), evidence=(signed(_NO_SCT),)),
    pair("no SCT, ignored", policy(keyless(sct=False)), evidence=(signed(_NO_SCT),)),
    pair("SCT, ignored", policy(keyless(sct=False)), evidence=(_LAYER,)),
    pair("no SCT, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(bundled(SBOM, BOM, _NO_SCT),)),
    pair(
        "no SCT, ignored, bundle",
        policy(by_bundle(sct=False, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _NO_SCT),),
    ),
    pair("another Sigstore", policy(keyless()), evidence=(signed(_BY_STRANGER),)),
    pair(
        "another Sigstore, bundle", policy(by_bundle(attestations=_SBOM)), evidence=(bundled(SBOM, BOM, _BY_STRANGER),)
    ),
)


def _old(signer: Signer) -> Signer:
    return replace(signer, age=_OLD)


_roots = (
    pair("TrustRoot and its log", policy(keyless(**_PRIVATE_LOG)), evidence=(_LAYER,)),
    pair("TrustRoot and its log, long ago", policy(keyless(**_PRIVATE_LOG)), evidence=(signed(LONG_AGO),)),
    pair("TrustRoot and its log, another Sigstore", policy(keyless(**_PRIVATE_LOG)), evidence=(signed(_BY_STRANGER),)),
    pair("TrustRoot and the public log", policy(keyless(root=PRIVATE, ctlog=log())), evidence=(_LAYER,)),
    pair("TrustRoot for the log only", policy(keyless(ctlog=log(PRIVATE))), evidence=(_LAYER,)),
    pair("TrustRoot without log", policy(keyless(root=PRIVATE)), evidence=(_LAYER,)),
    pair("TrustRoot without log, not logged", policy(keyless(root=PRIVATE)), evidence=(signed(_NO_LOG),)),
    pair("TrustRoot without log, expired", policy(keyless(root=PRIVATE)), evidence=(signed(LONG_AGO),)),
    pair("TrustRoot that is not there", policy(keyless(root="nobody")), evidence=(_LAYER,), difference=_NO_ROOT),
    pair(
        "TrustRoot that is not there, for the log",
        policy(keyless(ctlog=log("nobody"))),
        evidence=(_LAYER,),
        difference=_NO_ROOT,
    ),
    pair("TrustRoot with Rekor v2's key", policy(keyless(**_PRIVATE_LOG)), evidence=(_LAYER,), tiles=True),
    pair(
        "TrustRoot, attestation", policy(keyless(**_PRIVATE_LOG, attestations=_SBOM)), evidence=(attested(SBOM, BOM),)
    ),
    pair("TrustRoot, bundle", policy(by_bundle(**_PRIVATE_LOG, attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair("TrustRoot without log, bundle", policy(by_bundle(root=PRIVATE, attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair(
        "TrustRoot, SCT ignored, bundle",
        policy(by_bundle(**_PRIVATE_LOG, sct=False, attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair(
        "TrustRoot for the log only, bundle",
        policy(by_bundle(ctlog=log(PRIVATE), attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair("ctlog without url", policy(keyless(ctlog={})), evidence=(_LAYER,)),
    pair("ctlog without url, long ago", policy(keyless(ctlog={})), evidence=(signed(LONG_AGO),)),
    pair("ctlog without url, v1alpha1", older(policy(keyless(ctlog={}))), evidence=(_LAYER,)),
    pair("ctlog without url, long ago, v1alpha1", older(policy(keyless(ctlog={}))), evidence=(signed(LONG_AGO),)),
    pair(
        "ctlog without url, TrustRoot, long ago",
        policy(keyless(root=PRIVATE, ctlog={"trustRootRef": PRIVATE})),
        evidence=(signed(LONG_AGO),),
    ),
    pair(
        "ctlog without url, TrustRoot, long ago, v1alpha1",
        older(policy(keyless(root=PRIVATE, ctlog={"trustRootRef": PRIVATE}))),
        evidence=(signed(LONG_AGO),),
    ),
)


def _stamped(name: str, signer: Signer, **more: Any) -> Pair:
    return pair(name, policy(keyless(**_STAMPED, **more)), evidence=(signed(signer),))


_timestamps = (
    _stamped("timestamp", _STAMP_ONLY),
    _stamped("timestamp, long ago", _old(_STAMP_ONLY)),
    _stamped("timestamp, long ago, TrustRoot", _old(_STAMP_ONLY), root=PRIVATE),
    _stamped("timestamp wanted, only logged", BY_US),
    _stamped("timestamp wanted, only logged, long ago", LONG_AGO),
    _stamped("timestamp wanted, nothing, fresh", _NO_LOG),
    _stamped("timestamp by another Sigstore", replace(_STAMP_ONLY, stranger=True)),
    _stamped("timestamp and log wanted, only timestamp", _STAMP_ONLY, ctlog=log()),
    pair("timestamp of no TrustRoot", policy(keyless(rfc3161timestamp={})), evidence=(_LAYER,)),
    pair(
        "timestamp of no TrustRoot, not logged", policy(keyless(rfc3161timestamp={})), evidence=(signed(_STAMP_ONLY),)
    ),
    pair(
        "timestamp of an unknown TrustRoot",
        policy(keyless(rfc3161timestamp={"trustRootRef": "nobody"})),
        evidence=(signed(_STAMP_ONLY),),
        difference=_NO_ROOT,
    ),
    pair(
        "timestamp on an attestation, long ago",
        policy(keyless(**_STAMPED, attestations=_SBOM)),
        evidence=(attested(SBOM, BOM, _old(_STAMP_ONLY)),),
    ),
    pair(
        "timestamp, bundle",
        policy(by_bundle(rfc3161timestamp={}, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _old(_STAMP_ONLY)),),
    ),
    pair(
        "timestamp wanted, only logged, bundle",
        policy(by_bundle(rfc3161timestamp={}, attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair(
        "timestamp of another TrustRoot than Fulcio's, bundle",
        policy(by_bundle(**_STAMPED, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _STAMP_ONLY),),
    ),
    pair(
        "timestamp, TrustRoot, SCT ignored, bundle",
        policy(by_bundle(root=PRIVATE, sct=False, **_STAMPED, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _old(_STAMP_ONLY)),),
    ),
    pair(
        "timestamp, TrustRoot, bundle",
        policy(by_bundle(root=PRIVATE, **_STAMPED, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _STAMP_ONLY),),
    ),
    pair(
        "timestamp of no TrustRoot, not logged, v1alpha1",
        older(policy(keyless(rfc3161timestamp={}))),
        evidence=(signed(_STAMP_ONLY),),
    ),
    pair(
        "timestamp, bundle, v1alpha1",
        older(policy(by_bundle(rfc3161timestamp={}, attestations=_SBOM))),
        evidence=(bundled(SBOM, BOM, _old(_STAMP_ONLY)),),
    ),
    pair(
        "timestamp wanted, only logged, bundle, v1alpha1",
        older(policy(by_bundle(rfc3161timestamp={}, attestations=_SBOM))),
        evidence=(_BUNDLE,),
    ),
    pair(
        "timestamp in Rekor v2, bundle",
        policy(by_bundle(rfc3161timestamp={}, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, replace(BY_US, rekor=2, stamp=True)),),
    ),
)

PAIRS = _certificates + _roots + _timestamps
