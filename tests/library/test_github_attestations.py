"""Bundles that GitHub keeps: which owner is asked, what is fetched from where, and one bad bundle beside good ones."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.github import attestations, bundle_file
from registry_verifier.github.attestations import AttestationList
from registry_verifier.models import ImageName
from registry_verifier.ports import Attestations
from registry_verifier.reasons import Reason
from tests.library.github_wire import DIGEST, IMAGE, TOKEN, GitHub, Reply, client_of

OF_ORG = f"/orgs/acme/attestations/{DIGEST}"
OF_USER = f"/users/acme/attestations/{DIGEST}"
FILE = "/storage/attestations/1.json.sn"
BUNDLE = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": "e30="}}
SNAPPY = {"Content-Type": "application/x-snappy"}
AZURE = "https://tmaprod.blob.core.windows.net/attestations/1/1.json.sn?sig=s3cr3t&se=2026"


def _packed(bundle: object = BUNDLE) -> bytes:
    content = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
    return bytes(cramjam.snappy.compress_raw(content))


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        server.at(FILE, Reply(_packed(), headers=SNAPPY))
        yield server


@pytest.fixture
def kept(github: GitHub, http: httpx.Client) -> AttestationList:
    return AttestationList(client_of(github, http), http)


def _inline(bundle: object = BUNDLE) -> dict[str, Any]:
    return {"bundle": bundle, "repository_id": 1, "bundle_url": AZURE, "initiator": "user"}


def _stored(url: object) -> dict[str, Any]:
    return {"bundle": None, "repository_id": 1, "bundle_url": url, "initiator": "user"}


def _page(*rows: object) -> dict[str, Any]:
    return {"attestations": list(rows)}


def _refused(found: tuple[bytes | EvidenceRejected, ...]) -> list[Reason]:
    return [bundle.reason for bundle in found if isinstance(bundle, EvidenceRejected)]


def _scripted(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> AttestationList:
    """GitHub itself and its storage, as a handler says."""
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return AttestationList(client_of(GitHubElsewhere(), http), http, **options)


class GitHubElsewhere(GitHub):
    """The API at its public address, behind a scripted transport."""

    def __init__(self) -> None:
        pass

    @property
    def url(self) -> str:
        return "https://api.github.com"


def _listing(
    url: object, storage: Callable[[httpx.Request], httpx.Response]
) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.github.com":
            return httpx.Response(200, json=_page(_stored(url)))
        return storage(request)

    return handler


def _nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was asked")


def test_it_fits_the_port(kept: AttestationList) -> None:
    port: Attestations = kept
    assert port.bundles(IMAGE, DIGEST) == ()


def test_a_bundle_in_the_list_is_taken_as_it_is(github: GitHub, kept: AttestationList) -> None:
    github.at(OF_ORG, _page(_inline()))
    [bundle] = kept.bundles(IMAGE, DIGEST)
    assert isinstance(bundle, bytes) and json.loads(bundle) == BUNDLE
    assert github.seen[0].query == {"per_page": ["30"]} and len(github.seen) == 1


def test_a_bundle_in_storage_is_fetched_as_nobody(github: GitHub, kept: AttestationList) -> None:
    github.at(OF_ORG, _page(_stored(f"{github.url}{FILE}?sig=s3cr3t")))
    [bundle] = kept.bundles(IMAGE, DIGEST)
    assert isinstance(bundle, bytes) and json.loads(bundle) == BUNDLE
    api, storage = github.seen
    assert api.headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in storage.headers and "cookie" not in storage.headers
    assert storage.query == {"sig": ["s3cr3t"]}


def test_azure_is_asked_as_nobody_and_githubs_own_bytes_come_out() -> None:
    seen: list[httpx.Request] = []

    def storage(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=_packed(), headers=SNAPPY)

    [bundle] = _scripted(_listing(AZURE, storage)).bundles(IMAGE, DIGEST)
    assert bundle == json.dumps(BUNDLE).encode()
    assert str(seen[0].url) == AZURE and "authorization" not in seen[0].headers


def test_the_bundles_of_all_pages_come_in_order(github: GitHub, kept: AttestationList) -> None:
    github.paged(OF_ORG, _page(_inline({"n": 1}), _inline({"n": 2})), _page(_inline({"n": 3})), name="after")
    assert kept.bundles(IMAGE, DIGEST) == (b'{"n": 1}', b'{"n": 2}', b'{"n": 3}')


def test_nothing_anywhere_is_nothing(github: GitHub, kept: AttestationList) -> None:
    assert kept.bundles(IMAGE, DIGEST) == ()
    assert github.asked == [f"GET {OF_ORG}", f"GET {OF_USER}"]


@pytest.mark.parametrize("of_org", [Reply({"message": "Not Found"}, 404), Reply(_page())])
def test_a_user_is_asked_where_no_organization_has_any(github: GitHub, kept: AttestationList, of_org: Reply) -> None:
    github.at(OF_ORG, of_org)
    github.at(OF_USER, _page(_inline()))
    assert len(kept.bundles(IMAGE, DIGEST)) == 1
    assert len(kept.bundles(IMAGE, DIGEST)) == 1
    assert github.asked == [f"GET {OF_ORG}", f"GET {OF_USER}", f"GET {OF_USER}"]


def test_an_owner_that_is_known_is_asked_once_where_there_are_none(github: GitHub, kept: AttestationList) -> None:
    github.at(OF_ORG, _page(_inline()), Reply({"message": "Not Found"}, 404))
    assert len(kept.bundles(IMAGE, DIGEST)) == 1
    assert kept.bundles(IMAGE, DIGEST) == ()
    assert github.asked == [f"GET {OF_ORG}"] * 2


def test_an_image_elsewhere_is_not_asked_about(github: GitHub, kept: AttestationList) -> None:
    assert kept.bundles(ImageName("quay.io", "acme/app"), DIGEST) == ()
    assert github.seen == []


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (401, {}, Reason.GITHUB_FORBIDDEN),
        (403, {}, Reason.GITHUB_FORBIDDEN),
        (403, {"x-ratelimit-remaining": "0"}, Reason.GITHUB_THROTTLED),
        (429, {}, Reason.GITHUB_THROTTLED),
        (500, {}, Reason.GITHUB_UNAVAILABLE),
    ],
)
def test_a_list_that_could_not_be_read_is_not_an_empty_one(
    github: GitHub, kept: AttestationList, status: int, headers: dict[str, str], reason: Reason
) -> None:
    github.at(OF_ORG, Reply({"message": "no"}, status, headers))
    github.at(OF_USER, _page(_inline()))
    with pytest.raises(Unavailable) as raised:
        kept.bundles(IMAGE, DIGEST)
    assert raised.value.reason is reason and len(github.seen) == 1


@pytest.mark.parametrize("page", [[], {}, None, {"attestations": None}, _page(None), _page("x"), {"attestations": {}}])
def test_a_list_that_is_none_is_no_silence(github: GitHub, kept: AttestationList, page: object) -> None:
    github.at(OF_ORG, page)
    with pytest.raises(Unavailable, match="expected a list of objects"):
        kept.bundles(IMAGE, DIGEST)


@pytest.mark.parametrize("row", [{}, _stored(None), _stored(5), _stored([]), {**_stored(AZURE), "bundle": "e30="}])
def test_an_attestation_without_a_bundle_is_no_silence(
    github: GitHub, kept: AttestationList, row: dict[str, Any]
) -> None:
    github.at(OF_ORG, _page(row))
    with pytest.raises(Unavailable, match="expected attestations with a bundle or a bundle_url") as raised:
        kept.bundles(IMAGE, DIGEST)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.BUNDLE_INVALID),
        (b"\x80", Reason.BUNDLE_INVALID),
        (b"\xff" * 40, Reason.BUNDLE_INVALID),
        (json.dumps(BUNDLE).encode(), Reason.BUNDLE_INVALID),
        (_packed()[:-3], Reason.BUNDLE_INVALID),
        (_packed() + b"more", Reason.BUNDLE_INVALID),
        (_packed(b"<html>"), Reason.BUNDLE_INVALID),
        (_packed(b"\xff\xfe"), Reason.BUNDLE_INVALID),
        (_packed([1]), Reason.BUNDLE_INVALID),
        (_packed(b"[" * 100_000), Reason.BUNDLE_INVALID),
        (_packed(b'{"a": 1, "a": 2}'), Reason.BUNDLE_INVALID),
        (b"\xff\xff\xff\xff\x0f", Reason.EVIDENCE_TOO_LARGE),
        (b"\x81\x80\x80\x08" + b"\x00" * 20, Reason.EVIDENCE_TOO_LARGE),
        (_packed(b" " * (bundle_file.BUNDLE_LIMIT + 1)), Reason.EVIDENCE_TOO_LARGE),
        (b"\x00" * (bundle_file.COMPRESSED_LIMIT + 1), Reason.EVIDENCE_TOO_LARGE),
    ],
    ids=range(15),
)
def test_a_file_that_is_no_bundle_is_refused_alone(
    github: GitHub, kept: AttestationList, content: bytes, reason: Reason
) -> None:
    github.at("/storage/bad", Reply(content, headers=SNAPPY))
    github.at(OF_ORG, _page(_stored(f"{github.url}/storage/bad"), _stored(f"{github.url}{FILE}")))
    bad, good = kept.bundles(IMAGE, DIGEST)
    assert isinstance(bad, EvidenceRejected) and bad.reason is reason
    assert isinstance(good, bytes) and json.loads(good) == BUNDLE


def test_a_file_of_the_largest_size_is_read() -> None:
    content = b"{}" + b" " * (bundle_file.BUNDLE_LIMIT - 2)
    assert bundle_file.read(_packed(content)) == content


def test_no_block_of_bytes_makes_the_reading_fail_otherwise() -> None:
    chance = random.Random(5)
    packed = _packed({"a": ["b" * 50] * 20})
    for _ in range(20_000):
        content = bytearray(packed)
        for _ in range(chance.randrange(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            bundle_file.read(bytes(content))
        except EvidenceRejected as error:
            assert error.reason in (Reason.BUNDLE_INVALID, Reason.EVIDENCE_TOO_LARGE)


@pytest.mark.parametrize(
    "url",
    [
        "http://tmaprod.blob.core.windows.net/x",
        "https://blob.core.windows.net.evil.example/x",
        "https://evil.example/x",
        "https://blob.core.windows.net/x",
        "https://evilblob.core.windows.net/x",
        "https://tmaprod.blob.core.windows.net:8443/x",
        "https://tmaprod.blob.core.windows.net@evil.example/x",
        "https://user:pw@tmaprod.blob.core.windows.net/x",
        "https://evil.example/#.blob.core.windows.net",
        "https://evil.example?x=.blob.core.windows.net",
        "https://api.github.com/orgs/acme/secrets",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9000/x",
        "file:///etc/passwd",
        "//tmaprod.blob.core.windows.net/x",
        "https://[::1",
        "https://tmaprod.blob.core.windows.net:99999/x",
        "",
        "x" * 100_000,
        "https://\u2024blob.core.windows.net/x",
    ],
)
def test_a_bundle_elsewhere_is_not_fetched(url: str) -> None:
    with pytest.raises(Unavailable, match=r"bundle_url is .*expected https at \.blob\.core\.windows\.net") as raised:
        _scripted(_listing(url, _nobody)).bundles(IMAGE, DIGEST)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE
    assert len(str(raised.value)) < 500


def test_another_port_of_this_machine_is_not_fetched_from(github: GitHub, kept: AttestationList) -> None:
    with GitHub() as other:
        github.at(OF_ORG, _page(_stored(f"{other.url}{FILE}")))
        with pytest.raises(Unavailable, match="bundle_url is http://127.0.0.1"):
            kept.bundles(IMAGE, DIGEST)
        assert other.seen == []


def test_other_hosts_may_serve_bundles_where_the_constructor_says_so() -> None:
    def storage(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=_packed(), headers=SNAPPY)

    handler = _listing("https://bundles.example.com/1", storage)
    assert len(_scripted(handler, hosts=("bundles.example.com",)).bundles(IMAGE, DIGEST)) == 1


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, SNAPPY),
        (404, SNAPPY),
        (500, SNAPPY),
        (302, {**SNAPPY, "Location": "https://evil.example/"}),
        (206, SNAPPY),
        (200, {"Content-Type": "text/html"}),
        (200, {}),
        (200, {**SNAPPY, "Content-Encoding": "gzip"}),
    ],
)
def test_a_file_that_could_not_be_fetched_is_no_wrong_evidence(status: int, headers: dict[str, str]) -> None:
    def storage(request: httpx.Request) -> httpx.Response:
        assert request.url.host != "evil.example"
        return httpx.Response(status, stream=httpx.ByteStream(_packed()), headers=headers)

    with pytest.raises(Unavailable) as raised:
        _scripted(_listing(AZURE, storage)).bundles(IMAGE, DIGEST)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE
    shown = "".join(traceback.format_exception(raised.value))
    assert "s3cr3t" not in shown and TOKEN not in shown


@pytest.mark.parametrize("error", [httpx.ReadTimeout("s3cr3t"), httpx.ConnectError("s3cr3t"), OSError("s3cr3t")])
def test_storage_that_does_not_answer_is_unavailable_and_its_url_is_not_shown(error: Exception) -> None:
    def storage(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Unavailable) as raised:
        _scripted(_listing(AZURE, storage)).bundles(IMAGE, DIGEST)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE
    assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))


def test_what_azure_says_where_nobody_named_a_type_is_good_enough(github: GitHub, kept: AttestationList) -> None:
    github.at(FILE, Reply(_packed(), headers={"Content-Type": "application/octet-stream"}))
    github.at(OF_ORG, _page(_stored(f"{github.url}{FILE}")))
    assert _refused(kept.bundles(IMAGE, DIGEST)) == []


def test_the_first_of_too_many_are_read_and_the_rest_is_said(github: GitHub, kept: AttestationList) -> None:
    github.paged(OF_ORG, *(_page(*[_inline()] * 30) for _ in range(6)), name="after")
    found = kept.bundles(IMAGE, DIGEST)
    assert len(found) == attestations.BUNDLES_LIMIT + 1
    assert _refused(found) == [Reason.TOO_MANY_CANDIDATES] and "more than 128" in str(found[-1])


def test_pages_that_hold_little_are_bounded_too(github: GitHub, kept: AttestationList) -> None:
    github.paged(OF_ORG, *(_page(_inline()) for _ in range(8)), name="after")
    found = kept.bundles(IMAGE, DIGEST)
    assert len(found) == attestations.PAGES_LIMIT + 1
    assert _refused(found) == [Reason.TOO_MANY_CANDIDATES]


def test_bundles_are_bounded_together(github: GitHub, kept: AttestationList) -> None:
    large = _packed(b"{}" + b" " * (bundle_file.BUNDLE_LIMIT - 2))
    github.at(FILE, Reply(large, headers=SNAPPY))
    github.at(OF_ORG, _page(*[_stored(f"{github.url}{FILE}")] * 6))
    found = kept.bundles(IMAGE, DIGEST)
    assert (len(found), _refused(found)) == (5, [Reason.TOO_MANY_CANDIDATES])


def test_a_page_that_is_too_large_is_said_and_is_no_outage() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b" " * (attestations.PAGE_LIMIT + 1)))

    assert _refused(_scripted(handler).bundles(IMAGE, DIGEST)) == [Reason.TOO_MANY_CANDIDATES]


def test_all_of_it_takes_no_longer_than_it_may(github: GitHub, http: httpx.Client) -> None:
    ticks = iter([0.0, 1.0, attestations.OPERATION_SECONDS + 1.0])
    github.at(OF_ORG, _page(*[_inline()] * 3))
    kept = AttestationList(client_of(github, http), http, clock=lambda: next(ticks))
    with pytest.raises(Unavailable, match="took longer than 30 seconds"):
        kept.bundles(IMAGE, DIGEST)


def test_a_bundle_with_half_a_character_does_not_hide_the_others(github: GitHub, kept: AttestationList) -> None:
    github.at(OF_ORG, Reply(b'{"attestations": [{"bundle": {"a": "\\ud800"}}, {"bundle": {"b": 1}}]}'))
    assert kept.bundles(IMAGE, DIGEST) == (b'{"a": "\\ud800"}', b'{"b": 1}')


def test_a_bundle_comes_out_as_it_was_signed(github: GitHub, kept: AttestationList) -> None:
    payload = base64.b64encode(bytes(range(256))).decode()
    bundle = {"dsseEnvelope": {"payload": payload, "n": 12345678901234567890, "t": "é"}}
    github.at(OF_ORG, _page(_inline(bundle)))
    [found] = kept.bundles(IMAGE, DIGEST)
    assert isinstance(found, bytes) and json.loads(found) == bundle


def test_who_only_imports_the_room_pays_for_neither_snappy_nor_tokens() -> None:
    code = "import sys; from registry_verifier.github import attestations, hooks, token; print(*sys.modules)"
    environment = {"PYTHONPATH": str(Path(attestations.__file__).parents[2])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not {"jwt", "cramjam", "cryptography"} & set(done.stdout.split())
