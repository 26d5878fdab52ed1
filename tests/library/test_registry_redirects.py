"""Blobs from storage elsewhere: only from where the table allows, and without saying who we are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.models import ImageName, digest_of
from registry_verifier.reasons import Reason
from registry_verifier.registry import hosts
from tests.library.registry_wire import CREDENTIALS, HUB, IMAGE, SECRET, Reply, Wire, ask, ghcr, said, token

CONTENT = b"payload"
DIGEST = digest_of(CONTENT)
PATH = f"blobs/{DIGEST}"
STORAGE = "https://pkg-containers.githubusercontent.com/ghcr1/blobs/x"


def to(location: str, status: int = 307) -> httpx.Response:
    return said(status, Location=location)


def redirected(location: str, reply: Reply | list[Reply], status: int = 307) -> Wire:
    wire = ghcr({PATH: to(location, status)})
    wire.script[location.partition("?")[0]] = reply if isinstance(reply, list) else [reply]
    return wire


def blob(wire: httpx.AsyncBaseTransport, name: ImageName = IMAGE, **settings: Any) -> bytes | None:
    return ask(wire, lambda client: client.blob(name, DIGEST, size=len(CONTENT), limit=100), **settings)


def failure(wire: httpx.AsyncBaseTransport, **settings: Any) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        blob(wire, **settings)
    return caught.value


def bytes_of(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_storage_never_hears_who_we_are(status: int) -> None:
    wire = redirected(STORAGE + "?sig=abc", bytes_of(CONTENT), status)
    assert blob(wire, credentials=CREDENTIALS) == CONTENT
    assert wire.authorizations("pkg-containers.githubusercontent.com") == [None]
    assert wire.seen[-1].url.query == b"sig=abc"
    assert SECRET not in str(wire.seen[-1].headers.raw)


@pytest.mark.parametrize("host", ["a.githubusercontent.com", "ghcr.io"])
def test_hosts_of_ghcr(host: str) -> None:
    location = f"https://{host}/somewhere"
    assert blob(redirected(location, bytes_of(CONTENT))) == CONTENT


def test_a_redirect_on_the_registry_itself_keeps_the_token() -> None:
    wire = redirected("https://ghcr.io/v2/acme/app/elsewhere", bytes_of(CONTENT))
    assert blob(wire) == CONTENT
    assert wire.authorizations("ghcr.io") == [None, "Bearer t0", "Bearer t0"]


def test_back_from_the_storage_the_token_stays_out() -> None:
    wire = redirected(STORAGE, to("https://ghcr.io/v2/acme/app/elsewhere"))
    wire.script["https://ghcr.io/v2/acme/app/elsewhere"] = [bytes_of(CONTENT)]
    assert blob(wire) == CONTENT
    assert wire.authorizations("ghcr.io")[-1] is None


@pytest.mark.parametrize("host", ["production.cloudflare.docker.com", "docker-images-prod.1.r2.cloudflarestorage.com"])
def test_hosts_of_docker_hub(host: str) -> None:
    url = f"https://registry-1.docker.io/v2/acme/app/{PATH}"
    wire = Wire({url: to(f"https://{host}/x"), f"https://{host}/x": bytes_of(CONTENT)})
    assert blob(wire, HUB) == CONTENT


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "https://169.254.169.254/latest/meta-data/",
        "http://localhost:9001/2018-06-01/runtime/invocation/next",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "file:///etc/passwd",
        "gopher://ghcr.io/",
        "data:text/plain,payload",
        "https://evil.example/x",
        "//evil.example/x",
        "https://githubusercontent.com.evil.example/x",
        "https://evilgithubusercontent.com/x",
        "https://githubusercontent.com/x",
        "https://evil.example#.githubusercontent.com",
        "https://evil.example\\.githubusercontent.com/x",
        "https://user:pass@pkg-containers.githubusercontent.com/x",
        "https://pkg-containers.githubusercontent.com:8443/x",
        "http://pkg-containers.githubusercontent.com/x",
        "http://ghcr.io/x",
        "https://production.cloudflare.docker.com/x",
        "https://xn--/",
        "http://[::1",
        "https://" + "x" * 70_000,
        "",
    ],
    ids=lambda location: location[:50],
)
def test_ssrf_a_redirect_to_where_no_storage_is_goes_nowhere(location: str) -> None:
    wire = ghcr({PATH: to(location)})
    caught = failure(wire, credentials=CREDENTIALS)
    assert caught.reason is Reason.REGISTRY_UNAVAILABLE
    assert set(wire.asked) == {"https://ghcr.io/token", f"https://ghcr.io/v2/acme/app/{PATH}"}
    assert str(caught).isprintable()


def test_ssrf_the_second_redirect_is_held_to_the_same() -> None:
    wire = redirected(STORAGE, to("http://169.254.169.254/"))
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE
    assert wire.asked[-1] == STORAGE


def test_a_redirect_without_a_location() -> None:
    assert failure(ghcr({PATH: said(307)})).reason is Reason.REGISTRY_UNAVAILABLE


def test_redirects_come_to_an_end() -> None:
    wire = redirected(STORAGE, to(STORAGE))
    assert "more than 3 times" in str(failure(wire))
    assert wire.asked.count(STORAGE) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
def test_storage_that_does_not_have_it_is_an_outage_since_the_registry_says_it_is_there(status: int) -> None:
    caught = failure(redirected(STORAGE + "?sig=abc", said(status, "<Error>")))
    assert caught.reason is Reason.REGISTRY_UNAVAILABLE
    assert "sig=" not in str(caught)


def test_storage_that_throttles() -> None:
    caught = failure(redirected(STORAGE, said(429, **{"Retry-After": "3"})))
    assert (caught.reason, caught.retry_after) == (Reason.REGISTRY_THROTTLED, 3.0)


@pytest.mark.parametrize("content", [b"other!!", b"payload!", b"", b"payloa"])
def test_cve_2022_47633_storage_that_hands_out_something_else(content: bytes) -> None:
    with pytest.raises(EvidenceRejected) as caught:
        blob(redirected(STORAGE, bytes_of(content)))
    assert caught.value.reason is Reason.CONTENT_MISMATCH


@pytest.mark.parametrize("location", ["http://169.254.169.254/", STORAGE, "https://evil.example/", "ftp://127.0.0.1/"])
def test_a_registry_on_this_machine_redirects_to_this_machine_only(location: str) -> None:
    local = "http://127.0.0.1:5000"
    wire = Wire({f"{local}/token": token(), f"{local}/v2/acme/app/{PATH}": to(location)})
    assert failure(wire, endpoints={"ghcr.io": local}).reason is Reason.REGISTRY_UNAVAILABLE
    assert len(wire.seen) == 2


@pytest.mark.parametrize("location", ["http://127.0.0.1:5001/x", "http://localhost:1/x", "http://[::1]:2/x"])
def test_a_registry_on_this_machine_has_its_storage_on_another_port(location: str) -> None:
    local = "http://127.0.0.1:5000"
    wire = Wire({f"{local}/token": token(), f"{local}/v2/acme/app/{PATH}": to(location), location: bytes_of(CONTENT)})
    assert blob(wire, endpoints={"ghcr.io": local}) == CONTENT
    assert wire.seen[-1].headers.get("Authorization") is None


def test_a_name_alone_does_not_make_a_registry_local() -> None:
    endpoint = hosts.endpoint("localhost:5000", {})
    assert not endpoint.may_serve_blobs(httpx.URL("http://127.0.0.1:9001/x"))


def test_port_that_no_socket_has_is_no_url() -> None:
    assert hosts.parse_url("https://ghcr.io:65535/x") is not None
    assert hosts.parse_url("https://ghcr.io:99999999/x") is None
