"""Asking GitHub over a real socket: what is sent, waited for and refused, and that the token stands nowhere."""

from __future__ import annotations

import gzip
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github import client, exchange
from registry_verifier.github.answers import Exceeded
from registry_verifier.github.client import GitHubClient
from registry_verifier.reasons import Reason
from tests.library.github_wire import NOW, TOKEN, GitHub, Reply, Waits, client_of

PATH = "/orgs/acme/things"


def _listed(asked: GitHubClient, path: str = PATH, **options: Any) -> list[Any] | None:
    pages = asked.pages(path, {"per_page": "100"}, **{"count": 3, **options})
    return None if pages is None else [page for page, _ in pages]


def _fails(asked: GitHubClient, path: str = PATH, **options: Any) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        _listed(asked, path, **options)
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    shown = "".join(traceback.format_exception(raised.value))
    assert TOKEN not in shown
    return raised.value


def _scripted(handler: Any) -> GitHubClient:
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return GitHubClient(http, lambda: TOKEN, api_url="https://api.github.com", now=lambda: NOW, sleep=Waits())


def test_a_request_says_who_asks_and_by_which_version(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, [])
    assert _listed(client_of(github, http)) == [[]]
    [seen] = github.seen
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["x-github-api-version"] == "2022-11-28"
    assert seen.headers["accept"] == "application/vnd.github+json"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["user-agent"] == "registry-verifier"
    assert seen.query == {"per_page": ["100"]}


def test_an_api_below_a_path_is_asked_there(github: GitHub, http: httpx.Client) -> None:
    github.at("/api/v3" + PATH, ["there"])
    assert _listed(client_of(github, http, api_url=f"{github.url}/api/v3/")) == [["there"]]


def test_pages_are_followed_to_the_last(github: GitHub, http: httpx.Client) -> None:
    github.paged(PATH, ["a"], ["b"], ["c"])
    assert _listed(client_of(github, http)) == [["a"], ["b"], ["c"]]
    assert [seen.query.get("page") for seen in github.seen] == [None, ["2"], ["3"]]


def test_a_page_is_asked_for_when_it_is_needed(github: GitHub, http: httpx.Client) -> None:
    github.paged(PATH, ["a"], ["b"])
    pages = client_of(github, http).pages(PATH, {}, count=3)
    assert pages is not None and next(pages)[0] == ["a"]
    assert len(github.seen) == 1


def test_one_page_more_than_wanted_is_said(github: GitHub, http: httpx.Client) -> None:
    github.paged(PATH, ["a"], ["b"], ["c"], ["d"])
    error = _fails(client_of(github, http))
    assert isinstance(error, Exceeded) and "more than 3 pages" in str(error)
    assert len(github.seen) == 3


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v3/orgs/acme/things?page=2",
        "http://127.0.0.1:1/api/v3/orgs/acme/things?page=2",
        "http://user@{host}/api/v3/orgs/acme/things?page=2",
        "https://{host}/api/v3/orgs/acme/things",
        "/outside",
        "/api/v3/../../outside",
        "http://[",
    ],
)
def test_a_page_elsewhere_is_not_asked_for(github: GitHub, http: httpx.Client, link: str) -> None:
    target = link.format(host=github.url.removeprefix("http://"))
    github.at("/api/v3" + PATH, Reply([], headers={"Link": f'<{target}>; rel="next"'}))
    error = _fails(client_of(github, http, api_url=f"{github.url}/api/v3"))
    assert error.reason is Reason.GITHUB_UNAVAILABLE and "expected the same origin" in str(error)
    assert len(github.seen) == 1


@pytest.mark.parametrize("link", ["garbage", '<>; rel="prev"', ";;;,,,<", "<", '<x>; rel=""', "<x>; rel"])
def test_a_link_that_names_no_next_page_ends_the_list(github: GitHub, http: httpx.Client, link: str) -> None:
    github.at(PATH, Reply(["a"], headers={"Link": link}))
    assert _listed(client_of(github, http)) == [["a"]]


def test_a_page_that_links_to_itself_is_not_read_for_ever(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply(["a"], headers={"Link": '<>; rel="next"'}))
    assert isinstance(_fails(client_of(github, http)), Exceeded)


def test_what_is_not_there_is_none(github: GitHub, http: httpx.Client) -> None:
    assert _listed(client_of(github, http)) is None


def test_a_refusal_is_told_at_once_and_not_when_the_first_page_is_read(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply({"message": "no"}, 403))
    with pytest.raises(Unavailable):
        client_of(github, http).pages(PATH, {}, count=1)


