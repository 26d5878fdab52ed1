"""The client of the query API: what it sends and signs, and what it makes of answers that are none."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from registry_verifier import api_client
from registry_verifier.api_client import ApiClient, aws_signature
from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.reasons import Reason
from tests.conftest import ROOT
from tests.local.loopback import Loopback, RawLoopback, Reply, reply

API = "https://abc123.execute-api.eu-central-1.amazonaws.com"


def test_an_answer_is_status_body_and_wait() -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": "x"}, Retry_After="7")) as api:
        answer = ApiClient(f"{api.url}/").get("/v1/gate/sha256:00", image="ghcr.io/acme/app", policy="a b&c")
    assert (answer.status, answer.body["code"], answer.retry_after) == (409, "pending", 7.0)
    assert answer.told == "status 409, x"
    [(path, headers)] = api.asked
    assert path == "/v1/gate/sha256:00?image=ghcr.io%2Facme%2Fapp&policy=a%20b%26c"
    assert "authorization" not in headers and headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"7", b'{"a":1,"a":2}', b"[" * 100_000, b"\xff", b'{"a": NaN}'], ids=str
)
def test_a_body_that_is_no_object_is_empty(body: bytes) -> None:
    with Loopback(lambda *_: reply(200, body)) as api:
        answer = ApiClient(api.url).get("/")
    assert answer.body == {} and answer.told == "status 200, without a readable reason"


def test_what_the_other_side_says_is_one_line() -> None:
    with Loopback(lambda *_: reply(400, {"detail": "a\x1b[2J\nb" * 1000})) as api:
        told = ApiClient(api.url).get("/").told
    assert told.isprintable() and len(told) < 300


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with Loopback(lambda *_: reply(200, {})) as elsewhere:
        with Loopback(lambda *_: reply(302, Location=elsewhere.url)) as api:
            assert ApiClient(api.url).get("/").status == 302
        assert not elsewhere.asked


# answers that are none


def test_an_api_that_cannot_be_reached_is_unavailable_and_may_be_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="the api at 127.0.0.1/v1 did not answer: ConnectError") as caught:
        ApiClient(f"http://127.0.0.1:{port}").get("/v1", secret="s3cr3t")
    assert caught.value.reason is Reason.STORE_UNAVAILABLE and caught.value.retry_after == 0.0
    assert "s3cr3t" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_an_answer_that_drips_is_given_up(start: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            time.sleep(0.05)
            connection.sendall(b"x" if start else b"")

    began = time.monotonic()
    with RawLoopback(drip) as api, pytest.raises(Unavailable, match="TimeoutError"):
        ApiClient(api.url, seconds=0.5).get("/")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["no http", "cut off", "bad chunk", "compressed"],
)
def test_an_answer_that_is_no_http_is_unavailable(raw: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    with RawLoopback(serve) as api, pytest.raises(Unavailable, match="did not answer"):
        ApiClient(api.url).get("/")


def test_a_huge_answer_is_unavailable() -> None:
    huge = b" " * (api_client.BODY_LIMIT + 1)
    with Loopback(lambda *_: reply(200, huge)) as api, pytest.raises(Unavailable, match="OverflowError"):
        ApiClient(api.url).get("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.org",
        "http://api.example.org",
        "https://u:p@api.example.org",
        f"{API}?a=b",
        f"{API}#a",
        "ftp://x",
    ],
)
def test_an_address_that_may_not_be_asked_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match="the api's address is"):
        ApiClient(url)


@pytest.mark.parametrize(("url", "local"), [("http://127.0.0.1:1", True), ("http://localhost", True), (API, False)])
def test_which_addresses_are_on_this_machine(url: str, local: bool) -> None:
    assert api_client.is_local(url) is local


# the signature


def _expected_signature(path: str, headers: dict[str, str], region: str) -> str:
    """The signature of a GET, worked out anew from AWS's description, with the secret of the test's environment."""
    bare, _, query = path.partition("?")
    signed = re.search(r"SignedHeaders=([^,]+)", headers["authorization"])
    assert signed
    names = signed[1].split(";")
    canonical = "\n".join(
        [
            "GET",
            quote(bare, safe="/-_.~"),
            "&".join(sorted(query.split("&"))) if query else "",
            *(f"{name}:{headers[name].strip()}" for name in names),
            "",
            signed[1],
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/execute-api/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4testing"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("token", ["", "session/+=token"])
def test_what_arrives_is_what_was_signed(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    asked: list[tuple[str, dict[str, str]]] = []

    def say(path: str, headers: dict[str, str]) -> Reply:
        asked.append((path, headers))
        return reply(200, {})

    with Loopback(say) as api:
        client = ApiClient(f"{api.url}/base", aws_signature(api.url, "eu-west-1"))
        client.get("/v1/images/acme/deep/app/digests/sha256:00", policy="a b/c", image="ghcr.io/acme/app~1")
        client.get("/v1/images")
    for path, headers in asked:
        assert headers["authorization"].endswith(f"Signature={_expected_signature(path, headers, 'eu-west-1')}")
        assert "host" in headers["authorization"] and headers.get("x-amz-security-token", "") == token


@pytest.mark.parametrize(
    ("url", "given", "region"),
    [
        (API, "", "eu-central-1"),
        (API, "us-west-2", "us-west-2"),
        ("https://x.execute-api.cn-north-1.amazonaws.com.cn", "", "cn-north-1"),
        ("https://vpce-1.execute-api.eu-west-3.vpce.amazonaws.com", "", "eu-west-3"),
        ("https://verifier.example.org", "", "us-east-1"),
        ("https://x.execute-api.eu-west-1.amazonaws.com.evil.example.org", "", "us-east-1"),
    ],
)
def test_the_region_is_the_given_one_that_of_the_host_or_the_environments(url: str, given: str, region: str) -> None:
    assert f"/{region}/execute-api/aws4_request" in aws_signature(url, given)(url)["Authorization"]


def test_without_credentials_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match="no aws credentials were found .*--auth none"):
        aws_signature(API)


def test_without_a_region_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match="no aws region is known .*--region"):
        aws_signature("https://verifier.example.org")


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match="aws credentials cannot be read: .*nobody"):
        aws_signature(API)


def test_credentials_that_cannot_be_had_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile broken]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "broken")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match="aws credentials cannot be (read|used)"):
        aws_signature(API)(API)


def test_without_botocore_the_error_names_it() -> None:
    """Somebody's own environment has what the layer has, and the layer has no botocore."""
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "botocore":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from registry_verifier.command_line import main
sys.exit(main(["status", "ghcr.io/acme/app:v1", "--api", "{API}"]))
"""
    environment = {"PYTHONPATH": str(ROOT / "layers/registry_verifier"), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    expected = "expected boto3 beside registry-verifier, or --auth none"
    assert done.stderr.strip() == f"signing for aws needs botocore, which is not installed ({expected})"


def test_no_header_of_a_question_is_in_an_error() -> None:
    with RawLoopback(lambda connection: connection.close()) as api, pytest.raises(Unavailable) as caught:
        ApiClient(api.url, lambda _: {"Authorization": "s3cr3t"}).get("/")
    assert "s3cr3t" not in json.dumps([str(caught.value), repr(caught.value.__context__)])
