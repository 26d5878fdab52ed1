"""Verification summaries: what they say and don't, and that others' tools take their signatures."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry_verifier import verification_summary
from registry_verifier.errors import Unavailable
from registry_verifier.kms_signer import KmsSigner
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.query.summaries import OPERATIONS
from registry_verifier.query.world import Signer
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_document import VERSION
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.verdicts import DIGEST, digest, state

API = "https://api.acme.test"
ARN = "arn:aws:kms:eu-west-1:123456789012:alias/summaries"
PATH = f"/v1/images/acme/app/digests/{DIGEST}/vsa"
COSIGN_2, COSIGN_3 = (os.environ.get(name) or shutil.which(name.lower()) for name in ("COSIGN2", "COSIGN3"))


class Kms:
    """KMS with one key of its own, as its API reference has it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:  # noqa: N803
        assert (KeyId, MessageType, SigningAlgorithm, len(Message)) == (ARN, "DIGEST", "ECDSA_SHA_256", 32)
        signature = self.key.sign(Message, ec.ECDSA(Prehashed(hashes.SHA256())))
        return {"KeyId": KeyId, "Signature": signature, "SigningAlgorithm": SigningAlgorithm}


def client(*states: State, signer: Signer | None = None) -> Client:
    return Client(OPERATIONS, states, signer=signer, api_url=API)


def predicate(stored: State) -> dict[str, Any]:
    made = verification_summary.statement(stored, API)
    assert made is not None
    return dict(made["predicate"])


def policies(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"policies": [{"name": name, "sha256": sha256, "holds": True} for name, sha256 in pairs]}


# what it says


def test_a_verified_digest_passed() -> None:
    sent = client(state(Status.VERIFIED)).get(PATH)
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, "application/vnd.in-toto+json")
    assert body(sent) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "ghcr.io/acme/app", "digest": {"sha256": DIGEST[7:]}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": API, "version": {"registry-verifier": VERSION}},
            "timeVerified": "2026-11-22T10:01:00Z",
            "resourceUri": f"pkg:oci/app@sha256%3A{DIGEST[7:]}?repository_url=ghcr.io/acme/app",
            "policy": {"uri": f"{API}/v1/policies#acme-signatures", "digest": {"sha256": digest(3)[7:]}},
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED"],
            "slsaVersion": "1.1",
        },
    }


def test_a_failed_digest_failed() -> None:
    said = body(client(state(Status.FAILED)).get(PATH))["predicate"]
    assert (said["verificationResult"], said["verifiedLevels"]) == ("FAILED", ["FAILED"])


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.FAILED])
def test_no_slsa_level_is_claimed(status: Status) -> None:
    levels = predicate(state(status))["verifiedLevels"]
    assert [level for level in levels if level.startswith("SLSA_") and not level.endswith("_UNEVALUATED")] == []


def test_several_policies_have_the_hash_of_their_list_as_sha256sum_would_write_it() -> None:
    first, second = "1" * 64, "2" * 64
    said = predicate(state(Status.VERIFIED, document=policies(("b", second), ("a", first))))
    listed = hashlib.sha256(f"{first}  a\n{second}  b\n".encode()).hexdigest()
    assert said["policy"] == {"uri": f"{API}/v1/policies#a,b", "digest": {"sha256": listed}}


def test_the_name_of_a_policy_cannot_leave_the_uri() -> None:
    said = predicate(state(Status.VERIFIED, document=policies(("a,b/../#x y", "1" * 64))))
    assert said["policy"]["uri"] == f"{API}/v1/policies#a%2Cb%2F..%2F%23x%20y"


@pytest.mark.parametrize(
    ("image", "uri"),
    [
        (ImageName("ghcr.io", "acme/deep/app"), "pkg:oci/app@sha256%3A{}?repository_url=ghcr.io/acme/deep/app"),
        (ImageName("localhost:5000", "app"), "pkg:oci/app@sha256%3A{}?repository_url=localhost%3A5000/app"),
    ],
)
def test_the_image_as_a_package_url(image: ImageName, uri: str) -> None:
    assert verification_summary.resource_uri(image, DIGEST) == uri.format(DIGEST[7:])


def test_without_an_address_of_the_api_the_verifier_has_a_name_of_its_own() -> None:
    asked = Client(OPERATIONS, [state(Status.VERIFIED)])
    assert body(asked.get(PATH))["predicate"]["verifier"]["id"] == "urn:registry-verifier:api"


def test_a_verdict_of_an_older_verifier_names_that_one() -> None:
    older = state(Status.VERIFIED, document={"verifier": {"name": "registry-verifier", "version": "0.0.1"}})
    assert predicate(older)["verifier"]["version"] == {"registry-verifier": "0.0.1"}


# what has none


@pytest.mark.parametrize(
    ("status", "expected", "waits"),
    [
        (Status.PENDING, (409, "pending"), True),
        (Status.UNKNOWN, (503, "unknown"), True),
        (Status.NO_POLICY, (404, "no_summary"), False),
    ],
)
def test_what_is_undecided_has_no_summary(status: Status, expected: tuple[int, str], waits: bool) -> None:
    sent = client(state(status), signer=KmsSigner(ARN, Kms)).get(PATH)
    assert (refusal(sent), "Retry-After" in sent.headers) == (expected, waits)


