"""The referrers API as registries have it, and as they should not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.manifest import DOCKER_LIST, OCI_INDEX
from registry_verifier.models import Digest, digest_of
from registry_verifier.reasons import Reason
from registry_verifier.registry.referrers import CANDIDATES_LIMIT, PAGE_LIMIT, PAGES_LIMIT
from tests.library.registry_wire import ABSENT, IMAGE, Reply, Wire, ask, descriptor, found, ghcr, image, index, said

PATH = f"referrers/{ABSENT}"
URL = f"/v2/acme/app/{PATH}"


def listed(wire: httpx.AsyncBaseTransport) -> tuple[Digest, ...]:
    return ask(wire, lambda client: client.referrers(IMAGE, ABSENT))


def rejection(wire: httpx.AsyncBaseTransport) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        listed(wire)
    return caught.value.reason


def failure(wire: httpx.AsyncBaseTransport) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        listed(wire)
    return caught.value


def page(*names: str, link: str = "", **changes: Any) -> httpx.Response:
    entries = [descriptor(name.encode(), **changes) for name in names]
    return found(index(*entries), OCI_INDEX, **({"Link": link} if link else {}))


def digests(*names: str) -> tuple[Digest, ...]:
    return tuple(digest_of(name.encode()) for name in names)


@pytest.mark.parametrize(
    "reply",
    [said(400), said(404), said(405)]
    + [said(status, Location="https://github.com/login") for status in (301, 302, 303, 307, 308)]
    + [found(b"<html>", "text/html"), found(index(), "application/json"), found(index(), DOCKER_LIST)]
    + [found(image()), found(index(), None)],
)
def test_a_registry_without_the_api(reply: httpx.Response) -> None:
    wire = ghcr({PATH: reply})
    assert listed(wire) == ()
    assert wire.asked == ["https://ghcr.io/token", "https://ghcr.io" + URL]


def test_an_endless_page_for_people_is_no_api_either() -> None:
    assert listed(ghcr({PATH: found(b"x" * (PAGE_LIMIT + 1), "text/html")})) == ()


def test_an_empty_list() -> None:
    assert listed(ghcr({PATH: page()})) == ()


@pytest.mark.parametrize("content_type", [OCI_INDEX + "; charset=utf-8", OCI_INDEX.upper()])
def test_the_type_may_have_parameters(content_type: str) -> None:
    assert listed(ghcr({PATH: found(index(descriptor(b"a")), content_type)})) == digests("a")


def test_each_referrer_comes_out_once_whatever_its_descriptor_says() -> None:
    wire = ghcr({PATH: page("a", "b", "a", artifactType="application/x", mediaType="text/plain")})
    assert listed(wire) == digests("a", "b")


def test_we_never_let_the_registry_filter() -> None:
    wire = ghcr({PATH: page()})
    listed(wire)
    assert wire.seen[-1].url.query == b""


@pytest.mark.parametrize(("status", "reason"), [(401, "REGISTRY_FORBIDDEN"), (403, "REGISTRY_FORBIDDEN")])
def test_a_refusal_is_not_an_empty_list(status: int, reason: str) -> None:
    assert failure(ghcr({PATH: said(status)})).reason == reason


@pytest.mark.parametrize("status", [500, 502, 503, 410, 418])
def test_an_outage_is_not_an_empty_list(status: int) -> None:
    assert failure(ghcr({PATH: said(status)})).reason is Reason.REGISTRY_UNAVAILABLE


def test_throttling_is_not_an_empty_list() -> None:
    assert failure(ghcr({PATH: said(429)})).reason is Reason.REGISTRY_THROTTLED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        index(manifests=...),
        index(manifests=[{}]),
        index(schemaVersion=1),
        index(mediaType=DOCKER_LIST),
    ],
)
def test_a_list_that_is_malformed(content: bytes) -> None:
    assert rejection(ghcr({PATH: found(content, OCI_INDEX)})) is Reason.MANIFEST_INVALID


def test_a_page_that_is_too_large() -> None:
    assert rejection(ghcr({PATH: found(b" " * (PAGE_LIMIT + 1), OCI_INDEX)})) is Reason.EVIDENCE_TOO_LARGE


def test_cve_2023_46737_too_many_referrers() -> None:
    names = [str(number) for number in range(CANDIDATES_LIMIT + 1)]
    assert len(listed(ghcr({PATH: page(*names[1:])}))) == CANDIDATES_LIMIT
    assert rejection(ghcr({PATH: page(*names)})) is Reason.TOO_MANY_CANDIDATES


@pytest.mark.parametrize(
    "link",
    [
        f'<{URL}?n=1&last=x>; rel="next"',
        f"<https://ghcr.io{URL}?last=x>; rel=next",
        f"<{URL}?before>; rel=prev, <{URL}?last=x>;rel=next",
        '<?last=x>; title="a"; REL="next"',
    ],
)
def test_the_next_page_is_followed(link: str) -> None:
    wire = ghcr({PATH: [page("a", "b", link=link), page("b", "c")]})
    assert listed(wire) == digests("a", "b", "c")
    assert "last=x" in str(wire.seen[-1].url)
    assert wire.authorizations("ghcr.io")[-1] == "Bearer t0"


def test_a_link_to_something_else_is_not_followed() -> None:
    assert listed(ghcr({PATH: page("a", link=f'<{URL}?x>; rel="prev"')})) == digests("a")


@pytest.mark.parametrize(
    "target",
    [
        f"https://evil.example{URL}",
        f"//evil.example{URL}",
        f"http://ghcr.io{URL}",
        f"https://ghcr.io:8443{URL}",
        f"https://u:p@ghcr.io{URL}",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "/v2/acme/other/referrers/x",
        "/v2/acme/application/referrers/x",
        "/v2/acme/app/../other/referrers/x",
        "/v2/acme/app/%2e%2e/other/referrers/x",
        "/token?x",
        "https://xn--/",
        "http://[::1",
    ],
)
def test_ssrf_a_link_out_of_this_repository_is_not_followed_and_not_the_end(target: str) -> None:
    wire = ghcr({PATH: page("a", link=f'<{target}>; rel="next"')})
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE
    assert len(wire.seen) == 2


def test_pages_come_to_an_end() -> None:
    wire = ghcr({PATH: page("a", link=f'<{URL}?again>; rel="next"')})
    assert rejection(wire) is Reason.TOO_MANY_CANDIDATES
    assert wire.asked.count("https://ghcr.io" + URL) == PAGES_LIMIT + 1


@pytest.mark.parametrize("second", [said(404), said(303, Location="/"), said(500), found(b"<html>", "text/html")])
def test_a_list_that_breaks_off_is_no_shorter_list(second: Reply) -> None:
    wire: Wire = ghcr({PATH: [page("a", link=f'<{URL}?x>; rel="next"'), second]})
    assert failure(wire).reason is Reason.REGISTRY_UNAVAILABLE
