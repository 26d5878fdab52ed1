"""Keys in AWS KMS: references, what is read and kept, and every way of not getting one."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws

from registry_verifier import signing_key
from registry_verifier.errors import Unavailable
from registry_verifier.key_store import KEPT_SECONDS, KeyStore
from registry_verifier.policy import kms
from registry_verifier.policy.kms import AwsKey
from registry_verifier.reasons import Reason
from tests.library.aws_failures import FAILURES, USELESS_ANSWERS, FailingClient, answering, client_of

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:us-east-2:111122223333:alias/cosign/release_1"
REFERENCE = f"awskms:///{ARN}"
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
DER = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PEM = KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ANSWER = {"KeyId": ARN, "KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256", "PublicKey": DER}


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeKms:
    """KMS with one key; `places` says which regions and addresses clients were made for."""

    def __init__(self, answer: Mapping[str, Any] = ANSWER) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.places: list[tuple[str, str | None]] = []

    def client(self, region: str, url: str | None) -> FakeKms:
        self.places.append((region, url))
        return self

    def get_public_key(self, *, KeyId: str) -> Mapping[str, Any]:
        self.asked.append(KeyId)
        return self.answer


def unavailable(store: KeyStore, reference: str = REFERENCE) -> str:
    with pytest.raises(Unavailable) as caught:
        store.public_key(reference)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    return str(caught.value)


def failing(error: Exception) -> KeyStore:
    return KeyStore(lambda region, url: FailingClient(error))


# references


@pytest.mark.parametrize("reference", ["azurekms://x", "gcpkms://projects/p", "hashivault://key", "hashivault://"])
def test_other_services_are_known(reference: str) -> None:
    kms.check(reference)


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        (REFERENCE, AwsKey(ARN, "eu-west-1", None)),
        (f"awskms:///{ALIAS}", AwsKey(ALIAS, "us-east-2", None)),
        (f"awskms://kms.acme.test:443/{ARN}", AwsKey(ARN, "eu-west-1", "https://kms.acme.test:443")),
        (f"awskms://localhost:4566/{ARN}", AwsKey(ARN, "eu-west-1", "http://localhost:4566")),
        (f"awskms://127.0.0.1:1/{ALIAS}", AwsKey(ALIAS, "us-east-2", "http://127.0.0.1:1")),
        (f"awskms://[::1]:8080/{ARN}", AwsKey(ARN, "eu-west-1", "http://[::1]:8080")),
        (f"awskms://localhost.acme.test:80/{ARN}", AwsKey(ARN, "eu-west-1", "https://localhost.acme.test:80")),
    ],
)
def test_the_parts_of_a_reference(reference: str, key: AwsKey) -> None:
    kms.check(reference)
    assert kms.aws_key(reference) == key


@pytest.mark.parametrize("arn", [ARN.replace("aws", "aws-cn", 1), ARN.replace("key/", "key/mrk-")])
def test_other_partitions_and_keys_of_many_regions(arn: str) -> None:
    assert kms.aws_key(f"awskms:///{arn}").arn == arn


@pytest.mark.parametrize(
    "reference",
    [
        "awskms://1234abcd-12ab-34cd-56ef-1234567890ab",
        "awskms:///1234abcd-12ab-34cd-56ef-1234567890ab",
        "awskms:///alias/ExampleAlias",
        "awskms://localhost:4566/alias/exampleAlias",
        f"awskms://{ARN}",
        f"awskms:{ARN}",
        "awskms://localhost:4566/arn:sonotvalid",
        "awskms:///arn:aws:kms:eu-west-1:123456789012:key/short",
        "awskms:///arn:aws:kms:eu-west-1:1234:alias/x",
        "awskms:///arn:aws:s3:eu-west-1:123456789012:alias/x",
        "awskms:///arn:evil:kms:eu-west-1:123456789012:alias/x",
        "awskms:///arn:aws:kms:eu-west-1:123456789012:alias/",
        f"awskms:///{ARN}\n",
        f"awskms://a:1/b/{ARN}",
        "awskms://",
    ],
)
def test_a_reference_that_is_no_arn(reference: str) -> None:
    with pytest.raises(ValueError, match="expected awskms://"):
        kms.check(reference)


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost",
        "localhost:",
        "localhost:::4566",
        ":4566",
        "a:0",
        "a:65536",
        "a:999999",
        "user@a:1",
        "a b:1",
        "::1:1",
        "[x]:1",
    ],
)
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint is .* \(expected HOST:PORT\)"):
        kms.check(f"awskms://{endpoint}/{ARN}")


@pytest.mark.parametrize("reference", ["fookms://x", "", "AWSKMS:///x", ARN, "https://kms.eu-west-1.amazonaws.com"])
def test_a_service_that_is_not_known(reference: str) -> None:
    with pytest.raises(ValueError, match=r"expected awskms://, azurekms://, gcpkms:// or hashivault://"):
        kms.check(reference)


# what is read


def test_a_key() -> None:
    fake = FakeKms()
    assert KeyStore(fake.client).public_key(REFERENCE) == PEM
    assert (fake.asked, fake.places) == ([ARN], [("eu-west-1", None)])


def test_a_key_at_an_address() -> None:
    fake = FakeKms()
    KeyStore(fake.client).public_key(f"awskms://kms.acme.test:8443/{ALIAS}")
    assert (fake.asked, fake.places) == ([ALIAS], [("us-east-2", "https://kms.acme.test:8443")])


def test_the_verifier_takes_the_key() -> None:
    assert signing_key.load(KeyStore(FakeKms().client).public_key(REFERENCE)).public_numbers() == KEY.public_numbers()  # type: ignore[union-attr]


def test_a_key_is_kept_for_some_minutes() -> None:
    fake, clock = FakeKms(), Clock()
    store = KeyStore(fake.client, clock=clock)
    store.public_key(REFERENCE)
    clock.now += KEPT_SECONDS - 1
    store.public_key(REFERENCE)
    assert len(fake.asked) == 1
    clock.now += 1
    store.public_key(REFERENCE)
    assert (len(fake.asked), len(fake.places)) == (2, 1)


def test_a_key_that_was_disabled_is_given_up() -> None:
    fake, clock = FakeKms(), Clock()
    store = KeyStore(fake.client, clock=clock)
    store.public_key(REFERENCE)
    clock.now += KEPT_SECONDS
    fake.answer = ANSWER | {"KeyUsage": "ENCRYPT_DECRYPT"}
    unavailable(store)


def test_a_failure_is_not_kept() -> None:
    fake = FakeKms({})
    store = KeyStore(fake.client)
    unavailable(store)
    fake.answer = ANSWER
    assert store.public_key(REFERENCE) == PEM


def test_several_threads_may_ask() -> None:
    store = KeyStore(FakeKms().client)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(store.public_key, [REFERENCE, f"awskms:///{ALIAS}"] * 20)) == {PEM}


# KMS as moto has it


@pytest.fixture
def cloud() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("kms", region_name="eu-west-1")


def test_keys_and_aliases_of_kms(cloud: Any) -> None:
    made = cloud.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    cloud.create_alias(AliasName="alias/cosign", TargetKeyId=made["KeyId"])
    der = cloud.get_public_key(KeyId=made["Arn"])["PublicKey"]
    alias = f"awskms:///{made['Arn'].rpartition(':')[0]}:alias/cosign"
    found = {KeyStore().public_key(reference) for reference in (f"awskms:///{made['Arn']}", alias)}
    assert len(found) == 1
    assert base64.b64decode("".join(found.pop().splitlines()[1:-1])) == der


def test_a_key_in_another_region_than_ours(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made = cloud.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P384")["KeyMetadata"]
    assert KeyStore().public_key(f"awskms:///{made['Arn']}")


def test_a_key_that_is_not_there(cloud: Any) -> None:
    assert unavailable(KeyStore()) == f"key {REFERENCE} could not be read: it is not there"


@pytest.mark.parametrize(
    "kind", [{"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "RSA_2048"}, {}], ids=["encrypts", "symmetric"]
)
def test_a_key_that_does_not_sign(cloud: Any, kind: dict[str, Any]) -> None:
    made = cloud.create_key(**kind)["KeyMetadata"]
    assert "(expected 'SIGN_VERIFY')" in unavailable(KeyStore(), f"awskms:///{made['Arn']}")


# KMS at an address


@contextmanager
def kms_at_loopback(keys: dict[str, bytes]) -> Iterator[str]:
    """KMS's JSON protocol, for GetPublicKey only; yields HOST:PORT."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = self.headers["X-Amz-Target"] == "TrentService.GetPublicKey" and asked["KeyId"] in keys
            answer = {"__type": "NotFoundException"}
            if known:
                answer = {"KeyUsage": "SIGN_VERIFY", "PublicKey": base64.b64encode(keys[asked["KeyId"]]).decode()}
            body = json.dumps(answer).encode()
            self.send_response(200 if known else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_key_on_this_machine() -> None:
    with kms_at_loopback({ALIAS: DER}) as place:
        assert KeyStore().public_key(f"awskms://{place}/{ALIAS}") == PEM
        assert unavailable(KeyStore(), f"awskms://{place}/{ARN}").endswith("could not be read: it is not there")


# every way of not getting one


@pytest.mark.parametrize(
    ("code", "fact"),
    [
        ("AccessDeniedException", "access is denied (kms:GetPublicKey is needed)"),
        ("DisabledException", "it is disabled"),
        ("KMSInvalidStateException", "its state allows no use"),
        ("NotFoundException", "it is not there"),
        ("ThrottlingException", "KMS is throttling"),
        ("UnsupportedOperationException", "it is no signing key"),
    ],
)
def test_what_kms_refuses(code: str, fact: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetPublicKey")
    assert unavailable(failing(error)) == f"key {REFERENCE} could not be read: {fact}"


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_every_failure_is_could_not_look(error: Exception) -> None:
    assert unavailable(failing(error)).startswith(f"key {REFERENCE} could not be read: ")


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_a_client_that_cannot_be_made(error: Exception) -> None:
    def broken(region: str, url: str | None) -> FakeKms:
        raise error

    unavailable(KeyStore(broken))


@pytest.mark.parametrize(("status", "body"), USELESS_ANSWERS.values(), ids=USELESS_ANSWERS)
def test_answers_that_are_of_no_use(status: int, body: bytes) -> None:
    with answering(status, body) as url:
        unavailable(KeyStore(lambda region, _: client_of("kms", url)))


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ({}, "its usage is None (expected 'SIGN_VERIFY')"),
        (ANSWER | {"KeyUsage": "ENCRYPT_DECRYPT"}, "its usage is 'ENCRYPT_DECRYPT' (expected 'SIGN_VERIFY')"),
        (ANSWER | {"KeyUsage": "GENERATE_VERIFY_MAC"}, "its usage is 'GENERATE_VERIFY_MAC' (expected 'SIGN_VERIFY')"),
        (ANSWER | {"KeyUsage": ["SIGN_VERIFY"]}, "its usage is ['SIGN_VERIFY'] (expected 'SIGN_VERIFY')"),
        ({"KeyUsage": "SIGN_VERIFY"}, "the answer holds no key"),
        (ANSWER | {"PublicKey": None}, "the answer holds no key"),
        (ANSWER | {"PublicKey": PEM}, "the answer holds no key"),
        (ANSWER | {"PublicKey": b""}, "public key has 0 bytes"),
        (ANSWER | {"PublicKey": b"nonsense"}, "public key cannot be read"),
        (ANSWER | {"PublicKey": bytes(1 << 20)}, "at most"),
    ],
)
def test_an_answer_without_a_signing_key(answer: Mapping[str, Any], fact: str) -> None:
    assert fact in unavailable(KeyStore(FakeKms(answer).client))


def test_a_curve_that_nothing_here_verifies() -> None:
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    answer = ANSWER | {"PublicKey": key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)}
    assert "curve secp256k1" in unavailable(KeyStore(FakeKms(answer).client))


@pytest.mark.parametrize("reference", ["hashivault://key", "awskms:///alias/x", ""])
def test_a_reference_that_is_not_asked_for(reference: str) -> None:
    unavailable(KeyStore(FakeKms().client), reference)
