"""The pieces that policies are put together from: documents as dictionaries, close to how they are written.

REGISTRY stands for the registry's host and port, DIGEST for the image's digest; both are filled in for each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.interop.cosign_session import RUN
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.protojson import Json

REGISTRY = "REGISTRY"
DIGEST = "DIGEST"
EVERYTHING = f"{REGISTRY}/acme/app*"
FULCIO = "https://fulcio.sigstore.dev"
REKOR = "https://rekor.sigstore.dev"
OURS: Json = {"issuer": GITHUB_ISSUER, "subject": RUN.subject}
"""the identity that signs unless a row says otherwise"""
STRANGER: Json = {"issuer": GITHUB_ISSUER, "subject": "https://github.com/somebody/else/.github/workflows/a.yml@b"}
PRIVATE = "private"
"""the name of the TrustRoot that is given beside the policy"""


def policy(*authorities: Json, name: str = "release", globs: Sequence[str] = (EVERYTHING,), **spec: Any) -> Json:
    """One ClusterImagePolicy; `spec` is what else stands in it, such as `mode`, `match` and `policy`."""
    images = [{"glob": glob} for glob in globs]
    return {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": name},
        "spec": {"images": images, "authorities": list(authorities), **spec},
    }


def older(document: Json) -> Json:
    """The same as v1alpha1, as policy-controller stores it; what is written as v1beta1 loses a little on the way."""
    return {**document, "apiVersion": "policy.sigstore.dev/v1alpha1"}


def keyless(*identities: Json, root: str = "", sct: bool = True, name: str = "workflow", **more: Any) -> Json:
    """An authority by certificate; `root` is its `trustRootRef`, `more` is `ctlog`, `attestations` and the like."""
    how: Json = {"url": FULCIO, "identities": list(identities or (OURS,))}
    how |= {"trustRootRef": root} if root else {}
    how |= {} if sct else {"insecureIgnoreSCT": True}
    return {"name": name, "keyless": how, **more}


def bundled(*identities: Json, **more: Any) -> Json:
    """An authority by certificate that looks for bundles."""
    return keyless(*identities, signatureFormat="bundle", **more)


def key(data: str, *, name: str = "key", hash_algorithm: str = "", **more: Any) -> Json:
    """An authority by public keys in PEM."""
    how = {"data": data} | ({"hashAlgorithm": hash_algorithm} if hash_algorithm else {})
    return {"name": name, "key": how, **more}


def static(action: str, message: str = "", *, name: str = "static") -> Json:
    """An authority that passes or fails without looking."""
    return {"name": name, "static": {"action": action} | ({"message": message} if message else {})}


def log(root: str = "", url: str = REKOR) -> Json:
    """What stands under `ctlog`."""
    return {"url": url} | ({"trustRootRef": root} if root else {})


def wanted(predicate_type: str, *, cue: str = "", rego: str = "", name: str = "") -> Json:
    """One entry of `attestations`."""
    entry: Json = {"name": name or predicate_type.rpartition("/")[2], "predicateType": predicate_type}
    kind, data = ("cue", cue) if cue else ("rego", rego)
    return entry | ({"policy": {"type": kind, "data": data}} if data else {})


def together(kind: str, data: str, **more: bool) -> Json:
    """What stands under `spec.policy`."""
    return {"type": kind, "data": data, **more}