def test_what_is_gone_on_the_second_page_is_not_the_end(github: GitHub, http: httpx.Client) -> None:
    github.paged(PATH, ["a"], ["b"])
    github.replies[PATH][1] = Reply({"message": "Not Found"}, 404)
    assert _fails(client_of(github, http)).reason is Reason.GITHUB_FORBIDDEN


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.GITHUB_FORBIDDEN),
        (403, Reason.GITHUB_FORBIDDEN),
        (301, Reason.GITHUB_UNAVAILABLE),
        (302, Reason.GITHUB_UNAVAILABLE),
        (400, Reason.GITHUB_UNAVAILABLE),
        (410, Reason.GITHUB_UNAVAILABLE),
        (422, Reason.GITHUB_UNAVAILABLE),
        (500, Reason.GITHUB_UNAVAILABLE),
        (502, Reason.GITHUB_UNAVAILABLE),
        (503, Reason.GITHUB_UNAVAILABLE),
        (204, Reason.GITHUB_UNAVAILABLE),
    ],
)
def test_another_status_says_what_it_means(github: GitHub, http: httpx.Client, status: int, reason: Reason) -> None:
    body = b"" if status == 204 else {"message": "Resource not accessible"}
    github.at(PATH, Reply(body, status, {"Location": f"{github.url}/other"}))
    error = _fails(client_of(github, http))
    assert (error.reason, error.retry_after) == (reason, None)
    assert f"answered {status}" in str(error) and ("Resource not accessible" in str(error) or status == 204)
    assert len(github.seen) == 1, "a redirect is not followed"


def test_an_outage_may_name_its_end(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply(b"", 503, {"Retry-After": "90"}))
    error = _fails(client_of(github, http))
    assert (error.reason, error.retry_after) == (Reason.GITHUB_UNAVAILABLE, 90.0)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"Retry-After": "30"}, "", 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 120)}, "", 120.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 5000)}, "", 900.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, "", 60.0),
        ({"x-ratelimit-remaining": "0"}, "", 60.0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "9"}, "You have exceeded a secondary rate limit", 60.0),
        ({"Retry-After": "99999"}, "", 900.0),
        ({"Retry-After": "someday"}, "", 60.0),
    ],
)
def test_a_limit_is_told_from_a_refusal_and_names_a_time(
    github: GitHub, http: httpx.Client, status: int, headers: dict[str, str], message: str, seconds: float
) -> None:
    github.at(PATH, Reply({"message": message}, status, headers))
    waits = Waits()
    error = _fails(client_of(github, http, waits))
    assert (error.reason, error.retry_after, waits) == (Reason.GITHUB_THROTTLED, seconds, [])


@pytest.mark.parametrize(("named", "waited"), [("2", 2.0), ("0", 1.0)])
def test_a_short_limit_is_waited_for(github: GitHub, http: httpx.Client, named: str, waited: float) -> None:
    github.at(PATH, Reply(b"", 429, {"Retry-After": named}), ["a"])
    waits = Waits()
    assert (_listed(client_of(github, http, waits)), waits) == ([["a"]], [waited])


def test_a_short_limit_is_waited_for_once(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply(b"", 403, {"Retry-After": "1"}))
    waits = Waits()
    assert _fails(client_of(github, http, waits)).reason is Reason.GITHUB_THROTTLED
    assert (waits, len(github.seen)) == ([1.0], 2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[NaN]", b"[" * 5000, b'{"a":1,"a":2}', b"[1e999]"])
def test_what_is_no_json_is_unavailable(github: GitHub, http: httpx.Client, body: bytes) -> None:
    github.at(PATH, Reply(body))
    error = _fails(client_of(github, http))
    assert error.reason is Reason.GITHUB_UNAVAILABLE and "expected json" in str(error)


def test_an_answer_larger_than_the_limit_is_not_read(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply(b'["' + b"a" * 2000 + b'"]'))
    error = _fails(client_of(github, http), size=1000)
    assert isinstance(error, Exceeded) and "more than 1000 bytes" in str(error)


def test_a_compressed_answer_is_not_unpacked(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply(gzip.compress(b"[]"), headers={"Content-Encoding": "gzip"}))
    assert "DecodingError" in str(_fails(client_of(github, http)))


def test_a_server_that_hangs_is_unavailable(github: GitHub) -> None:
    github.at(PATH, Reply([], seconds=0.5))
    with httpx.Client(timeout=0.1, trust_env=False) as http:
        assert "ReadTimeout" in str(_fails(client_of(github, http)))


class _Drip(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.02)
            yield b" "


def test_an_answer_that_drips_is_given_up() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=_Drip())))
    url = httpx.URL("https://api.github.com/x?s3cr3t")
    with pytest.raises(Unavailable, match="GET api.github.com/x failed: TimeoutError"):
        exchange.send(http, exchange.Request("GET", url, {}, 1000, seconds=0.05))


