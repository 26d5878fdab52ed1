"""What a hook of GitHub could not deliver: which events count as failed, what is brought again, and when it rests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github import hooks
from registry_verifier.github.hooks import GitHubHook, named
from registry_verifier.models import FailedDelivery
from registry_verifier.ports import Hook
from registry_verifier.reasons import Reason
from tests.library.github_wire import NOW, TOKEN, GitHub, Reply, client_of

ENTRY = "repos/acme/app/hooks/1"
LIST = f"/{ENTRY}/deliveries"
SINCE = NOW - timedelta(days=3)


@pytest.fixture
def hook(github: GitHub, http: httpx.Client) -> GitHubHook:
    return named(ENTRY, client_of(github, http), None)


def _row(number: int, of: str = "e1", *, minutes: float = 60, code: object = 502, **more: Any) -> dict[str, Any]:
    """A delivery so many minutes ago."""
    return {
        "id": number,
        "guid": of,
        "delivered_at": (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "redelivery": False,
        "duration": 0.27,
        "status": "OK" if code == 200 else "Invalid HTTP Response: 502",
        "status_code": code,
        "event": "package",
        "action": "published",
        "installation_id": None,
        "repository_id": 1,
        "throttled_at": None,
        **more,
    }


def _again(number: int, of: str = "e1", *, minutes: float = 60, **more: Any) -> dict[str, Any]:
    return _row(number, of, minutes=minutes, redelivery=True, **more)


def _failed(hook: GitHubHook, **options: Any) -> list[int]:
    return [delivery.id for delivery in hook.failed(**{"since": SINCE, **options})]


def test_a_hook_fits_the_port(hook: GitHubHook) -> None:
    port: Hook = hook
    assert port.name == ENTRY


def test_a_delivery_that_failed_is_named(github: GitHub, hook: GitHubHook) -> None:
    github.at(LIST, [_row(7, "guid-7", minutes=60)])
    assert hook.failed(since=SINCE) == (FailedDelivery(7, "guid-7", NOW - timedelta(minutes=60)),)
    assert github.seen[0].query == {"per_page": ["100"]}


def test_a_hook_without_deliveries_has_no_failures(github: GitHub, hook: GitHubHook) -> None:
    github.at(LIST, [])
    assert hook.failed(since=SINCE) == ()


@pytest.mark.parametrize("row", [_row(1, code=200), _row(1, code=202, status="Accepted"), _row(1, code=0, status="OK")])
def test_a_delivery_that_was_taken_is_no_failure(github: GitHub, hook: GitHubHook, row: dict[str, Any]) -> None:
    github.at(LIST, [row])
    assert _failed(hook) == []


@pytest.mark.parametrize("code", [0, 302, 404, 500, None, True, "200"])
def test_whatever_else_the_receiver_said_is_a_failure(github: GitHub, hook: GitHubHook, code: object) -> None:
    github.at(LIST, [_row(1, code=code, status="failed to connect")])
    assert _failed(hook) == [1]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_an_event_that_came_by_another_attempt_is_no_failure(
    github: GitHub, hook: GitHubHook, order: tuple[int, int]
) -> None:
    rows = {1: _row(1, minutes=60), 2: _again(2, minutes=30, code=200)}
    github.at(LIST, [rows[number] for number in order])
    assert _failed(hook) == []


def test_an_event_that_came_by_an_attempt_on_another_page_is_no_failure(github: GitHub, hook: GitHubHook) -> None:
    github.paged(LIST, [_row(3, "e2"), _again(2, code=200)], [_row(1)], name="cursor")
    assert _failed(hook) == [3]


def test_each_event_is_brought_once_oldest_first(github: GitHub, hook: GitHubHook) -> None:
    rows = [
        _again(5, "e1", minutes=20),
        _row(4, "e3", minutes=40),
        _row(3, "e2", minutes=50),
        _row(1, "e1", minutes=90),
    ]
    github.at(LIST, rows)
    found = hook.failed(since=SINCE)
    assert [(delivery.id, delivery.event_id) for delivery in found] == [(5, "e1"), (3, "e2"), (4, "e3")]
    assert found[0].delivered_at == NOW - timedelta(minutes=90), "when it was published, as far as can be told"


@pytest.mark.parametrize("event", ["push", "ping", None, ["package"]])
def test_other_events_are_nobodys_business(github: GitHub, hook: GitHubHook, event: object) -> None:
    github.at(LIST, [_row(1, event=event)])
    assert _failed(hook) == []


def test_the_event_of_an_app_counts_too(github: GitHub, hook: GitHubHook) -> None:
    github.at(LIST, [_row(1, event="registry_package")])
    assert _failed(hook) == [1]


def test_what_is_older_is_left_alone_and_ends_the_reading(github: GitHub, hook: GitHubHook) -> None:
    github.paged(LIST, [_row(3, "e3", minutes=10), _row(2, "e2", minutes=31)], [_row(1, "e1", minutes=32)])
    assert _failed(hook, since=NOW - timedelta(minutes=30)) == [3]
    assert len(github.seen) == 1


def test_an_event_that_was_just_brought_again_rests(github: GitHub, hook: GitHubHook) -> None:
    github.at(LIST, [_again(2, minutes=4), _row(1, minutes=60)])
    assert _failed(hook) == []
    github.at(LIST, [_again(2, minutes=6), _row(1, minutes=60)])
    assert _failed(hook) == [2]


def test_an_event_that_failed_a_moment_ago_for_the_first_time_does_not_rest(github: GitHub, hook: GitHubHook) -> None:
    github.at(LIST, [_row(1, minutes=0)])
    assert _failed(hook) == [1]


@pytest.mark.parametrize(("redeliveries", "rest"), [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405)])
def test_an_event_rests_longer_after_each_attempt(
    github: GitHub, hook: GitHubHook, redeliveries: int, rest: int
) -> None:
    def rows(minutes: float) -> list[dict[str, Any]]:
        return [*(_again(9 - n, minutes=minutes + n) for n in range(redeliveries)), _row(1, minutes=4000)]

    github.at(LIST, rows(rest - 1))
    assert _failed(hook) == []
    github.at(LIST, rows(rest + 1))
    assert _failed(hook) == [9]


def test_an_event_that_failed_too_often_is_given_up_and_said_so(github: GitHub, hook: GitHubHook) -> None:
    rows = [*(_again(20 - n, minutes=600 + n) for n in range(hooks.ATTEMPTS_LIMIT - 1)), _row(1, minutes=4000)]
    github.at(LIST, [_row(30, "e2"), *rows])
    assert _failed(hook) == [30]
    assert [(delivery.id, delivery.event_id) for delivery in hook.given_up] == [(20, "e1")]
    github.at(LIST, [])
    assert (_failed(hook), hook.given_up) == ([], ())


def test_the_pauses_and_attempts_fill_the_three_days_that_github_keeps() -> None:
    pauses = sum((hooks.PAUSE * 3**n for n in range(hooks.ATTEMPTS_LIMIT - 1)), timedelta())
    assert pauses > timedelta(days=3)


@pytest.mark.parametrize(
    "row",
    [
        _row(1, id=None),
        _row(1, id="1"),
        _row(1, id=True),
        _row(1, id=-1),
        _row(1, guid=None),
        _row(1, delivered_at=None),
        _row(1, delivered_at="yesterday"),
        _row(1, delivered_at="2026-11-25T12:00:00"),
        _row(1, delivered_at="0001-01-01T00:00:00+14:00"),
        "row",
        None,
    ],
)
def test_a_delivery_that_cannot_be_read_is_no_silence(github: GitHub, hook: GitHubHook, row: object) -> None:
    github.at(LIST, [row])
    with pytest.raises(Unavailable, match="expected (deliveries|a list)") as raised:
        hook.failed(since=SINCE)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE


@pytest.mark.parametrize("page", [{}, {"deliveries": []}, "x", None, 5])
def test_a_list_that_is_none_is_no_silence(github: GitHub, hook: GitHubHook, page: object) -> None:
    github.at(LIST, page)
    with pytest.raises(Unavailable, match="expected a list of objects"):
        hook.failed(since=SINCE)


def test_a_list_that_is_too_long_gives_what_its_newest_pages_have(github: GitHub, hook: GitHubHook) -> None:
    pages = [
        [_row(1000 - n, f"e{n}", minutes=n / 100, code=502 if n == 3 else 200)] for n in range(hooks.PAGES_LIMIT + 1)
    ]
    github.paged(LIST, *pages)
    assert _failed(hook) == [997]
    assert len(github.seen) == hooks.PAGES_LIMIT


def test_a_list_that_is_too_long_is_said_when_nothing_is_left_to_do(github: GitHub, hook: GitHubHook) -> None:
    pages = [[_row(1000 - n, f"e{n}", minutes=n / 100, code=200)] for n in range(hooks.PAGES_LIMIT + 1)]
    github.paged(LIST, *pages)
    with pytest.raises(Unavailable, match="more than 100 pages"):
        hook.failed(since=SINCE)


def test_a_hook_that_is_not_there_is_not_one_without_failures(hook: GitHubHook) -> None:
    with pytest.raises(Unavailable, match="the hook is not there, or not for this token") as raised:
        hook.failed(since=SINCE)
    assert raised.value.reason is Reason.GITHUB_FORBIDDEN


def test_a_delivery_is_brought_again_by_its_number(github: GitHub, hook: GitHubHook) -> None:
    github.at(f"{LIST}/7/attempts", Reply({}, 202))
    hook.redeliver(FailedDelivery(7, "guid-7", NOW))
    assert github.asked == [f"POST {LIST}/7/attempts"]
    assert github.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, Reason.GITHUB_FORBIDDEN), (404, Reason.GITHUB_FORBIDDEN), (422, Reason.GITHUB_UNAVAILABLE)],
)
def test_a_redelivery_that_is_refused_is_no_redelivery(
    github: GitHub, hook: GitHubHook, status: int, reason: Reason
) -> None:
    github.at(f"{LIST}/7/attempts", Reply({"message": "no"}, status))
    with pytest.raises(Unavailable, match=f"answered {status}: no") as raised:
        hook.redeliver(FailedDelivery(7, "guid-7", NOW))
    assert raised.value.reason is reason


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("repos/acme/app/hooks/1", "/repos/acme/app/hooks/1/deliveries"),
        ("repos/Acme-1/.github/hooks/12345678901", "/repos/Acme-1/.github/hooks/12345678901/deliveries"),
        ("orgs/acme/hooks/2", "/orgs/acme/hooks/2/deliveries"),
    ],
)
def test_an_entry_is_asked_by_its_own_path(github: GitHub, http: httpx.Client, entry: str, path: str) -> None:
    github.at(path, [_row(1)])
    hook = named(entry, client_of(github, http), None)
    assert (_failed(hook), hook.name) == ([1], entry)


def test_the_hook_of_an_app_is_asked_as_the_app_itself(github: GitHub, http: httpx.Client) -> None:
    github.at("/app/hook/deliveries", [_row(1)])
    github.at("/app/hook/deliveries/1/attempts", Reply({}, 202))
    hook = named("app", client_of(github, http), client_of(github, http, token=lambda: "jwt"))
    hook.redeliver(hook.failed(since=SINCE)[0])
    assert github.asked == ["GET /app/hook/deliveries", "POST /app/hook/deliveries/1/attempts"]
    assert {seen.headers["authorization"] for seen in github.seen} == {"Bearer jwt"}


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "App",
        "app/",
        "repos/acme/app",
        "repos/acme/hooks/1",
        "repos/acme/app/hooks/0",
        "repos/acme/app/hooks/x",
        "repos/acme/app/hooks/1/",
        "repos/acme/app/hooks/1\n",
        "repos/acme/../hooks/1",
        "repos/acme/./hooks/1",
        "repos/../app/hooks/1",
        "/repos/acme/app/hooks/1",
        "repos/acme/app/hooks/1?x=1",
        "repos/acme/app#/hooks/1",
        "repos/acme/a%2fb/hooks/1",
        "orgs/acme/hooks/99999999999999999999",
        "users/alice/hooks/1",
        "https://api.github.com/orgs/acme/hooks/1",
    ],
)
def test_an_entry_that_names_no_hook_is_refused(github: GitHub, http: httpx.Client, entry: str) -> None:
    asked = client_of(github, http)
    with pytest.raises(SettingsError, match="GITHUB_HOOKS names .*expected repos/OWNER/NAME/hooks/ID"):
        named(entry, asked, asked)


@pytest.mark.parametrize("entry", ["app", ENTRY])
def test_an_entry_without_whoever_may_ask_is_refused(github: GitHub, http: httpx.Client, entry: str) -> None:
    other = client_of(github, http)
    with pytest.raises(SettingsError, match=r"expected .*secret of a github app as well"):
        named(entry, other if entry == "app" else None, None if entry == "app" else other)
