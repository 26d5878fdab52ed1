"""Incidents and storms in DynamoDB (moto): what is kept comes back, and two writers never undo each other."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from local.slack.memory import MemoryMessenger
from registry_verifier import incident_record
from registry_verifier.errors import Superseded, Unavailable
from registry_verifier.incident import Channels, Ending, Incident, Key, Kind
from registry_verifier.incident_table import IncidentTable
from registry_verifier.models import ImageName
from registry_verifier.notify import Incidents, Notifier
from registry_verifier.reasons import Reason, Status
from registry_verifier.storm import Gauge, Listed, Opening, Summary
from registry_verifier.verdict_record import partition
from registry_verifier.verdict_table import VerdictTable
from tests.library.aws_failures import FAILURES
from tests.library.verdicts import DIGEST, IMAGE, NOW, TABLE, digest, state

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

OPEN = Incident(
    IMAGE, DIGEST, Key(Kind.FAILED, "acme"), NOW, "C01", 3, "1.0", None, "f00d", ("NO_SIGNATURE", "TLOG_INVALID"), 2
)
OVER = replace(OPEN, key=Key(Kind.UNKNOWN), ts=None, ending=Ending.JUDGED, storm="2026-11-22T10:01:00Z")
GAUGE = Gauge("#releases", (Opening("a", NOW, ""), Opening("b", NOW, "2026-11-22T10:01:00Z")), 2)
SUMMARY = Summary(
    "#releases",
    "2026-11-22T10:01:00Z",
    first="b",
    opened=3,
    ended=1,
    newest=(Listed("b", f"{IMAGE}@{DIGEST}", "failed acme"), Listed("c", f"{IMAGE}@{digest(1)}", "unknown", False)),
    version=4,
    posted_to="C01",
    ts="2.0",
    shown=(2, 0),
    shown_at=NOW,
)


@pytest.fixture
def incidents(client: DynamoDBClient) -> IncidentTable:
    return _table(client)


def _table(client: Any, now: datetime = NOW) -> IncidentTable:
    return IncidentTable(cast("DynamoDBClient", client), TABLE, now=lambda: now)


def test_incidents_come_back_as_they_were(incidents: IncidentTable) -> None:
    fits: Incidents = incidents
    fits.keep(OPEN)
    fits.keep(OVER)
    assert list(fits.of_digest(IMAGE, DIGEST)) == [OPEN, OVER]


def test_an_incident_that_is_kept_again_is_replaced(incidents: IncidentTable) -> None:
    incidents.keep(OPEN)
    incidents.keep(replace(OPEN, ending=Ending.VERIFIED, version=4))
    assert list(incidents.of_digest(IMAGE, DIGEST)) == [replace(OPEN, ending=Ending.VERIFIED, version=4)]


def test_only_the_incidents_of_the_digest_are_found(client: DynamoDBClient, incidents: IncidentTable) -> None:
    VerdictTable(client, TABLE).record(None, state())
    incidents.keep(replace(OPEN, digest=digest(1)))
    incidents.keep(replace(OPEN, image=ImageName("ghcr.io", "acme/other")))
    assert list(incidents.of_digest(IMAGE, DIGEST)) == []


def test_more_incidents_than_one_answer_holds_are_found(incidents: IncidentTable) -> None:
    for number in range(5):
        incidents.keep(replace(OPEN, key=Key(Kind.FAILED, f"policy-{number}"), channel="x" * 300_000))
    assert len(incidents.of_digest(IMAGE, DIGEST)) == 5


def test_an_incident_whose_time_is_over_is_not_seen(client: DynamoDBClient, incidents: IncidentTable) -> None:
    incidents.keep(OPEN)
    assert list(_table(client, NOW + timedelta(days=401)).of_digest(IMAGE, DIGEST)) == []


def test_an_incident_is_no_record_of_a_verdict(client: DynamoDBClient, incidents: IncidentTable) -> None:
    incidents.keep(OPEN)
    verdicts = VerdictTable(client, TABLE)
    assert verdicts.state(IMAGE, DIGEST) is None and list(verdicts.recent(IMAGE, limit=5)) == []


def test_what_cannot_be_written_as_utf_8_is_kept(incidents: IncidentTable) -> None:
    odd = replace(OPEN, reasons=("\ud800",))
    incidents.keep(odd)
    assert list(incidents.of_digest(IMAGE, DIGEST)) == [odd]


def test_a_gauge_comes_back_as_it_was(incidents: IncidentTable) -> None:
    assert incidents.gauge("#releases") is None
    incidents.keep_gauge(None, GAUGE)
    assert incidents.gauge("#releases") == GAUGE
    assert incidents.gauge("#other") is None


def test_a_gauge_that_somebody_else_changed_is_not_overwritten(incidents: IncidentTable) -> None:
    incidents.keep_gauge(None, GAUGE)
    with pytest.raises(Superseded):
        incidents.keep_gauge(None, GAUGE)
    incidents.keep_gauge(GAUGE, replace(GAUGE, version=3))
    with pytest.raises(Superseded, match="version 2"):
        incidents.keep_gauge(GAUGE, replace(GAUGE, version=3))


def test_a_summary_comes_back_as_it_was(incidents: IncidentTable) -> None:
    incidents.keep_summary(None, SUMMARY)
    assert incidents.summary("#releases", SUMMARY.began) == SUMMARY
    assert incidents.summary("#releases", "2026-11-22T11:00:00Z") is None
    incidents.keep_summary(SUMMARY, replace(SUMMARY, version=5, shown_at=None, ts=None))
    assert incidents.summary("#releases", SUMMARY.began) == replace(SUMMARY, version=5, shown_at=None, ts=None)


@pytest.mark.parametrize("old", [None, replace(SUMMARY, version=3)])
@pytest.mark.parametrize("incident", [OVER, None])
def test_an_incident_is_counted_with_its_summary_or_not_at_all(
    incidents: IncidentTable, old: Summary | None, incident: Incident | None
) -> None:
    incidents.keep_summary(None, SUMMARY, OPEN)
    with pytest.raises(Superseded):
        incidents.keep_summary(old, replace(SUMMARY, opened=9), incident)
    assert incidents.summary("#releases", SUMMARY.began) == SUMMARY
    assert list(incidents.of_digest(IMAGE, DIGEST)) == [OPEN]


@pytest.mark.parametrize("sort_key", ["INCIDENT#failed#acme", "STORM", "STORM#2026-11-22T10:01:00Z"])
@pytest.mark.parametrize("detail", [None, "", "[]", "{}", '{"openings": [1], "newest": [1]}'])
def test_an_item_that_cannot_be_read_is_unavailable(
    client: DynamoDBClient, incidents: IncidentTable, sort_key: str, detail: str | None
) -> None:
    is_incident = sort_key.startswith("INCIDENT")
    key = partition(IMAGE, DIGEST) if is_incident else "CHANNEL##releases"
    item: dict[str, Any] = {"PK": {"S": key}, "SK": {"S": sort_key}, "version": {"N": "1"}}
    client.put_item(TableName=TABLE, Item=item if detail is None else item | {"detail": {"S": detail}})
    ask: Callable[[], object] = {
        "INCIDENT#failed#acme": lambda: incidents.of_digest(IMAGE, DIGEST),
        "STORM": lambda: incidents.gauge("#releases"),
    }.get(sort_key, lambda: incidents.summary("#releases", "2026-11-22T10:01:00Z"))
    with pytest.raises(Unavailable, match="cannot be read"):
        ask()


class Broken:
    """A client whose every call fails with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self, **_: Any) -> Any:
        raise self._error

    get_item = put_item = query = transact_write_items = _fail


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize(
    "call",
    [
        lambda incidents: incidents.of_digest(IMAGE, DIGEST),
        lambda incidents: incidents.keep(OPEN),
        lambda incidents: incidents.gauge("x"),
        lambda incidents: incidents.keep_gauge(None, GAUGE),
        lambda incidents: incidents.summary("x", "y"),
        lambda incidents: incidents.keep_summary(None, SUMMARY),
        lambda incidents: incidents.keep_summary(None, SUMMARY, OPEN),
    ],
)
def test_a_table_that_does_not_answer_is_unavailable(name: str, call: Callable[[IncidentTable], object]) -> None:
    with pytest.raises(Unavailable) as raised:
        call(_table(Broken(FAILURES[name])))
    assert raised.value.reason is Reason.STORE_UNAVAILABLE


