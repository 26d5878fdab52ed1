"""What a webhook of GitHub could not deliver, and its delivery again.

Source: docs.github.com/rest, "Webhooks" of repositories, organizations and Apps. For an entry E of GITHUB_HOOKS:

* `repos/acme/app/hooks/1` and `orgs/acme/hooks/2`: `GET /E/deliveries?per_page=100`, then `Link` with `cursor=…`;
  `POST /E/deliveries/{delivery_id}/attempts`, which answers 202
* `app`: `GET /app/hook/deliveries?per_page=100`, `POST /app/hook/deliveries/{delivery_id}/attempts`, as the App itself

The list is newest first. Of each row are read: `id`, `guid` (the event, the same in each of its deliveries),
`delivered_at`, `redelivery`, `status` (`OK`), `status_code`, `event`. GitHub brings nothing again by itself, and keeps
deliveries for three days: asked about less, this room counts too few attempts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github import answers
from registry_verifier.github.answers import Exceeded
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.moments import moment
from registry_verifier.models import FailedDelivery, Json
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer

EVENTS = ("package", "registry_package")
PAGES_LIMIT = 100
PAUSE = timedelta(minutes=5)
"""how long an event rests after its first redelivery; three times as long after each further one"""
ATTEMPTS_LIMIT = 8
"""with the pauses between them these fill the three days in which GitHub redelivers"""

_HOOK = re.compile(
    r"(?:repos/[A-Za-z0-9_-]{1,100}/(?!\.{1,2}/)[A-Za-z0-9._-]{1,100}|orgs/[A-Za-z0-9_-]{1,100})"
    r"/hooks/[1-9][0-9]{0,18}\Z"
)


@dataclass(frozen=True)
class _Attempt:
    id: int
    event_id: str
    at: datetime
    is_redelivery: bool
    succeeded: bool


_Event = list[_Attempt]
"""the attempts to deliver one event, newest first"""


class GitHubHook:
    """One webhook; fits the `Hook` of ports.py by shape. `named` makes it.

    `for delivery in hook.failed(since=three_days_ago): hook.redeliver(delivery)`
    """

    def __init__(self, name: str, path: str, client: GitHubClient) -> None:
        self._name = name
        self._path = path
        self._client = client
        self.given_up: tuple[FailedDelivery, ...] = ()
        """the events that failed `ATTEMPTS_LIMIT` times or more, as `failed` last saw them"""

    @property
    def name(self) -> str:
        """Its entry in GITHUB_HOOKS."""
        return self._name

    def failed(self, *, since: datetime) -> tuple[FailedDelivery, ...]:
        """The events since then none of whose deliveries succeeded, oldest first: the newest attempt, the oldest time.

        Not among them is what was brought again a moment ago, and what is `given_up`. Raises Unavailable, too where the
        list goes on behind `PAGES_LIMIT` pages and nothing on these is left to do.
        """
        events, rest = self._listed(since)
        failed = [event for event in events if not any(attempt.succeeded for attempt in event)]
        self.given_up = _newest_of(event for event in failed if len(event) >= ATTEMPTS_LIMIT)
        now = self._client.now()
        found = _newest_of(event for event in failed if len(event) < ATTEMPTS_LIMIT and not _rests(event, now))
        if rest and not found:
            raise rest
        return found

    def redeliver(self, delivery: FailedDelivery) -> None:
        """Have GitHub bring it again; raises Unavailable where GitHub does not say that it will."""
        self._client.post(f"{self._path}/{delivery.id}/attempts")

    def _listed(self, since: datetime) -> tuple[list[_Event], Exceeded | None]:
        """The events since then, and what says that there are more."""
        events: dict[str, _Event] = {}
        rest = None
        try:
            for attempt in self._attempts(since):
                events.setdefault(attempt.event_id, []).append(attempt)
        except Exceeded as error:
            rest = error
        return [sorted(event, key=lambda attempt: attempt.at, reverse=True) for event in events.values()], rest

    def _attempts(self, since: datetime) -> Iterator[_Attempt]:
        pages = self._client.pages(self._path, {"per_page": "100"}, count=PAGES_LIMIT)
        if pages is None:
            text = f"{self._path} answered 404: the hook is not there, or not for this token"
            raise Unavailable(Reason.GITHUB_FORBIDDEN, text)
        for page, answer in pages:
            ours = [_attempt(row, answer) for row in answers.rows(page, answer) if row.get("event") in EVENTS]
            yield from (attempt for attempt in ours if attempt.at >= since)
            if _is_over(page, since):
                return


def named(entry: str, client: GitHubClient | None, app_client: GitHubClient | None) -> GitHubHook:
    """The hook of one entry of GITHUB_HOOKS; SettingsError for any other text, or without the client that it needs."""
    if entry != "app" and not _HOOK.match(entry):
        expected = "expected repos/OWNER/NAME/hooks/ID, orgs/NAME/hooks/ID or app"
        raise SettingsError(f"GITHUB_HOOKS names {entry[:200]!r} ({expected})")
    asked = app_client if entry == "app" else client
    if asked is None:
        need = "the secret of a github app" if entry == "app" else "a github token or the secret of a github app"
        raise SettingsError(f"GITHUB_HOOKS names {entry!r} (expected {need} as well)")
    path = "/app/hook/deliveries" if entry == "app" else f"/{entry}/deliveries"
    return GitHubHook(entry, path, asked)


def _newest_of(events: Iterable[_Event]) -> tuple[FailedDelivery, ...]:
    oldest_first = sorted(events, key=lambda event: event[-1].at)
    return tuple(FailedDelivery(event[0].id, event[0].event_id, event[-1].at) for event in oldest_first)


def _rests(event: _Event, now: datetime) -> bool:
    redeliveries = sum(attempt.is_redelivery for attempt in event)
    return redeliveries > 0 and now < event[0].at + PAUSE * 3 ** (redeliveries - 1)


def _is_over(page: list[Json], since: datetime) -> bool:
    """Whether the next page is older still; a row without a readable time decides nothing."""
    oldest = moment(page[-1].get("delivered_at")) if page else None
    return oldest is not None and oldest < since


def _attempt(row: Json, answer: Answer) -> _Attempt:
    number, event_id, at = row.get("id"), row.get("guid"), moment(row.get("delivered_at"))
    if type(number) is not int or number < 1 or not isinstance(event_id, str) or at is None:
        raise answers.garbage(answer, "deliveries with id, guid and delivered_at")
    code = row.get("status_code")
    succeeded = row.get("status") == "OK" or (type(code) is int and 200 <= code < 300)
    return _Attempt(number, event_id, at, row.get("redelivery") is True, succeeded)
