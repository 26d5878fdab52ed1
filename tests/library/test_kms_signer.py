"""The key that signs: what KMS is asked, what is made of its answer, and that nothing of botocore gets through."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from registry_verifier.errors import Unavailable
from registry_verifier.kms_signer import KmsSigner
from registry_verifier.reasons import Reason
from tests.library.aws_failures import FAILURES, USELESS_ANSWERS, FailingClient, answering, client_of

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ANSWER = {"KeyId": ARN, "Signature": b"signature", "SigningAlgorithm": "ECDSA_SHA_256"}


class FakeKms:
    """KMS that answers as it is told."""

    def __init__(self, answer: Mapping[str, Any] = ANSWER) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def sign(self, **question: Any) -> Mapping[str, Any]:
        self.asked.append(question)
        return self.answer


def unavailable(signer: KmsSigner) -> str:
    with pytest.raises(Unavailable) as caught:
        signer.sign(b"content")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    return str(caught.value)


def test_kms_is_asked_for_a_signature_over_the_hash() -> None:
    fake = FakeKms()
    signer = KmsSigner(ARN, lambda: fake)
    assert signer.sign(b"content") == b"signature"
    assert fake.asked == [
        {
            "KeyId": ARN,
            "Message": hashlib.sha256(b"content").digest(),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        }
    ]


def test_no_client_is_made_before_the_first_signature_and_one_for_all() -> None:
    made: list[FakeKms] = []

    def client() -> FakeKms:
        made.append(FakeKms())
        return made[-1]

    signer = KmsSigner(ARN, client)
    assert made == []
    signer.sign(b"1")
    signer.sign(b"2")
    assert len(made) == 1


def test_a_key_in_kms_makes_signatures_that_its_public_key_confirms() -> None:
    with mock_aws():
        kms = boto3.client("kms", region_name="eu-west-1")
        arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        public_key = load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
        signature = KmsSigner(arn, lambda: kms).sign(b"content")
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    # this stand-in for KMS takes every message for a RAW one, and hashes what is a hash already
    public_key.verify(signature, hashlib.sha256(b"content").digest(), ec.ECDSA(hashes.SHA256()))


def test_without_a_client_of_its_own_it_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        assert f"key {ARN} did not sign: it is not there" == unavailable(KmsSigner(ARN))


@pytest.mark.parametrize("name", FAILURES)
def test_whatever_the_client_raises_is_an_outage(name: str) -> None:
    assert f"key {ARN} did not sign: " in unavailable(KmsSigner(ARN, lambda: FailingClient(FAILURES[name])))


@pytest.mark.parametrize("name", FAILURES)
def test_a_client_that_cannot_be_made_is_an_outage(name: str) -> None:
    def client() -> FakeKms:
        raise FAILURES[name]

    unavailable(KmsSigner(ARN, client))


@pytest.mark.parametrize("name", USELESS_ANSWERS)
def test_a_useless_answer_is_an_outage(name: str) -> None:
    with answering(*USELESS_ANSWERS[name]) as url:
        client = client_of("kms", url)
        unavailable(KmsSigner(ARN, lambda: client))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"SigningAlgorithm": "RSASSA_PSS_SHA_256"},
            "its algorithm is 'RSASSA_PSS_SHA_256' (expected 'ECDSA_SHA_256')",
        ),
        ({"SigningAlgorithm": None}, "its algorithm is 'None' (expected 'ECDSA_SHA_256')"),
        ({"Signature": b""}, "the answer holds no signature"),
        ({"Signature": "text"}, "the answer holds no signature"),
    ],
)
def test_an_answer_without_the_signature_that_was_asked_for(changes: dict[str, Any], text: str) -> None:
    assert unavailable(KmsSigner(ARN, lambda: FakeKms({**ANSWER, **changes}))) == f"key {ARN} did not sign: {text}"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDeniedException", "access is denied (kms:Sign is needed)"),
        ("DisabledException", "it is disabled"),
        ("InvalidKeyUsageException", "it does not sign with ECDSA_SHA_256"),
        ("KMSInvalidStateException", "its state allows no use"),
        ("NotFoundException", "it is not there"),
        ("ThrottlingException", "KMS is throttling"),
    ],
)
def test_what_the_operator_can_mend_is_told(code: str, text: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "Sign")
    assert unavailable(KmsSigner(ARN, lambda: FailingClient(error))) == f"key {ARN} did not sign: {text}"
