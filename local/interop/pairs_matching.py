"""Rows about which policies apply, what several of them say together, and where evidence is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.interop.evidence import attested, bundled, signed, stocked
from local.interop.pair import Difference, Pair, pair
from local.interop.policy_pieces import DIGEST, REGISTRY, STRANGER, keyless, older, policy, static, wanted
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.predicates import BOM, SBOM
from local.sigstore.protojson import Json

POD: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "app", "labels": {"team": "payments", "tier": "front"}},
    "spec": {"serviceAccountName": "app", "containers": [{"name": "app", "image": "app"}]},
}
DEPLOYMENT: Mapping[str, Any] = {**POD, "apiVersion": "apps/v1", "kind": "Deployment"}
_LAYER = signed()
_PODS = {"group": "", "version": "v1", "resource": "pods"}


def _glob(glob: str) -> Pair:
    return pair(f"glob {glob}", policy(static("pass"), globs=(glob,)))


_globs = tuple(
    map(
        _glob,
        (
            "*",
            "**",
            "*/*",
            "*/*/*",
            "*/**",
            "**/app*",
            f"{REGISTRY}/acme/app",
            f"{REGISTRY}/acme/app*",
            f"{REGISTRY}/acme/app**",
            f"{REGISTRY}/acme/app@{DIGEST}",
            f"{REGISTRY}/acme/app@*",
            f"{REGISTRY}/acme/app@sha256:*",
            f"{REGISTRY}/acme/app:*",
            f"{REGISTRY}/acme/app:**",
            f"{REGISTRY}/acme/app:v1",
            f"{REGISTRY}/acme/ap*",
            f"{REGISTRY}/acme/app-*",
            f"{REGISTRY}/acme/*",
            f"{REGISTRY}/*",
            f"{REGISTRY}/**",
            f"{REGISTRY}/*/*",
            f"{REGISTRY}/acme*",
            f"{REGISTRY}/acme**",
            f"{REGISTRY}/ACME/app*",
            "index.docker.io/**",
            "127.0.0.*/acme/app**",
            "127?0.0.1**",
            "***",
            "acme/app*",
        ),
    )
)

_several = (
    pair("two globs, the second matches", policy(static("pass"), globs=("index.docker.io/**", f"{REGISTRY}/**"))),
    pair("no policy matches", policy(keyless(), globs=("index.docker.io/**",)), evidence=(_LAYER,)),
    pair("two policies, both hold", policy(keyless(), name="a"), policy(static("pass"), name="b"), evidence=(_LAYER,)),
    pair(
        "two policies, one holds", policy(keyless(), name="a"), policy(keyless(STRANGER), name="b"), evidence=(_LAYER,)
    ),
    pair(
        "two policies, the one that fails does not match",
        policy(keyless(), name="a"),
        policy(static("fail"), name="b", globs=("index.docker.io/**",)),
        evidence=(_LAYER,),
    ),
    pair("mode warn, holds", policy(keyless(), mode="warn"), evidence=(_LAYER,)),
    pair("mode warn, fails", policy(keyless(), mode="warn")),
    pair("mode warn, static fail", policy(static("fail", "old"), mode="warn")),
    pair("mode warn, no glob matches", policy(keyless(), mode="warn", globs=("index.docker.io/**",))),
    pair(
        "mode warn fails, another holds",
        policy(keyless(STRANGER), name="a", mode="warn"),
        policy(keyless(), name="b"),
        evidence=(_LAYER,),
    ),
    pair(
        "mode warn holds, another fails",
        policy(keyless(), name="a", mode="warn"),
        policy(keyless(STRANGER), name="b"),
        evidence=(_LAYER,),
    ),
    pair("mode warn fails, another fails", policy(keyless(), name="a", mode="warn"), policy(keyless(), name="b")),
    pair("mode that is none", policy(keyless(), mode="audit"), evidence=(_LAYER,)),
    pair("field that is none", policy(keyless(), colour="green"), evidence=(_LAYER,)),
    pair("v1alpha1", older(policy(keyless())), evidence=(_LAYER,)),
    pair("version that is none", {**policy(keyless()), "apiVersion": "policy.sigstore.dev/v1"}, evidence=(_LAYER,)),
    pair("no images", policy(keyless(), globs=()), evidence=(_LAYER,)),
)


def _source(**what: str) -> Json:
    return {"source": [what]}


_ELSEWHERE = f"{REGISTRY}/acme/signatures"
_STOCK = stocked("acme/signatures")
_NOT_TOLD = Difference("unknown", "a registry that does not say is no answer; policy-controller denies with it")

_sources = (
    pair(
        "other repository", policy(keyless(**_source(oci=_ELSEWHERE))), evidence=(signed(repository="acme/signatures"),)
    ),
    pair(
        "other repository, signed beside the image",
        policy(keyless(**_source(oci=_ELSEWHERE))),
        evidence=(_STOCK, _LAYER),
    ),
    pair(
        "signed in another repository, looked for beside the image",
        policy(keyless()),
        evidence=(signed(repository="acme/signatures"),),
    ),
    pair(
        "other repository that is not there",
        policy(keyless(**_source(oci=f"{REGISTRY}/acme/nothing"))),
        evidence=(_LAYER,),
        difference=_NOT_TOLD,
    ),
    pair(
        "SBOM in another repository",
        policy(keyless(**_source(oci=_ELSEWHERE), attestations=[wanted(SBOM)])),
        evidence=(attested(SBOM, BOM, repository="acme/signatures"),),
    ),
    pair(
        "SBOM in another repository, bundle",
        policy(by_bundle(**_source(oci=_ELSEWHERE), attestations=[wanted(SBOM)])),
        evidence=(bundled(SBOM, BOM, repository="acme/signatures"),),
    ),
    pair(
        "SBOM beside the image, other repository named, bundle",
        policy(by_bundle(**_source(oci=_ELSEWHERE), attestations=[wanted(SBOM)])),
        evidence=(_STOCK, bundled(SBOM, BOM)),
    ),
    pair("tag prefix", policy(keyless(**_source(tagPrefix="release-"))), evidence=(signed(prefix="release-"),)),
    pair("tag prefix, signed without", policy(keyless(**_source(tagPrefix="release-"))), evidence=(_LAYER,)),
    pair("tag prefix, not named", policy(keyless()), evidence=(signed(prefix="release-"),)),
    pair(
        "tag prefix in another repository",
        policy(keyless(**_source(oci=_ELSEWHERE, tagPrefix="v"))),
        evidence=(signed(repository="acme/signatures", prefix="v"),),
    ),
    pair("two sources", policy(keyless(source=[{"oci": _ELSEWHERE}, {"oci": _ELSEWHERE}])), evidence=(_LAYER,)),
)


def _match(name: str, match: Json, resource: Mapping[str, Any] | None = POD) -> Pair:
    return pair(f"match {name}", policy(static("pass"), match=[match]), resource=resource)


_matches = (
    _match("without an object", _PODS, None),
    _match("pods", _PODS),
    _match("deployments, by a pod", {"group": "apps", "version": "v1", "resource": "deployments"}),
    _match("deployments", {"group": "apps", "version": "v1", "resource": "deployments"}, DEPLOYMENT),
    _match("any version", {**_PODS, "version": "*"}),
    _match("another version", {**_PODS, "version": "v2"}),
    _match("label", {**_PODS, "selector": {"matchLabels": {"team": "payments"}}}),
    _match("another label", {**_PODS, "selector": {"matchLabels": {"team": "search"}}}),
    _match(
        "expression",
        {**_PODS, "selector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]}},
    ),
    pair(
        "match fails, policy would too",
        policy(static("fail"), name="a", match=[{**_PODS, "version": "v2"}]),
        policy(static("pass"), name="b"),
        resource=POD,
    ),
)

PAIRS = _globs + _several + _sources + _matches
