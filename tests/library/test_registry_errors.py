"""Nothing but the library's own errors comes out of the client, and none of them tells a secret."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx
import pytest

from registry_verifier import manifest
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.models import digest_of
from registry_verifier.reasons import Reason
from registry_verifier.registry.client import MANIFEST_LIMIT, RegistryClient
from tests.library.registry_wire import CREDENTIALS, IMAGE, SECRET, Body, Wire, ask, found, ghcr, image, said, token

REQUEST = httpx.Request("GET", "https://ghcr.io/")
OF_HTTPX = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]


def made(kind: type[Exception]) -> Exception:
    if issubclass(kind, httpx.HTTPStatusError):
        return kind("status", request=REQUEST, response=httpx.Response(500))
    try:
        return kind("text")
    except TypeError:  # some of httpx's stream errors word themselves
        return kind()


FOREIGN = [made(kind) for kind in OF_HTTPX] + [
    OSError(5, "input/output error"),
    ConnectionResetError(),
    TimeoutError(),
    socket.gaierror(-2, "name or service not known"),
    ssl.SSLCertVerificationError("self-signed certificate"),
    UnicodeError("label too long"),
    ValueError("illegal header"),
    OverflowError("port must be 0-65535"),
]


async def everything(client: RegistryClient) -> None:
    digest = digest_of(b"x")
    await client.manifest(IMAGE, "v1")
    await client.referrers(IMAGE, digest)
    await client.blob(IMAGE, digest, size=1, limit=1)


def failure(transport: httpx.AsyncBaseTransport, **settings: Any) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        ask(transport, everything, **settings)
    return caught.value


def test_the_exceptions_of_httpx_are_all_here() -> None:
    assert {httpx.ReadTimeout, httpx.InvalidURL, httpx.DecodingError, httpx.StreamConsumed} <= set(OF_HTTPX)


@pytest.mark.parametrize("place", ["token", "manifest", "referrers", "blob"])
@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
def test_no_foreign_error_gets_out(error: Exception, place: str) -> None:
    below = {
        "manifests/v1": found(image()),
        f"referrers/{digest_of(b'x')}": said(404),
        f"blobs/{digest_of(b'x')}": httpx.Response(200, content=b"x"),
    }
    paths = {
        "manifest": "manifests/v1",
        "referrers": f"referrers/{digest_of(b'x')}",
        "blob": f"blobs/{digest_of(b'x')}",
    }
    wire = ghcr(below)
    wire.script["https://ghcr.io/token" if place == "token" else f"https://ghcr.io/v2/acme/app/{paths[place]}"] = [
        error
    ]
    caught = failure(wire)
    assert caught.reason is Reason.REGISTRY_UNAVAILABLE
    assert type(error).__name__ in str(caught)


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
def test_no_foreign_error_gets_out_of_a_body(error: Exception) -> None:
    body = Body([b"{", error])
    wire = ghcr({"manifests/v1": lambda request: httpx.Response(200, stream=body)})
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize("kind", [httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError])
def test_a_connection_that_went_stale_is_tried_once_more(kind: type[httpx.TransportError]) -> None:
    wire = ghcr({"manifests/v1": [kind("gone"), found(image())]})
    assert ask(wire, lambda client: client.manifest(IMAGE, "v1")) is not None
    twice = ghcr({"manifests/v1": [kind("gone"), kind("gone"), found(image())]})
    assert failure(twice).reason is Reason.REGISTRY_UNAVAILABLE


def test_a_time_out_is_not_tried_again() -> None:
    wire = ghcr({"manifests/v1": [httpx.ReadTimeout("slow"), found(image())]})
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE
    assert wire.asked.count("https://ghcr.io/v2/acme/app/manifests/v1") == 1


def test_an_error_says_method_place_and_status() -> None:
    caught = failure(ghcr({"manifests/v1": said(503, "try\nlater\x1b[2J" + "x" * 1000)}))
    assert str(caught).startswith("GET ghcr.io/v2/acme/app/manifests/v1 answered 503: try later?[2Jxxx")
    assert str(caught).isprintable()
    assert len(str(caught)) < 300


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, text=f"you sent {request.headers['Authorization']} and {SECRET} and t0k")


def test_an_error_never_tells_our_token_even_where_the_registry_does() -> None:
    wire = ghcr({"manifests/v1": echo})
    wire.script["https://ghcr.io/token"] = [token("t0k")]
    text = str(failure(wire, credentials=CREDENTIALS))
    assert "you sent Bearer *** and" in text
    assert "t0k" not in text


def test_an_error_never_tells_our_credentials_even_where_the_token_service_does() -> None:
    text = str(failure(Wire({"https://ghcr.io/token": echo}), credentials=CREDENTIALS))
    assert "you sent Basic *** and *** and" in text
    assert SECRET not in text
    assert SECRET not in repr(CREDENTIALS)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_answer_is_refused_for_it_may_be_a_bomb(encoding: str) -> None:
    wire = ghcr(
        {
            "manifests/v1": lambda request: httpx.Response(
                200, stream=Body([b"x"]), headers={"Content-Encoding": encoding}
            )
        }
    )
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE
    assert {request.headers["Accept-Encoding"] for request in wire.seen} == {"identity"}


def test_cve_2024_29902_an_endless_body_is_read_to_the_limit_only() -> None:
    body = Body(bytes(1 << 20) for _ in range(1000))
    wire = ghcr({"manifests/v1": lambda request: httpx.Response(200, stream=body, headers={"Content-Length": "10"})})
    with pytest.raises(EvidenceRejected) as caught:
        ask(wire, everything)
    assert caught.value.reason is Reason.EVIDENCE_TOO_LARGE
    assert body.read <= MANIFEST_LIMIT // (1 << 20) + 1


def test_an_endless_error_is_read_a_little_only() -> None:
    body = Body(bytes(1 << 16) for _ in range(1000))
    failure(ghcr({"manifests/v1": lambda request: httpx.Response(500, stream=body)}))
    assert body.read <= 2


def test_a_manifest_of_exactly_the_limit_is_read() -> None:
    padding = MANIFEST_LIMIT - len(image(annotations={"a": ""}))
    raw = image(annotations={"a": "x" * padding})
    assert len(raw) == MANIFEST_LIMIT
    assert ask(ghcr({"manifests/v1": found(raw)}), lambda client: client.manifest(IMAGE, "v1")) is not None
    with pytest.raises(EvidenceRejected) as caught:
        ask(ghcr({"manifests/v1": found(raw + b" ")}), lambda client: client.manifest(IMAGE, "v1"))
    assert caught.value.reason is Reason.EVIDENCE_TOO_LARGE


@pytest.mark.parametrize("promised", ["sha256:" + "1" * 64, "sha512:" + "1" * 128, "nonsense"])
def test_a_tag_with_a_digest_header_that_is_not_its_own(promised: str) -> None:
    wire = ghcr({"manifests/v1": found(image(), **{"Docker-Content-Digest": promised})})
    with pytest.raises(EvidenceRejected) as caught:
        ask(wire, everything)
    assert caught.value.reason is Reason.CONTENT_MISMATCH


def test_a_manifest_under_another_type_than_its_own() -> None:
    wire = ghcr({"manifests/v1": found(image(), manifest.DOCKER_MANIFEST)})
    with pytest.raises(EvidenceRejected) as caught:
        ask(wire, everything)
    assert caught.value.reason is Reason.MANIFEST_INVALID


def test_a_page_for_people_is_no_statement_about_a_tag() -> None:
    with pytest.raises(Unavailable) as caught:
        ask(ghcr({"manifests/v1": found(b"<!DOCTYPE html>", "text/html")}), everything)
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_no_cookie_is_ever_sent_back() -> None:
    wire = ghcr({"manifests/v1": found(image(), **{"Set-Cookie": "id=1; Domain=ghcr.io; Path=/"})})

    async def twice(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        await client.manifest(IMAGE, "v1")

    ask(wire, twice)
    assert not [request for request in wire.seen if "Cookie" in request.headers]
