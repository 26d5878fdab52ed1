"""The client against a GHCR-like registry on loopback: what users have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from registry_verifier import manifest
from registry_verifier.errors import EvidenceRejected, SettingsError, Unavailable
from registry_verifier.manifest import Manifest
from registry_verifier.models import ImageName, digest_of
from registry_verifier.ports import Registry
from registry_verifier.reasons import Reason
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials
from tests.library.registry_wire import ABSENT, IMAGE, T, Use, ask, descriptor, image, index

NAME = IMAGE.repository


@pytest.fixture
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as started:
        started.put_manifest(NAME, image(), manifest.OCI_MANIFEST, "v1")
        yield started


def at(registry: LocalRegistry, use: Use[T], **settings: Any) -> T:
    return ask(None, use, endpoints={"ghcr.io": registry.url}, **settings)


def manifest_of(name: ImageName, reference: str) -> Use[Manifest | None]:
    return lambda client: client.manifest(name, reference)


def reason(registry: LocalRegistry, use: Use[T], **settings: Any) -> Reason:
    with pytest.raises((Unavailable, EvidenceRejected)) as caught:
        at(registry, use, **settings)
    error = caught.value
    assert isinstance(error, Unavailable | EvidenceRejected)
    return error.reason


def test_the_client_is_a_registry() -> None:
    async def fits() -> Registry:
        client = RegistryClient()
        await client.aclose()
        return client

    asyncio.run(fits())


@pytest.mark.parametrize("reference", ["v1", digest_of(image())])
def test_a_manifest_by_tag_and_by_digest(registry: LocalRegistry, reference: str) -> None:
    read = at(registry, lambda client: client.manifest(IMAGE, reference))
    assert read is not None
    assert (read.digest, read.raw) == (digest_of(image()), image())


@pytest.mark.parametrize("media_type", manifest.MANIFEST_TYPES)
def test_every_type_of_manifest_is_accepted(registry: LocalRegistry, media_type: str) -> None:
    raw = (index if media_type in manifest.INDEX_TYPES else image)(mediaType=media_type)
    digest = registry.put_manifest(NAME, raw, media_type).digest
    read = at(registry, lambda client: client.manifest(IMAGE, digest))
    assert read is not None
    assert read.media_type == media_type


@pytest.mark.parametrize("reference", ["v2", ABSENT])
def test_an_absent_manifest_is_none(registry: LocalRegistry, reference: str) -> None:
    assert at(registry, lambda client: client.manifest(IMAGE, reference)) is None


@pytest.mark.parametrize("reference", ["", "a/b", "../v1", "sha256:abc", "v1?x=y", "v1\n"])
def test_a_reference_that_is_neither_digest_nor_tag_is_asked_of_nobody(registry: LocalRegistry, reference: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        at(registry, lambda client: client.manifest(IMAGE, reference))
    assert registry.requests == []


def test_a_blob_comes_by_way_of_the_storage_without_our_token(registry: LocalRegistry) -> None:
    digest = registry.put_blob(NAME, b"payload")
    assert at(registry, lambda client: client.blob(IMAGE, digest, size=7, limit=7)) == b"payload"
    assert registry.requests[-1].startswith("GET /storage/")
    assert registry.leaks == []


def test_an_empty_blob(registry: LocalRegistry) -> None:
    digest = registry.put_blob(NAME, b"")
    assert at(registry, lambda client: client.blob(IMAGE, digest, size=0, limit=10)) == b""


def test_an_absent_blob_is_none(registry: LocalRegistry) -> None:
    assert at(registry, lambda client: client.blob(IMAGE, ABSENT, size=1, limit=10)) is None


def test_a_blob_over_the_limit_is_asked_of_nobody(registry: LocalRegistry) -> None:
    digest = registry.put_blob(NAME, b"payload")
    assert reason(registry, lambda c: c.blob(IMAGE, digest, size=7, limit=6)) is Reason.EVIDENCE_TOO_LARGE
    assert registry.requests == []


@pytest.mark.parametrize("size", [6, 8, 0])
def test_cve_2024_29903_a_blob_whose_size_lies(registry: LocalRegistry, size: int) -> None:
    digest = registry.put_blob(NAME, b"payload")
    assert reason(registry, lambda c: c.blob(IMAGE, digest, size=size, limit=99)) is Reason.CONTENT_MISMATCH


def test_cve_2022_47633_content_that_differs_on_the_second_request(registry: LocalRegistry) -> None:
    digest, blob = digest_of(image()), registry.put_blob(NAME, b"payload")

    async def twice(client: RegistryClient) -> None:
        assert await client.manifest(IMAGE, digest) is not None
        assert await client.blob(IMAGE, blob, size=7, limit=7) == b"payload"
        registry.fail(Fault(path="manifests|storage", content="wrong"))
        for again in (client.manifest(IMAGE, digest), client.blob(IMAGE, blob, size=7, limit=7)):
            with pytest.raises(EvidenceRejected) as caught:
                await again
            assert caught.value.reason is Reason.CONTENT_MISMATCH

    at(registry, twice)


def test_a_tag_whose_bytes_are_not_what_the_header_says(registry: LocalRegistry) -> None:
    registry.fail(Fault(path="manifests", content="wrong"))
    assert reason(registry, lambda client: client.manifest(IMAGE, "v1")) is Reason.CONTENT_MISMATCH


def test_an_endless_manifest_is_cut_off(registry: LocalRegistry) -> None:
    registry.fail(Fault(path="manifests", content="endless"))
    assert reason(registry, lambda client: client.manifest(IMAGE, "v1")) is Reason.EVIDENCE_TOO_LARGE


def test_an_endless_blob_is_cut_off(registry: LocalRegistry) -> None:
    digest = registry.put_blob(NAME, b"payload")
    registry.fail(Fault(path="storage", content="endless"))
    assert reason(registry, lambda c: c.blob(IMAGE, digest, size=7, limit=7)) is Reason.CONTENT_MISMATCH


def test_a_truncated_answer_is_an_outage(registry: LocalRegistry) -> None:
    registry.fail(Fault(path="manifests", content="truncated"))
    assert reason(registry, lambda client: client.manifest(IMAGE, "v1")) is Reason.REGISTRY_UNAVAILABLE


def test_an_answer_that_breaks_once_is_asked_for_again(registry: LocalRegistry) -> None:
    registry.fail(Fault(path="manifests", content="truncated", count=1))
    assert at(registry, lambda client: client.manifest(IMAGE, "v1")) is not None


@pytest.mark.parametrize("path", ["/token", "/manifests/", "/storage/"])
def test_a_registry_that_hangs_is_given_up(registry: LocalRegistry, path: str) -> None:
    digest = registry.put_blob(NAME, b"payload")
    registry.fail(Fault(path=path, hang=30))

    async def both(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        await client.blob(IMAGE, digest, size=7, limit=7)

    for setting, told in (("request_seconds", "failed: TimeoutError"), ("operation_seconds", "took longer than 0.2")):
        with pytest.raises(Unavailable, match=told) as caught:
            at(registry, both, **{setting: 0.2})
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_a_registry_that_is_not_there() -> None:
    with LocalRegistry() as registry:
        pass
    assert reason(registry, lambda client: client.manifest(IMAGE, "v1")) is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize("status", [500, 502, 503, 504, 418, 302])
def test_statuses_of_no_use_are_an_outage(registry: LocalRegistry, status: int) -> None:
    registry.fail(Fault(path="manifests", status=status))
    assert reason(registry, lambda client: client.manifest(IMAGE, "v1")) is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Fault(status=429, retry_after=7), 7.0),
        (Fault(status=429, message="retry-after: 333.9ms, allowed: 44000/minute"), 0.3339),
        (Fault(status=403, message="You have exceeded a secondary rate limit"), None),
        (Fault(status=502, message="TOOMANYREQUESTS"), None),
    ],
)
@pytest.mark.parametrize("path", ["/token", "/manifests/", "/referrers/"])
def test_throttling_says_how_long_to_wait(
    registry: LocalRegistry, path: str, fault: Fault, seconds: float | None
) -> None:
    registry.fail(Fault(path, status=fault.status, retry_after=fault.retry_after, message=fault.message))

    async def both(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        await client.referrers(IMAGE, ABSENT)

    with pytest.raises(Unavailable) as caught:
        at(registry, both)
    assert caught.value.reason is Reason.REGISTRY_THROTTLED
    assert caught.value.retry_after == pytest.approx(seconds)


def test_a_manifest_that_the_registry_does_not_know_yet(registry: LocalRegistry) -> None:
    registry.fail(Fault(lag=60))
    assert at(registry, lambda client: client.manifest(IMAGE, "v1")) is None
    registry.fail()
    assert at(registry, lambda client: client.manifest(IMAGE, "v1")) is not None


def test_a_private_image_needs_credentials() -> None:
    with LocalRegistry(users={"robot": "right"}, private=[NAME]) as registry:
        registry.put_manifest(NAME, image(), manifest.OCI_MANIFEST, "v1")
        use = manifest_of(IMAGE, "v1")
        assert at(registry, use, credentials=Credentials("right", "robot")) is not None
        assert reason(registry, use) is Reason.REGISTRY_FORBIDDEN
        assert reason(registry, use, credentials=Credentials("wrong", "robot")) is Reason.REGISTRY_FORBIDDEN


def test_a_missing_repository_looks_like_a_private_one(registry: LocalRegistry) -> None:
    missing = ImageName("ghcr.io", "acme/nothing")
    assert reason(registry, lambda client: client.manifest(missing, "v1")) is Reason.REGISTRY_FORBIDDEN


def test_bad_credentials_do_not_hide_a_public_image(registry: LocalRegistry) -> None:
    use = manifest_of(IMAGE, "v1")
    assert at(registry, use, credentials=Credentials("wrong")) is not None


def test_the_token_is_fetched_once_for_requests_at_the_same_time(registry: LocalRegistry) -> None:
    async def whole(client: RegistryClient) -> None:
        await asyncio.gather(*(client.manifest(IMAGE, "v1") for _ in range(8)), client.referrers(IMAGE, ABSENT))

    at(registry, whole)
    assert [request for request in registry.requests if request.startswith("GET /token")] == [
        "GET /token?service=ghcr.io&scope=repository%3Aacme%2Fapp%3Apull"
    ]


def test_a_token_that_is_no_longer_valid_is_fetched_once_more(registry: LocalRegistry) -> None:
    async def after(client: RegistryClient) -> None:
        await client.manifest(IMAGE, "v1")
        registry.access.forget_tokens()
        found = await asyncio.gather(*(client.manifest(IMAGE, "v1") for _ in range(8)))
        assert all(found)

    at(registry, after)
    assert sum(request.startswith("GET /token") for request in registry.requests) == 2


def test_a_registry_without_tokens_is_asked_plainly() -> None:
    with LocalRegistry(needs_tokens=False) as registry:
        registry.put_manifest(NAME, image(), manifest.OCI_MANIFEST, "v1")
        registry.fail(Fault(path="/token", status=404))
        assert at(registry, lambda client: client.manifest(IMAGE, "v1")) is not None


def test_another_registry_is_asked_plainly_first_and_then_as_it_demands(registry: LocalRegistry) -> None:
    other = ImageName("registry.example.com", NAME)
    use = manifest_of(other, "v1")
    assert ask(None, use, endpoints={"registry.example.com": registry.url}) is not None
    assert [request.split("?")[0] for request in registry.requests] == [
        "GET /v2/acme/app/manifests/v1",
        "GET /token",
        "GET /v2/acme/app/manifests/v1",
    ]


def referrer(number: int, subject: bytes) -> bytes:
    return image(subject=descriptor(subject, manifest.OCI_MANIFEST), annotations={"number": str(number)})


@pytest.mark.parametrize("page_size", [100, 2])
def test_referrers_are_listed_over_all_pages(page_size: int) -> None:
    with LocalRegistry(referrers="api", page_size=page_size) as registry:
        pushed = {registry.put_manifest(NAME, referrer(n, image()), manifest.OCI_MANIFEST).digest for n in range(5)}
        registry.put_manifest(NAME, referrer(9, b"another"), manifest.OCI_MANIFEST)
        listed = at(registry, lambda client: client.referrers(IMAGE, digest_of(image())))
        assert set(listed) == pushed
        assert len(listed) == 5


@pytest.mark.parametrize("mode", ["ghcr", "404", "api"])
def test_no_referrers_in_any_mode(mode: str) -> None:
    with LocalRegistry(referrers=mode) as registry:
        registry.put_manifest(NAME, image(), manifest.OCI_MANIFEST, "v1")
        assert at(registry, lambda client: client.referrers(IMAGE, ABSENT)) == ()
        assert not [request for request in registry.requests if "/-/" in request]


@pytest.mark.parametrize(
    "url",
    ["http://registry.example.com", "http://127.0.0.1.evil.example:1", "ftp://127.0.0.1", "https://u:p@ghcr.io", "x"]
    + ["https://ghcr.io?a=b", "https://ghcr.io#a", "http://[::2]:1", "", "https://"],
)
def test_an_endpoint_that_cannot_be_used_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match=r"ghcr\.io"):
        ask(None, lambda client: asyncio.sleep(0), endpoints={"ghcr.io": url})


def test_an_endpoint_may_have_a_path(registry: LocalRegistry) -> None:
    use = manifest_of(IMAGE, "v1")
    assert ask(None, use, endpoints={"ghcr.io": registry.url + "/mirror/"}) is None
    assert [request.split("?")[0] for request in registry.requests] == [
        "GET /mirror/token",
        "GET /mirror/v2/acme/app/manifests/v1",
    ]
