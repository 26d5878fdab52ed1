"""The private Sigstore over HTTP: sigstore-python signs with it, and requests that are wrong are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore.dsse import DigestSet, StatementBuilder, Subject
from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier, policy

from local.sigstore.dsse import seal
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.http_face import HttpFace
from local.sigstore.leaf import Leaf
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import base64_text

RUN = WorkflowRun()
IDENTITY = policy.Identity(identity=RUN.subject, issuer=GITHUB_ISSUER)


@pytest.fixture(scope="module")
def face() -> Iterator[HttpFace]:
    with HttpFace(PrivateSigstore()) as running:
        yield running


def _trust(face: HttpFace, *, rekor: int, tsa: bool) -> ClientTrustConfig:
    return ClientTrustConfig.from_json(
        json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
                "trustedRoot": face.services.sigstore.trusted_root(),
                "signingConfig": face.services.signing_config(rekor=rekor, tsa=tsa),
            }
        )
    )


@pytest.mark.parametrize(("rekor", "tsa"), [(1, False), (1, True), (2, True)])
def test_sigstore_python_signs_here_and_accepts_it(face: HttpFace, rekor: int, tsa: bool) -> None:
    trust = _trust(face, rekor=rekor, tsa=tsa)
    statement = (
        StatementBuilder()
        .subjects([Subject(name="image", digest=DigestSet(root={"sha256": "0" * 64}))])
        .predicate_type("https://slsa.dev/provenance/v1")
        .predicate({})
        .build()
    )
    token = IdentityToken(face.services.identity_token(RUN))
    with SigningContext.from_trust_config(trust).signer(token) as signer:
        bundle = signer.sign_dsse(statement)
    payload_type, payload = Verifier(trusted_root=trust.trusted_root).verify_dsse(bundle, IDENTITY)
    assert payload_type == "application/vnd.in-toto+json"
    assert json.loads(payload)["predicateType"] == "https://slsa.dev/provenance/v1"


def _certificate_request(face: HttpFace, proof_over: str, token: str) -> httpx.Response:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    proof = base64_text(key.sign(proof_over.encode(), ec.ECDSA(hashes.SHA256())))
    request = {"publicKeyRequest": {"publicKey": {"algorithm": "ECDSA", "content": pem}, "proofOfPossession": proof}}
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(f"{face.url}/api/v2/signingCert", json=request, headers=headers)


def test_certificate_has_the_claims_of_the_token(face: HttpFace) -> None:
    token = httpx.get(f"{face.url}/token", params={"repository": "acme/other"}).json()["value"]
    answer = _certificate_request(face, "repo:acme/other:ref:refs/heads/main", token)
    chain = answer.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    certificate = x509.load_pem_x509_certificate(chain[0].encode())
    policy.OIDCSourceRepositoryURI("https://github.com/acme/other").verify(certificate)
    policy.OIDCIssuerV2(GITHUB_ISSUER).verify(certificate)


def test_proof_of_possession_over_something_else_is_refused(face: HttpFace) -> None:
    answer = _certificate_request(face, "somebody else", face.services.identity_token(RUN))
    assert (answer.status_code, "proof of possession" in answer.text) == (400, True)


def test_token_of_another_issuer_is_refused(face: HttpFace) -> None:
    with HttpFace(PrivateSigstore()) as other:
        token = other.services.identity_token(RUN)
    answer = _certificate_request(face, RUN.token_claims()["sub"], token)
    assert (answer.status_code, "TokenRefused" in answer.text) == (400, True)


def test_token_that_is_over_is_refused(face: HttpFace) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    token = face.services.tokens.issue(RUN.token_claims(), issuer=GITHUB_ISSUER, at=long_ago)
    assert _certificate_request(face, RUN.token_claims()["sub"], token).status_code == 400


def _dsse_proposal(leaf: Leaf, payload: bytes, *, pem: str) -> dict[str, Any]:
    content = {
        "envelope": seal(leaf, payload).as_layer().decode(),
        "verifiers": [base64_text(pem.encode())],
    }
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": content}}


def test_logged_entry_can_be_read_by_index(face: HttpFace) -> None:
    leaf = face.services.sigstore.fulcio.issue(RUN.subject)
    logged = httpx.post(f"{face.url}/api/v1/log/entries", json=_dsse_proposal(leaf, b"{}", pem=leaf.pem))
    (uuid, entry), *_ = logged.json().items()
    found = httpx.get(f"{face.url}/api/v1/log/entries", params={"logIndex": entry["logIndex"]})
    assert (logged.status_code, logged.headers["etag"]) == (201, uuid)
    assert found.json() == logged.json()
    assert json.loads(base64.b64decode(entry["body"]))["kind"] == "dsse"


def test_log_tells_its_size_and_root(face: HttpFace) -> None:
    tree = face.services.sigstore.rekor.tree
    found = httpx.get(f"{face.url}/api/v1/log").json()
    assert (found["treeSize"], found["rootHash"]) == (tree.size, tree.root().hex())


def test_entry_whose_signature_does_not_hold_is_refused(face: HttpFace) -> None:
    leaf, other = (face.services.sigstore.fulcio.issue(RUN.subject) for _ in range(2))
    answer = httpx.post(f"{face.url}/api/v1/log/entries", json=_dsse_proposal(leaf, b"{}", pem=other.pem))
    assert (answer.status_code, "EntryRefused" in answer.text) == (400, True)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"kind": "rpm", "apiVersion": "0.0.1", "spec": {}}'])
def test_proposal_that_is_none_is_refused(face: HttpFace, body: str) -> None:
    assert httpx.post(f"{face.url}/api/v1/log/entries", content=body).status_code == 400


def test_stamp_for_something_that_is_no_request_is_refused(face: HttpFace) -> None:
    assert httpx.post(f"{face.url}/api/v1/timestamp", content=b"hello").status_code == 400


def test_unknown_path_is_not_found(face: HttpFace) -> None:
    assert httpx.get(f"{face.url}/api/v9").status_code == 404


def test_entry_that_is_not_there_is_not_found(face: HttpFace) -> None:
    assert httpx.get(f"{face.url}/api/v1/log/entries", params={"logIndex": "1"}).status_code == 404


def test_discovery_names_the_keys(face: HttpFace) -> None:
    found = httpx.get(f"{face.url}/.well-known/openid-configuration").json()
    assert found["issuer"] == face.url
    assert len(httpx.get(found["jwks_uri"]).json()["keys"]) == 1
