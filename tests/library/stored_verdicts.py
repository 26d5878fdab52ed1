"""Stored verdicts for questions: in memory, and in the real table; and a client that holds answers to their shapes."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import ConfigDict, TypeAdapter

from registry_verifier import drift, verdict_view, verification_id
from registry_verifier.answer import PROBLEM
from registry_verifier.answer_table import AnswerTable
from registry_verifier.errors import Unavailable
from registry_verifier.incident import Incident
from registry_verifier.incident_table import IncidentTable
from registry_verifier.listing import Listing, Placed, Run, Sight, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.query import operations, router
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import Verdicts, World
from registry_verifier.question import reading
from registry_verifier.question.request import Access, Request
from registry_verifier.reasons import Status
from registry_verifier.seal import Seal
from registry_verifier.shapes.gates import Problem
from registry_verifier.verdict_document import timestamp
from registry_verifier.watched import TagPointer
from tests.fakes import FakeLooks
from tests.library.verdicts import NOW, TABLE, table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
TODAY = NOW + timedelta(days=1)


class Shelf(Verdicts, Protocol):
    """Stored verdicts, and how a test puts them there."""

    def put(self, state: State) -> None:
        """Store a first record."""

    def supersede(self, old: State, new: State) -> State:
        """Replace a verdict as verify does, once the run is kept; returns what is stored."""

    def keep_run(self, state: State, replaced_at: datetime) -> None:
        """The first half of that alone: whoever did it was stopped then."""

    def point(self, old: TagPointer | None, new: TagPointer) -> None:
        """Remember what a tag points to."""

    def tell(self, incident: Incident) -> None:
        """Remember an incident."""

    def keep_looked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """Remember that a look took place."""

    def keep_unseen(self, image: ImageName, digest: Digest, since: datetime | None) -> None:
        """Remember since when nobody can look."""


class Memory:
    """As query.world.Verdicts, in memory; `read` counts the records of each call, `down` makes all of them fail."""

    def __init__(self) -> None:
        self.states: dict[tuple[ImageName, Digest], State] = {}
        self.runs: dict[tuple[ImageName, Digest], dict[str, Run]] = {}
        self.sights: dict[tuple[ImageName, Digest], Sight] = {}
        self.pointers: dict[tuple[ImageName, str], TagPointer] = {}
        self.told: list[Incident] = []
        self.down: Unavailable | None = None
        self.read: list[int] = []

    def put(self, state: State) -> None:
        self.states[(state.image, state.digest)] = state

    def supersede(self, old: State, new: State) -> State:
        self.keep_run(old, verdict_view.made_at(new))
        self.put(replace(new, version=old.version + 1))
        return self.states[(new.image, new.digest)]

    def keep_run(self, state: State, replaced_at: datetime) -> None:
        document, made_at = drift.without_marks(state.document), verdict_view.made_at(state)
        run = Run(state.image, state.digest, state.status, document, made_at, replaced_at)
        mine = self.runs.setdefault((state.image, state.digest), {})
        mine.setdefault(verification_id.position(made_at, state.document), run)

    def point(self, old: TagPointer | None, new: TagPointer) -> None:
        self.pointers[(new.image, new.tag)] = new

    def tell(self, incident: Incident) -> None:
        self.told.append(incident)

    def keep_looked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        self.sights[(image, digest)] = replace(self.sights.get((image, digest), Sight()), checked_at=at)

    def keep_unseen(self, image: ImageName, digest: Digest, since: datetime | None) -> None:
        self.sights[(image, digest)] = replace(self.sights.get((image, digest), Sight()), unseen_since=since)

    def state(self, image: ImageName, digest: Digest) -> State | None:
        self._count(1)
        return self.states.get((image, digest))

    def sight(self, image: ImageName, digest: Digest) -> Sight:
        self._count(1)
        return self.sights.get((image, digest), Sight())

    def history(self, image: ImageName, digest: Digest, *, limit: int, after: str | None) -> Listing[Run]:
        return self._page(self.runs.get((image, digest), {}).items(), limit, Window(after=after))

    def run(self, image: ImageName, digest: Digest, position: str) -> Run | None:
        self._count(1)
        return self.runs.get((image, digest), {}).get(position)

    def run_at(self, image: ImageName, digest: Digest, moment: datetime) -> Run | None:
        self._count(1)
        made = {place: run for place, run in self.runs.get((image, digest), {}).items() if run.verified_at <= moment}
        return made[max(made)] if made else None

    def images_with_records(self, *, limit: int, after: str | None) -> Listing[ImageName]:
        return self._by_name(((str(image), image) for image, _ in self.states), limit, after)

    def records(self, *, limit: int, window: Window) -> Listing[State]:
        own = (state for state in self.states.values() if state.document.get("kind") != "child")
        return self._page(((_place(state.first_seen, state), state) for state in own), limit, window)

    def records_of_image(self, image: ImageName, *, limit: int, window: Window) -> Listing[State]:
        mine = (state for state in self.states.values() if state.image == image)
        entries = ((f"{timestamp(state.first_seen)}#{state.digest}", state) for state in mine)
        return self._page(entries, limit, window)

    def records_of_status(self, status: Status, *, limit: int, window: Window) -> Listing[State]:
        assert status in (Status.FAILED, Status.UNKNOWN)
        own = (state for state in self.states.values() if state.document.get("kind") != "child")
        entries = ((_place(verdict_view.made_at(state), state), state) for state in own if state.status is status)
        return self._page(entries, limit, window)

    def tags(self, image: ImageName, *, limit: int, after: str | None) -> Listing[TagPointer]:
        mine = ((tag, pointer) for (of, tag), pointer in self.pointers.items() if of == image)
        return self._by_name(mine, limit, after)

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        self._count(1)
        return self.pointers.get((image, tag))

    def incidents(self, *, limit: int, window: Window) -> Listing[Incident]:
        entries = ((f"{timestamp(one.first_seen)}#{one.image}@{one.digest}#{one.key}", one) for one in self.told)
        return self._page(entries, limit, window)

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        self._count(1)
        return [one for one in self.told if (one.image, one.digest) == (image, digest)]

    def _page(self, entries: Iterable[tuple[str, T]], limit: int, window: Window) -> Listing[T]:
        """The newest of them: every position begins with a time."""
        since = timestamp(window.since) if window.since else ""
        before = min([end for end in (window.after, window.until and timestamp(window.until)) if end], default="~")
        return self._cut(sorted((e for e in entries if since <= e[0] < before), key=_position, reverse=True), limit)

    def _by_name(self, entries: Iterable[tuple[str, T]], limit: int, after: str | None) -> Listing[T]:
        named = {place: value for place, value in entries if place > (after or "")}
        return self._cut(sorted(named.items(), key=_position), limit)

    def _cut(self, ordered: Sequence[tuple[str, T]], limit: int) -> Listing[T]:
        assert 1 <= limit <= 100
        self._count(len(ordered[:limit]))
        more = ordered[limit - 1][0] if len(ordered) > limit else None
        return Listing(tuple(Placed(place, value) for place, value in ordered[:limit]), more)

    def _count(self, records: int) -> None:
        self.read.append(records)
        if self.down:
            raise self.down


def _place(moment: datetime, state: State) -> str:
    return f"{timestamp(moment)}#{state.image}@{state.digest}"


def _position(entry: tuple[str, object]) -> str:
    return entry[0]


class Table(AnswerTable):
    """The real table."""

    told: Callable[[Incident], None]

    def put(self, state: State) -> None:
        self.record(None, state)

    def supersede(self, old: State, new: State) -> State:
        stored = self.state(old.image, old.digest)
        assert stored is not None
        self.keep_run(stored, verdict_view.made_at(new))
        self.record(stored, replace(new, version=stored.version + 1))
        found = self.state(new.image, new.digest)
        assert found is not None
        return found

    def tell(self, incident: Incident) -> None:
        self.told(incident)

    @property
    def client(self) -> DynamoDBClient:
        return self._client

    def clear(self) -> None:
        for item in self._client.scan(TableName=TABLE)["Items"]:
            self._client.delete_item(TableName=TABLE, Key={name: item[name] for name in ("PK", "SK")})


@contextmanager
def in_table() -> Iterator[Table]:
    """A table in moto; making one takes longer than a test, so `emptied` makes it empty again."""
    with table() as client:
        yield _table(client)


def _table(client: DynamoDBClient) -> Table:
    made = Table(client, TABLE, now=lambda: TODAY)
    made.told = IncidentTable(client, TABLE, now=lambda: TODAY).keep
    return made


def emptied(verdicts: Table) -> Table:
    """The same table without what is in it, as a new process sees it."""
    verdicts.clear()
    return _table(verdicts.client)


class Api:
    """Asks every operation there is, and holds each answer to what the operation says of it."""

    def __init__(self, verdicts: Verdicts, **changes: Any) -> None:
        given: dict[str, Any] = {"seal": lambda: Seal((b"k" * 32,)), "policies": tuple, "now": lambda: TODAY} | changes
        self.world = World(verdicts=verdicts, looks=FakeLooks(), **given)
        self.headers: dict[str, str] = {}
        """of the last answer"""

    def get(self, path: str, access: Access = Access.TRUSTED) -> Any:
        """The body of a 200."""
        status_code, body = self.ask(path, access)
        assert status_code == 200, body
        return body

    def refused(self, path: str) -> tuple[int, str, str]:
        """Status code, code and detail of a problem."""
        status_code, body = self.ask(path)
        return status_code, body["code"], body["detail"]

    def items(self, path: str) -> list[Any]:
        """All items of a list, page by page, as its links lead."""
        found, at = [], path
        for _ in range(100):
            body = self.get(at)
            found += body["items"]
            assert ("Link" in self.headers) == (body["next_cursor"] is not None)
            if "Link" not in self.headers:
                return found
            at = path.partition("?")[0] + self.headers["Link"].partition(">")[0].removeprefix("<")
        raise AssertionError("the list has no end")

    def ask(self, path: str, access: Access = Access.TRUSTED) -> tuple[int, Any]:
        """Status code and body."""
        path, _, query = path.partition("?")
        sent = router.answer(Request("GET", path, query, access=access), self.world, operations.ALL)
        body = json.loads(sent.body)
        self.headers = dict(sent.headers)
        _hold(_operation(path), sent.status_code, body, sent.headers["Content-Type"])
        return sent.status_code, body


def _operation(path: str) -> Operation:
    parts = reading.parts_of(path)
    fitting = [one for one in operations.ALL if one.method == "GET" and reading.captured(one.path, parts) is not None]
    return max(fitting, key=lambda one: router.specificity(one.path))


def _hold(operation: Operation, status_code: int, body: Any, media_type: str) -> None:
    reply = operation.replies.get(status_code)
    assert reply or status_code in (400, 503), f"{operation.name} says nothing of a {status_code}"
    assert media_type == (reply.media_type if reply else PROBLEM)
    hold_to(reply.shape if reply else Problem, body)


def hold_to(shape: Any, body: Any) -> None:
    """Fails where the body lacks a member of its shape, has another one, or one of another type."""
    _adapter(shape).validate_python([body], strict=True)


@functools.cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    listed: Any = GenericAlias(list, (shape,))
    return TypeAdapter(listed, config=ConfigDict(extra="forbid"))
