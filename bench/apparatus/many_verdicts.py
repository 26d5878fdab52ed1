"""Tables that hold few verdicts or very many, of which the newest are the same.

The newest are written by the code that verify and notify write with. Behind them are copies of what that code wrote,
under digests, repositories, tags and times of their own, with documents that they share. Seven of ten are of one
repository, three of ten are FAILED and have an incident, each has a tag, one of ten has a child beside it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.apparatus.packed_table import Packed, PackedTable
from local.sample.publish import Publish, complete, verdict
from local.simulation.table import Table
from registry_verifier import verdict_document
from registry_verifier.answer_table import AnswerTable
from registry_verifier.incident import Incident, Key, Kind
from registry_verifier.incident_table import IncidentTable
from registry_verifier.models import ImageName, State
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause
from registry_verifier.verdict_document import timestamp
from registry_verifier.watched import TagPointer

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
APP = ImageName("ghcr.io", "acme/app")
TABLE = "verdicts"
NEWEST = 110
"""more than the longest page: a list that ends is followed to its oldest month, which costs up to 7 units more"""
RUNS = 30
"""that the newest digest replaced; ten times as many where there are more verdicts"""
_APART = timedelta(seconds=34)
"""between two publishes: a million of them take thirteen months"""
_PASSED = timedelta(minutes=10)
_CHILDREN = 40
_MODELS = 10
_CHILD = 10**9
_WRONG = {"signature": Cause(Reason.IDENTITY_MISMATCH, "signed by somebody else")}
_MODEL_IMAGE = ImageName("ghcr.io", "model/image")
_MODEL_TIME = datetime(2027, 1, 31, 23, 55, 0, tzinfo=UTC)  # its verdict is of another month


def table_of(verdicts: int) -> Table:
    """A table with this many verdicts, children apart; at least `NEWEST`."""
    made = PackedTable()
    gc.disable()  # millions of objects that all stay: looking for those that go would take longer than to make them
    try:
        _write_newest(made, RUNS if verdicts == NEWEST else 10 * RUNS)
        models = [_Model.of(number) for number in range(_MODELS)]
        for number in range(NEWEST, verdicts):
            for item in models[number % _MODELS].copied(publish(number)):
                made.add(item)
    finally:
        gc.enable()
    return made


def publish(number: int) -> Publish:
    """One of the publishes, by age: 0 is the newest. It is FAILED and has a history; 1 is VERIFIED."""
    image = APP if number % 10 < 7 else ImageName("ghcr.io", f"acme/image-{number:07}")
    return Publish(image, number, NOW - _PASSED - number * _APART, (f"v{number:07}",), "octo-releaser")


def _write_newest(made: Table, runs: int) -> None:
    for number in range(NEWEST):
        _write(made, publish(number))
    for number in range(_CHILDREN):
        _write_child(made, replace(publish(number), image=APP))
    _write_runs(made, publish(0), runs)


def _write(made: Table, what: Publish) -> None:
    client: Any = made
    state, verdicts = _state(what), AnswerTable(client, TABLE, now=lambda: NOW)
    verdicts.record(None, state)
    for tag in what.tags:
        verdicts.point(None, TagPointer(what.image, tag, what.digest, what.at))
    if state.status is Status.FAILED:
        told = Incident(what.image, what.digest, Key(Kind.FAILED, what.policy), what.at, "#releases")
        IncidentTable(client, TABLE, now=lambda: NOW).keep(told)


def _write_child(made: Table, of: Publish) -> None:
    client: Any = made
    state = _state(_child(of))
    AnswerTable(client, TABLE, now=lambda: NOW).record(
        None, replace(state, document={**state.document, "kind": "child"})
    )


def _write_runs(made: Table, what: Publish, count: int) -> None:
    """A verdict each hour before."""
    client: Any = made
    verdicts, state = AnswerTable(client, TABLE, now=lambda: NOW), _state(what)
    for hours in range(1, count + 1):
        at = what.at - timedelta(hours=hours)
        document = {**state.document, "verified_at": timestamp(at)}
        verdicts.keep_run(replace(state, document=document), at + timedelta(hours=1))


def _child(of: Publish) -> Publish:
    return replace(of, number=of.number + _CHILD, tags=())


def _state(what: Publish) -> State:
    failed = what.number % 10 in (0, 4, 8)
    status, wrong = (Status.FAILED, _WRONG) if failed else (Status.VERIFIED, None)
    judged = verdict(what, status, _PASSED, complete(what), wrong)
    return State(
        image=what.image,
        digest=what.digest,
        version=1,
        status=status,
        document=verdict_document.write(judged),
        first_seen=what.at,
        deadline=what.at + timedelta(minutes=30),
        tags=what.tags,
        actor=what.actor,
    )


@dataclass(frozen=True)
class _Model:
    """What is written of a publish, with places for what is a publish's own."""

    items: tuple[tuple[Packed, Mapping[int, str]], ...]
    """each with the texts that have such places, for `str.format`"""

    @classmethod
    def of(cls, number: int) -> _Model:
        made = PackedTable()
        what = replace(publish(number), image=_MODEL_IMAGE, at=_MODEL_TIME)
        _write(made, what)
        if number == 0:
            _write_child(made, what)
        own = [f"IMG#{what.image}@{one.digest}" for one in (what, _child(what))]
        partitions = ("IMAGES", f"REPO#{what.image}", *own)
        items = (Packed(item) for key in partitions for item in made.partition(key).values())
        return cls(tuple((item, _templates(item, _own(what))) for item in items))

    def copied(self, what: Publish) -> Iterator[Packed]:
        """The items that are written of another publish; the documents in them are the model's."""
        own = _own(what)
        for item, templates in self.items:
            yield item.copy({place: text.format(*own) for place, text in templates.items()})


def _own(what: Publish) -> tuple[str, ...]:
    """The texts that are a publish's own."""
    first_seen, verified_at = timestamp(what.at), timestamp(what.at + _PASSED)
    months = f"#{first_seen[:7]}", f"#{verified_at[:7]}"
    return str(what.image), what.digest, _child(what).digest, *what.tags, first_seen, verified_at, *months


def _templates(item: Packed, own: Sequence[str]) -> Mapping[int, str]:
    found = {}
    for place, text in item.texts():
        template = text.replace("{", "{{").replace("}", "}}")
        for number, one in enumerate(own):
            template = template.replace(one, f"{{{number}}}")
        if any(one in text for one in own):
            found[place] = template
    return found