def test_a_server_that_is_not_there_is_unavailable(http: httpx.Client) -> None:
    asked = GitHubClient(http, lambda: TOKEN, api_url="http://127.0.0.1:1", now=lambda: NOW)
    assert "ConnectError" in str(_fails(asked))


def test_a_connection_that_broke_is_tried_once_more() -> None:
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        return httpx.Response(200, json=["a"])

    assert _listed(_scripted(handler)) == [["a"]]


def _foreign() -> list[Exception]:
    """Every error of httpx, made with the request that it carries, and what sockets and codecs raise."""
    request = httpx.Request("GET", "https://api.github.com", headers={"Authorization": f"Bearer {TOKEN}"})
    found: list[Exception] = []
    for kind in vars(httpx).values():
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        if issubclass(kind, httpx.RequestError):
            found.append(kind(TOKEN, request=request))
        elif kind is httpx.HTTPStatusError:
            found.append(httpx.HTTPStatusError(TOKEN, request=request, response=httpx.Response(500)))
        elif kind in (httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead):
            found.append(kind())
        else:
            found.append(kind(TOKEN))
    return [*found, OSError(TOKEN), TimeoutError(TOKEN), UnicodeEncodeError("ascii", TOKEN, 0, 1, ""), OverflowError()]


@pytest.mark.parametrize("error", _foreign(), ids=lambda error: type(error).__name__)
def test_no_error_from_elsewhere_comes_through_and_none_shows_the_token(error: Exception) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    said = _fails(_scripted(handler))
    assert said.reason is Reason.GITHUB_UNAVAILABLE and type(error).__name__ in str(said)


def test_an_answer_that_echoes_the_token_is_not_quoted(github: GitHub, http: httpx.Client) -> None:
    github.at(PATH, Reply({"message": f"Bad credentials: {TOKEN}"}, 401))
    assert "Bad credentials: ***" in str(_fails(client_of(github, http)))


@pytest.mark.parametrize("message", [None, 5, {"a": 1}, "\x1b[31m" + "x" * 5000])
def test_a_message_is_printable_and_short(github: GitHub, http: httpx.Client, message: object) -> None:
    github.at(PATH, Reply({"message": message}, 500))
    text = str(_fails(client_of(github, http)))
    assert text.isprintable() and len(text) < 400


@pytest.mark.parametrize("token", ["", "a b", "tök", "ghp_s3cr3t\nX: y", "x" * 5000])
def test_a_token_that_cannot_stand_in_a_header_is_not_sent(github: GitHub, http: httpx.Client, token: str) -> None:
    error = _fails(client_of(github, http, token=lambda: token))
    assert error.reason is Reason.SECRET_UNAVAILABLE and github.seen == []
    assert not token or token not in str(error)


def test_no_log_shows_the_token_or_a_query(
    github: GitHub, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    github.at(PATH, ["a"])
    with caplog.at_level(logging.DEBUG):
        client_of(github, http).pages(PATH, {"cursor": "v1_s3cr3t"}, count=1)
    assert github.seen and "s3cr3t" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "ftp://api.github.com",
        "https://user:pass@api.github.com",
        "https://api.github.com?x=1",
        "https://api.github.com#x",
        "api.github.com",
        "https://",
        "",
        "http://127.0.0.1.evil.example",
    ],
)
def test_an_api_url_that_cannot_be_used_is_refused(http: httpx.Client, url: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_API_URL"):
        GitHubClient(http, lambda: TOKEN, api_url=url)


def test_posting_to_what_is_not_there_is_no_success(github: GitHub, http: httpx.Client) -> None:
    with pytest.raises(Unavailable, match="POST 127.0.0.1/x answered 404: Not Found") as raised:
        client_of(github, http).post("/x")
    assert raised.value.reason is Reason.GITHUB_FORBIDDEN


def test_the_public_api_is_the_default() -> None:
    assert client.API_URL == "https://api.github.com"
