"""A verdict as others take it: an in-toto statement with a verification summary, and the envelope around it.

No SLSA level is claimed: policies are judged here, not builders. What an index covers has no summary of its own, since
its policies hold for the index.
Sources: SLSA 1.1, "Verification Summary Attestation (VSA)"; in-toto Attestation Framework v1, "Statement" and
"Envelope"; DSSE 1.0, "Protocol" (the pre-authentication encoding); Package URL, type `oci`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import quote

from registry_verifier.models import Digest, ImageName, Json, State
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import Envelope, Resource, Result, SummaryPredicate, SummaryStatement
from registry_verifier.verdict_document import VERSION

PAYLOAD_TYPE = "application/vnd.in-toto+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"
NAMELESS = "urn:registry-verifier:api"
"""the verifier's id where nobody knows the address of its API"""
_RESULTS: dict[Status, Result] = {Status.VERIFIED: "PASSED", Status.FAILED: "FAILED"}


def statement(state: State, verifier_id: str) -> SummaryStatement | None:
    """The summary of a verdict; None where it is undecided, or no policy of its own can be named."""
    result = _RESULTS.get(state.status)
    policies = _policies(state.document)
    if result is None or not policies:
        return None
    sha256 = state.digest.removeprefix("sha256:")
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(state.image), "digest": {"sha256": sha256}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": _predicate(state, policies, result, verifier_id),
    }


def resource_uri(image: ImageName, digest: Digest) -> str:
    """The image as a Package URL, such as `pkg:oci/app@sha256%3A…?repository_url=ghcr.io/acme/app`."""
    name = image.repository.rpartition("/")[2]
    return f"pkg:oci/{name}@{quote(digest, safe='')}?repository_url={quote(str(image), safe='/')}"


def encoded(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of the payload and its type."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def envelope(payload: bytes, signature: bytes) -> Envelope:
    """The envelope of a payload whose encoding was signed.

    It names no key: a name that is not the key's own fingerprint makes verifiers pass over the signature.
    """
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
    }


def _predicate(state: State, policies: Sequence[Json], result: Result, verifier_id: str) -> SummaryPredicate:
    return {
        "verifier": {"id": verifier_id, "version": {"registry-verifier": _version(state.document)}},
        "timeVerified": state.document["verified_at"],
        "resourceUri": resource_uri(state.image, state.digest),
        "policy": _policy(policies, verifier_id),
        "verificationResult": result,
        "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if result == "PASSED" else "FAILED"],
        "slsaVersion": "1.1",
    }


def _policies(document: Json) -> list[Json]:
    """Every policy that the verdict was judged by, by name; none where it is another's, or not all are known."""
    if document.get("kind") == "child" or (document.get("dropped") or {}).get("policies"):
        return []
    found = document.get("policies") or []
    return sorted(found, key=lambda policy: str(policy["name"])) if all(one.get("sha256") for one in found) else []


def _policy(policies: Sequence[Json], verifier_id: str) -> Resource:
    """One policy by its own hash; several by the hash of a list of them, in the form that `sha256sum` writes."""
    names = ",".join(quote(str(policy["name"]), safe="") for policy in policies)
    sha256 = str(policies[0]["sha256"])
    if len(policies) > 1:
        listed = "".join(f"{policy['sha256']}  {policy['name']}\n" for policy in policies)
        sha256 = hashlib.sha256(listed.encode("utf-8", "replace")).hexdigest()
    return {"uri": f"{verifier_id}/v1/policies#{names}", "digest": {"sha256": sha256}}


def _version(document: Json) -> str:
    """Of the verifier that made the verdict; of this one where the document does not say."""
    return str((document.get("verifier") or {}).get("version") or VERSION)
