"""Who we are, to whom: the token dance, and that nobody else ever hears of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from registry_verifier.errors import Unavailable
from registry_verifier.models import ImageName
from registry_verifier.reasons import Reason
from registry_verifier.registry import challenge
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials
from tests.library.registry_wire import (
    CREDENTIALS,
    HUB,
    IMAGE,
    OTHER,
    SECRET,
    Reply,
    Wire,
    ask,
    found,
    ghcr,
    image,
    said,
    token,
)

GHCR = "https://ghcr.io"
MANIFEST = "/v2/acme/app/manifests/v1"
BASIC = "Basic cm9ib3Q6Z2hwX3RoZS1vcGVyYXRvcnMtdG9rZW4="
HUB_URL = "https://registry-1.docker.io" + MANIFEST
OTHER_URL = "https://registry.example.com" + MANIFEST


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def read(wire: Wire, name: ImageName = IMAGE, **settings: Any) -> None:
    assert ask(wire, lambda client: client.manifest(name, "v1"), **settings) is not None


def failure(wire: Wire, name: ImageName = IMAGE, **settings: Any) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        ask(wire, lambda client: client.manifest(name, "v1"), **settings)
    return caught.value


def challenged(header: str, status: int = 401) -> httpx.Response:
    return httpx.Response(status, headers={"WWW-Authenticate": header})


def only_with(authorization: str, refusal: httpx.Response) -> Reply:
    return lambda request: found(image()) if request.headers.get("Authorization") == authorization else refusal


def test_ghcr_is_asked_for_a_token_up_front_with_a_scope_of_our_own() -> None:
    wire = ghcr({"manifests/v1": only_with("Bearer t0", said(401))})
    read(wire)
    assert wire.asked == [GHCR + "/token", GHCR + MANIFEST]
    assert dict(wire.seen[0].url.params) == {"service": "ghcr.io", "scope": "repository:acme/app:pull"}
    assert wire.authorizations("ghcr.io") == [None, "Bearer t0"]


def test_the_placeholder_in_a_challenge_is_ignored() -> None:
    stale = challenged('Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"')
    wire = ghcr({"manifests/v1": [stale, found(image())]})
    read(wire)
    scopes = [request.url.params["scope"] for request in wire.seen if request.url.path == "/token"]
    assert scopes == ["repository:acme/app:pull"] * 2


def test_credentials_go_to_the_token_service_and_nowhere_else() -> None:
    wire = ghcr({"manifests/v1": only_with("Bearer t0", said(401))})
    read(wire, credentials=CREDENTIALS)
    assert wire.authorizations("ghcr.io") == [BASIC, "Bearer t0"]


def test_a_token_without_a_name_has_a_default_one() -> None:
    assert Credentials("t").basic() == Credentials("t", "registry-verifier").basic()


@pytest.mark.parametrize("name", [HUB, OTHER])
def test_credentials_of_ghcr_are_not_for_other_registries(name: ImageName) -> None:
    realm = "https://auth.docker.io/token" if name is HUB else "https://registry.example.com/token"
    wire = Wire(
        {HUB_URL: challenged(f'Bearer realm="{realm}"'), OTHER_URL: challenged('Basic realm="x"'), realm: token()}
    )
    failure(wire, name, credentials=CREDENTIALS)
    assert SECRET not in str([request.headers.raw for request in wire.seen])
    assert not [request for request in wire.seen if "Basic" in request.headers.get("Authorization", "")]


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials_are_followed_by_none(status: int) -> None:
    wire = ghcr({"manifests/v1": found(image())})
    wire.script[GHCR + "/token"] = [said(status, "DENIED"), token()]
    read(wire, credentials=CREDENTIALS)
    assert wire.authorizations("ghcr.io") == [BASIC, None, "Bearer t0"]


def test_where_nobody_gets_in_the_error_is_about_our_credentials() -> None:
    wire = Wire({GHCR + "/token": [said(403, "DENIED: your token"), said(401, "authentication required")]})
    caught = failure(wire, credentials=CREDENTIALS)
    assert caught.reason is Reason.REGISTRY_FORBIDDEN
    assert "DENIED: your token" in str(caught)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_followed_by_an_anonymous_one(status: int) -> None:
    wire = ghcr({"manifests/v1": only_with("Bearer nobody", said(status))})
    wire.script[GHCR + "/token"] = [
        lambda request: token("mine" if request.headers.get("Authorization") else "nobody"),
    ]
    read(wire, credentials=CREDENTIALS)
    assert wire.authorizations("ghcr.io")[-2:] == [None, "Bearer nobody"]


def test_refusals_come_to_an_end() -> None:
    wire = ghcr({"manifests/v1": said(401)})
    assert failure(wire, credentials=CREDENTIALS).reason is Reason.REGISTRY_FORBIDDEN
    assert len(wire.seen) == 6  # as we are, renewed, as nobody: a token and a try each


def test_throttling_is_no_reason_to_try_as_somebody_else() -> None:
    wire = ghcr({"manifests/v1": said(403, "secondary rate limit")})
    assert failure(wire, credentials=CREDENTIALS).reason is Reason.REGISTRY_THROTTLED
    assert len(wire.seen) == 2


@pytest.mark.parametrize(("says", "later", "fetches"), [({}, 59, 1), ({}, 60, 2), ({"expires_in": 300}, 59, 1)])
@pytest.mark.parametrize("key", ["token", "access_token"])
def test_a_token_is_kept_for_a_minute_at_most(says: dict[str, Any], later: int, fetches: int, key: str) -> None:
    assert fetched_after(later, {key: "t0", **says}) == fetches


@pytest.mark.parametrize(
    ("expires_in", "later", "fetches"),
    [(10, 9, 1), (10, 10, 2), (0, 0, 2), (-5, 59, 1), ("10", 59, 1), (None, 59, 1), (1e308, 60, 2)],
)
def test_a_token_is_kept_for_less_where_its_service_says_so(expires_in: Any, later: int, fetches: int) -> None:
    assert fetched_after(later, {"token": "t0", "expires_in": expires_in}) == fetches


def fetched_after(later: int, document: dict[str, Any]) -> int:
    clock = Clock()
    wire = ghcr({"manifests/v1": found(image())})
    wire.script[GHCR + "/token"] = [httpx.Response(200, json=document)]

    async def twice(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        clock.now += later
        await client.manifest(IMAGE, "v1")

    ask(wire, twice, clock=clock)
    return wire.asked.count(GHCR + "/token")


def test_a_token_is_for_one_repository() -> None:
    wire = Wire({GHCR + "/token": token()})

    async def two(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        await client.manifest(ImageName("ghcr.io", "acme/other"), "v1")

    ask(wire, two)
    assert [request.url.params.get("scope") for request in wire.seen if request.url.path == "/token"] == [
        "repository:acme/app:pull",
        "repository:acme/other:pull",
    ]


def test_one_who_gives_up_waiting_does_not_take_the_token_from_the_others() -> None:
    class Slow(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/token":
                await asyncio.sleep(0.05)
            return await super().handle_async_request(request)

    wire = Slow({GHCR + "/token": token(), GHCR + MANIFEST: found(image())})

    async def two(client: RegistryClient) -> None:
        impatient = asyncio.ensure_future(client.manifest(IMAGE, "v1"))
        patient = asyncio.ensure_future(client.manifest(IMAGE, "v1"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient is not None

    ask(wire, two)
    assert wire.asked.count(GHCR + "/token") == 1


def test_a_failed_fetch_fails_all_who_wait_and_is_forgotten() -> None:
    wire = ghcr({"manifests/v1": found(image())})
    wire.script[GHCR + "/token"] = [said(500), token()]

    async def then_again(client: RegistryClient) -> None:
        results = await asyncio.gather(*(client.manifest(IMAGE, "v1") for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert await client.manifest(IMAGE, "v1") is not None

    ask(wire, then_again)
    assert wire.asked.count(GHCR + "/token") == 2


def test_a_stale_token_is_dropped_even_where_no_new_one_comes() -> None:
    wire = ghcr({"manifests/v1": [said(401), found(image())]})
    wire.script[GHCR + "/token"] = [token("stale"), said(500), token("fresh")]

    async def twice(client: RegistryClient) -> None:
        with pytest.raises(Unavailable):
            await client.manifest(IMAGE, "v1")
        await client.manifest(IMAGE, "v1")

    ask(wire, twice)
    assert wire.authorizations("ghcr.io") == [None, "Bearer stale", None, None, "Bearer fresh"]


def test_closing_gives_up_a_fetch_under_way() -> None:
    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(60)
            raise AssertionError

    async def leave(client: RegistryClient) -> None:
        waiting = asyncio.ensure_future(client.manifest(IMAGE, "v1"))
        await asyncio.sleep(0.01)
        waiting.cancel()

    ask(Stuck(), leave)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"<html>", b'{"token": ""}', b'{"token": 7}', b'{"token": null}', b'{"token":"a","token":"b"}']
    + [b'{"token": "a\\r\\nX-Evil: 1"}', '{"token": "ä"}'.encode(), b'{"token": "' + b"x" * 20_000 + b'"}'],
)
def test_what_is_no_token_is_an_outage(content: bytes) -> None:
    caught = failure(Wire({GHCR + "/token": httpx.Response(200, content=content)}))
    assert caught.reason is Reason.REGISTRY_UNAVAILABLE
    assert "Evil" not in str(caught)


def test_a_token_service_that_redirects_is_not_followed() -> None:
    wire = Wire({GHCR + "/token": said(302, Location="https://evil.example/token")})
    assert failure(wire, credentials=CREDENTIALS).reason is Reason.REGISTRY_UNAVAILABLE
    assert wire.asked == [GHCR + "/token"]


def test_docker_hub_names_its_token_service_and_is_believed() -> None:
    realm = "https://auth.docker.io/token"
    demand = challenged(f'Bearer realm="{realm}",service="registry.docker.io",scope="repository:acme/app:pull"')
    wire = Wire({HUB_URL: only_with("Bearer hub", demand), realm: token("hub")})
    read(wire, HUB)
    assert dict(wire.seen[1].url.params) == {"service": "registry.docker.io", "scope": "repository:acme/app:pull"}


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example/token",
        "https://auth.docker.io.evil.example/token",
        "https://auth.docker.io/other",
        "http://registry.example.com/token",
        "https://registry.example.com:8443/token",
        "https://user@registry.example.com/token",
        "https://registry.example.com.evil.example/token",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://xn--/",
        "http://[::1",
        "/token",
        "",
    ],
)
@pytest.mark.parametrize("name", [HUB, OTHER])
def test_a_realm_on_another_host_is_never_asked(realm: str, name: ImageName) -> None:
    wire = Wire({HUB_URL: challenged(f'Bearer realm="{realm}"'), OTHER_URL: challenged(f'Bearer realm="{realm}"')})
    credentials = Credentials(SECRET, "robot", registry=name.registry)
    assert failure(wire, name, credentials=credentials).reason is Reason.REGISTRY_FORBIDDEN
    assert len(wire.seen) == 1


def test_credentials_for_another_registry_go_to_its_own_token_service() -> None:
    realm = "https://registry.example.com/auth"
    wire = Wire({OTHER_URL: only_with("Bearer t0", challenged(f'Bearer realm="{realm}",service="s"')), realm: token()})
    read(wire, OTHER, credentials=Credentials(SECRET, "robot", registry="registry.example.com"))
    assert wire.authorizations("registry.example.com") == [None, BASIC, "Bearer t0"]


def test_a_basic_challenge_is_met_with_credentials_only() -> None:
    script: dict[str, Reply | list[Reply]] = {OTHER_URL: only_with(BASIC, challenged('Basic realm="private"'))}
    read(Wire(script), OTHER, credentials=Credentials(SECRET, "robot", registry="registry.example.com"))
    assert failure(Wire(script), OTHER).reason is Reason.REGISTRY_FORBIDDEN


def test_a_password_that_is_wrong_is_not_sent_again_and_again() -> None:
    wire = Wire({OTHER_URL: challenged('Basic realm="private"')})
    failure(wire, OTHER, credentials=Credentials(SECRET, "robot", registry="registry.example.com"))
    assert len(wire.seen) == 2


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ("", []),
        ("Negotiate", []),
        ('bearer REALM="https://a/t"', ["bearer"]),
        ('Basic realm="a, b", Bearer realm="https://a/t",service=s', ["basic", "bearer"]),
        ("Bearer", ["bearer"]),
        ("Bearer " + 'a="b",' * 100_000, ["bearer"]),
    ],
)
def test_reading_a_challenge(header: str, schemes: list[str]) -> None:
    assert [offered.scheme for offered in challenge.read(header)] == schemes


def test_the_parts_of_a_challenge() -> None:
    assert challenge.read('Basic realm="a, b", Bearer realm="https://a/t",service=s,scope="x:y:z"') == (
        challenge.Challenge("basic", "a, b", ""),
        challenge.Challenge("bearer", "https://a/t", "s"),
    )