def test_an_incident_costs_one_write_unit() -> None:
    longest = replace(OPEN, reasons=tuple(reason.value for reason in list(Reason)[:12]))
    item = incident_record.write_incident(longest, NOW)
    size = sum(len(name) + len(next(iter(value.values())).encode()) for name, value in item.items())
    assert size <= 1024


def test_an_incident_never_moves_in_the_index() -> None:
    """An index that changes is a write of its own, and a list whose pages shift."""
    later = replace(OPEN, version=9, ts="3.0", ending=Ending.VERIFIED, reasons=(), storm="2026-11-22T10:01:00Z")
    first, last = (incident_record.write_incident(one, NOW) for one in (OPEN, later))
    assert first["GSI2PK"] == last["GSI2PK"] == {"S": "INCIDENTS#2026-11"}
    assert first["GSI2SK"] == last["GSI2SK"] == {"S": f"2026-11-22T10:01:00Z#{IMAGE}@{DIGEST}#failed#acme"}


@pytest.mark.parametrize("write", [incident_record.sort_key, lambda key: incident_record.channel_key(key.policy)])
def test_the_longest_names_fit_into_a_key(write: Callable[[Key], str]) -> None:
    assert len(write(Key(Kind.FAILED, "x" * 5000)).encode()) <= 1024


class OneAtATime:
    """A client whose calls are atomic, as DynamoDB's are and moto's are not."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**arguments)

        return call


def test_several_batches_at_a_time_count_every_incident_once(client: DynamoDBClient) -> None:
    """Shards are told side by side; a batch whose writes were overtaken too often comes again."""
    slack, shared = MemoryMessenger(), OneAtATime(client)

    def batch(first: int) -> None:
        notifier = Notifier(_table(shared), slack, Channels("releases"), storm_limit=2, now=lambda: NOW)
        failures = [(None, state(Status.FAILED, digest=digest(first + number))) for number in range(5)]
        for _ in range(20):
            with contextlib.suppress(Unavailable):
                notifier.tell(failures)
                return
        raise AssertionError("nothing came of it in 20 tries")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(batch, range(0, 30, 10)))
    heads = sorted(message["blocks"][0]["text"]["text"] for message in slack.roots)
    assert heads == ["13 more incidents since 10:01 UTC", *["Signature check failed: acme/app"] * 2]
    incidents = [one for number in range(30) for one in _table(client).of_digest(IMAGE, digest(number))]
    assert len(incidents) == 15 and sum(bool(one.storm) for one in incidents) == 13