def test_what_was_never_heard_of_has_no_summary() -> None:
    assert refusal(client().get(PATH)) == (404, "no_verdict")


def test_a_table_that_does_not_answer_has_no_summary() -> None:
    asked = client(state(Status.VERIFIED))
    asked.stored.down = OUTAGE
    assert refusal(asked.get(PATH)) == (503, "store_unavailable")


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.FAILED])
def test_a_child_of_an_index_has_the_summary_of_its_index(status: Status) -> None:
    covered = state(status, document={"kind": "child", "covered_by": digest(9)})
    sent = client(covered).get(PATH)
    assert refusal(sent) == (404, "no_summary")
    assert f"index {digest(9)}" in body(sent)["detail"]


@pytest.mark.parametrize(
    "document",
    [
        {"policies": []},
        {"policies": None},
        {"dropped": {"policies": 2}},
        policies(("a", "1" * 64), ("b", "")),
    ],
    ids=["none", "null", "dropped", "without a hash"],
)
def test_policies_that_cannot_all_be_named_are_not_named_in_part(document: dict[str, Any]) -> None:
    assert refusal(client(state(Status.VERIFIED, document=document)).get(PATH)) == (404, "no_summary")


# signed


def envelope(kms: Kms) -> dict[str, Any]:
    sent = client(state(Status.VERIFIED), signer=KmsSigner(ARN, lambda: kms)).get(PATH)
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, "application/vnd.dsse.envelope.v1+json")
    found: dict[str, Any] = body(sent)
    return found


def test_what_is_signed_is_the_encoding_of_dsse() -> None:
    # the example in DSSE 1.0, "Protocol", with the type that is used here
    assert verification_summary.encoded(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def test_the_public_key_confirms_the_signature_over_the_statement() -> None:
    kms = Kms()
    found = envelope(kms)
    payload = base64.b64decode(found["payload"], validate=True)
    (signature,) = found["signatures"]
    assert (found["payloadType"], signature["keyid"]) == ("application/vnd.in-toto+json", "")
    assert json.loads(payload) == verification_summary.statement(state(Status.VERIFIED), API)
    signed = verification_summary.encoded(payload)
    kms.key.public_key().verify(base64.b64decode(signature["sig"]), signed, ec.ECDSA(hashes.SHA256()))


def test_a_key_that_does_not_sign_makes_no_unsigned_summary() -> None:
    class Refuses:
        def sign(self, content: bytes) -> bytes:
            raise Unavailable(Reason.KEY_UNAVAILABLE, "KMS is throttling")

    assert refusal(client(state(Status.VERIFIED), signer=Refuses()).get(PATH)) == (503, "key_unavailable")


def cosign(command: str | None, folder: Path, about: Digest, *arguments: str) -> str:
    """What cosign says of an attestation about a digest; the empty text where it takes it."""
    if command is None:
        pytest.skip("this cosign is not here (COSIGN2, COSIGN3)")
    kind = ("--type", "https://slsa.dev/verification_summary/v1", "--insecure-ignore-tlog")
    subject = ("--digestAlg", "sha256", "--digest", about[7:], "--key", str(folder / "summaries.pub"))
    call = [command, "verify-blob-attestation", *kind, *subject, *arguments]
    environment = {"HOME": str(folder), "HTTPS_PROXY": "http://127.0.0.1:9"}  # nobody there: a key is all it takes
    done = subprocess.run(call, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr if done.returncode else ""


@pytest.fixture
def kms(tmp_path: Path) -> Kms:
    """A key whose public half is in a file, as `aws kms get-public-key` makes one."""
    made = Kms()
    public = made.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "summaries.pub").write_bytes(public)
    return made


def test_cosign_2_takes_the_envelope_as_it_is(kms: Kms, tmp_path: Path) -> None:
    file = tmp_path / "vsa.json"
    file.write_text(json.dumps(envelope(kms)))
    assert cosign(COSIGN_2, tmp_path, DIGEST, "--signature", str(file)) == ""
    assert "no matching subject digest found" in cosign(COSIGN_2, tmp_path, digest(1), "--signature", str(file))


def bundle(kms: Kms, folder: Path) -> str:
    """The envelope as cosign 3 wants it: what `jq` makes of it in the documentation."""
    made = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}},
        "dsseEnvelope": envelope(kms),
    }
    file = folder / "vsa.sigstore.json"
    file.write_text(json.dumps(made))
    return str(file)


def test_cosign_3_takes_the_envelope_in_a_bundle(kms: Kms, tmp_path: Path) -> None:
    file = bundle(kms, tmp_path)
    assert cosign(COSIGN_3, tmp_path, DIGEST, "--bundle", file) == ""
    assert "digest" in cosign(COSIGN_3, tmp_path, digest(1), "--bundle", file)


def test_cosign_3_refuses_what_another_key_signed(kms: Kms, tmp_path: Path) -> None:
    told = cosign(COSIGN_3, tmp_path, DIGEST, "--bundle", bundle(Kms(), tmp_path))
    assert "accepted signatures do not match threshold" in told
