"""The sample as a world for questions: its records in a table, as verify, notify and the sweep leave them.

Everything is told from one moment, so that a sample of the same moment is the same to the byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.sample.calendar import PUBLIC, publishes
from local.sample.publish import Publish
from local.sample.stories import of_child
from local.simulation.table import Table
from registry_verifier import configuration, verdict_document
from registry_verifier.answer_table import AnswerTable
from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.incident_table import IncidentTable
from registry_verifier.models import Digest, ImageName, Look, State, Verdict, parse_tag
from registry_verifier.policy.model import Policy
from registry_verifier.query.world import World
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import ChildState
from registry_verifier.seal import Seal
from registry_verifier.watched import TagPointer

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
_FOLDER = Path(__file__).parent
_GRACE = timedelta(minutes=15)
_SWEPT = timedelta(hours=9)
"""how long ago the sweep had everything looked at"""
_KINDS = {Status.FAILED: Kind.FAILED, Status.UNKNOWN: Kind.UNKNOWN, Status.NO_POLICY: Kind.NO_POLICY}
_LOOKED_AT = (ChildState.VERIFIED, ChildState.COVERED, ChildState.WRONG)


class Asked:
    """A queue of looks that somebody asked for and nobody takes."""

    def __init__(self) -> None:
        self.looks: list[Look] = []

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """As ports.Looks."""
        self.looks.append(look)


@dataclass(frozen=True)
class Sample:
    """The world, and the truth about it."""

    world: World
    records: Sequence[State]
    """what was published, children of indexes left out, newest first"""

    def of(self, *images: ImageName) -> list[State]:
        """The records of some repositories, newest first."""
        return [state for state in self.records if state.image in images]

    def with_status(self, status: Status) -> list[State]:
        """The records that have a status now, newest first."""
        return [state for state in self.records if state.status is status]

    def each_day(self, *statuses: Status) -> Mapping[date, int]:
        """How many were published on each day (UTC) that have one of these statuses now; all where none is named."""
        mine = (state for state in self.records if not statuses or state.status in statuses)
        return Counter(state.first_seen.date() for state in mine)


def sample(now: datetime = NOW, *, public: frozenset[ImageName] = PUBLIC) -> Sample:
    """The sample as it is at a moment."""
    keeper = _Keeper(now)
    stored = [(one, keeper.keep(one, story(one))) for one, story in publishes(now)]
    world = World(
        verdicts=keeper.table,
        looks=Asked(),
        seal=lambda: Seal((b"a seal that is as good as any other",)),
        policies=policies,
        now=lambda: now,
        public_images=public,
        owners=frozenset({"acme"}),
    )
    return Sample(world, [keeper.swept(state) for _, state in reversed(stored)])


def policies() -> Sequence[Policy]:
    """The policies by which everything in the sample was judged."""
    return configuration.checked(configuration.every_policy(_FOLDER)).policies


class _Keeper:
    """Keeps records as the functions do."""

    def __init__(self, now: datetime) -> None:
        client: Any = Table()
        self._now = now
        self.table = AnswerTable(client, "sample", now=lambda: now)
        self._incidents = IncidentTable(client, "sample", now=lambda: now)

    def keep(self, publish: Publish, verdicts: Sequence[Verdict]) -> State:
        """What became of one publish; the state that stands."""
        *_, state = self._recorded(publish, verdicts)
        for row in verdicts[-1].children_table:
            if row.state in _LOOKED_AT:
                child = replace(publish, at=publish.at - timedelta(seconds=20), tags=())
                list(self._recorded(child, (of_child(verdicts[-1], row),)))
        for tag in publish.tags:
            self._point(publish, tag)
        if state.status is Status.VERIFIED:
            looked = max(verdicts[-1].verified_at, self._now - _SWEPT)
            self.table.keep_looked(state.image, state.digest, looked)
        for incident in _incidents(state, verdicts):
            self._incidents.keep(incident)
        return state

    def swept(self, state: State) -> State:
        """The state with what the sweep found out about its tags."""
        pointers = [self.table.pointer(state.image, tag) for tag in state.tags]
        moved = {one.tag: one.digest for one in pointers if one and one.digest != state.digest}
        if not moved:
            return state
        marks = [{"code": Reason.TAG_MOVED.value, "text": f"tag {t} points to {d} now"} for t, d in moved.items()]
        superseded_by = next(iter(moved.values())) if len(moved) == len(state.tags) else None
        document = {
            **state.document,
            "drift": [*state.document["drift"], *marks],
            "superseded_by": superseded_by,
        }
        marked = replace(state, version=state.version + 1, document=document)
        self.table.record(state, marked)
        self._end_superseded(marked)
        return marked

    def _recorded(self, publish: Publish, verdicts: Sequence[Verdict]) -> Iterator[State]:
        old: State | None = None
        for number, verdict in enumerate(verdicts):
            state = State(
                image=verdict.image,
                digest=verdict.digest,
                version=number + 1,
                status=verdict.status,
                document=verdict_document.write(verdict),
                first_seen=publish.at,
                deadline=publish.at + _GRACE,
                tags=publish.tags,
                actor=publish.actor,
                deliveries=(f"{publish.digest[7:15]}-0000-4000-8000-000000000000",),
            )
            if old and old.status is not Status.PENDING:
                self.table.keep_run(old, verdict.verified_at)
            self.table.record(old, state)
            yield state
            old = state

    def _point(self, publish: Publish, tag: str) -> None:
        try:
            parse_tag(tag)
        except ValueError:  # no registry takes it: only a webhook can have said so
            return
        old = self.table.pointer(publish.image, tag)
        first = TagPointer(publish.image, tag, publish.digest, publish.at)
        self.table.point(old, old.moved(publish.digest, publish.at) if old else first)

    def _end_superseded(self, state: State) -> None:
        for incident in self._incidents.of_digest(state.image, state.digest):
            if state.document["superseded_by"] and incident.is_open:
                self._incidents.keep(replace(incident, ending=Ending.SUPERSEDED, version=state.version))


def _incidents(state: State, verdicts: Sequence[Verdict]) -> Iterator[Incident]:
    """What people were told: of each class of trouble once, and whether it is over."""
    troubled = {_KINDS[one.status]: one for one in verdicts if one.status in _KINDS}
    for kind, verdict in troubled.items():
        failing = next((policy.name for policy in verdict.policies if not policy.holds), "")
        yield Incident(
            image=state.image,
            digest=Digest(state.digest),
            key=Key(kind, failing if kind is Kind.FAILED else ""),
            first_seen=state.first_seen,
            channel="#releases",
            version=state.version,
            ts=f"{int(verdict.verified_at.timestamp())}.000100",
            ending=Ending.VERIFIED if state.status is Status.VERIFIED else None,
            reasons=tuple(cause.code.value for cause in verdict.causes),
        )
