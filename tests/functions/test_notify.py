"""notify through its door: stream records in, messages in a Slack on loopback, incidents and events in moto."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from functions.notify import handler
from local.slack.receiver import Fault, LocalSlack
from registry_verifier import verdict_record
from registry_verifier.errors import Unavailable
from registry_verifier.incident import Key, Kind
from registry_verifier.incident_table import IncidentTable
from registry_verifier.models import State
from registry_verifier.reasons import Status
from tests.functions.lambda_world import EVENTS, Context, event, set_environment
from tests.library.verdicts import DIGEST, IMAGE, TABLE, digest, state, table


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSlack]:
    handler.notifier.cache_clear()
    with table(), LocalSlack() as slack:
        set_environment(
            monkeypatch,
            SLACK_API_URL=slack.api_url,
            SLACK_CHANNEL="#releases",
            OPERATIONS_CHANNEL="#operations",
            API_URL="https://api.example.org",
        )
        secrets = boto3.client("secretsmanager")
        created = secrets.create_secret(Name="slack", SecretString="xoxb-123-s3cr3t")
        monkeypatch.setenv("SLACK_SECRET_ARN", created["ARN"])
        yield slack
        if handler.notifier.cache_info().currsize:
            handler.http().close()
    handler.notifier.cache_clear()
    handler.http.cache_clear()


def _notify(given: dict[str, Any], *, remaining: int = 30_000) -> list[str]:
    answer = handler.lambda_handler(given, Context(remaining=remaining))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def _record(sequence: int, new: State | None, old: State | None = None, sort_key: str | None = None) -> dict[str, Any]:
    """A stream record as Lambda gets it: binary values are base64 there."""
    images = {name: _image(one, sort_key) for name, one in (("NewImage", new), ("OldImage", old)) if one}
    any_image = next(iter(images.values()))
    keys = {name: any_image[name] for name in ("PK", "SK")}
    change = {"Keys": keys, "SequenceNumber": str(sequence), "StreamViewType": "NEW_AND_OLD_IMAGES", **images}
    name = "REMOVE" if new is None else "MODIFY" if old else "INSERT"
    return {"eventID": f"{sequence:032x}", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change}


def _image(one: State, sort_key: str | None) -> dict[str, Any]:
    item = verdict_record.write_state(one, timedelta(days=400))
    item["detail"] = {"B": base64.b64encode(item["detail"]["B"]).decode()}
    return item | ({"SK": {"S": sort_key}} if sort_key else {})


def _batch(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(records)}


def _headlines(local: LocalSlack) -> list[str]:
    return [posted["blocks"][0]["text"]["text"] for posted in local.roots]


FAILED, VERIFIED = state(Status.FAILED, version=2), state(Status.VERIFIED, version=3)
EVENT_FILES = {
    "notify.failed": _batch(_record(100, FAILED, state(Status.PENDING))),
    "notify.resolved": _batch(_record(200, VERIFIED, FAILED)),
    "notify.unknown": _batch(_record(300, state(Status.UNKNOWN))),
}


@pytest.mark.parametrize("name", EVENT_FILES)
def test_the_files_in_events_are_what_the_table_streams(name: str) -> None:
    assert event(name) == EVENT_FILES[name], f"write it anew: {EVENTS / name}.json"


def test_a_failure_is_posted_and_remembered(local: LocalSlack) -> None:
    assert _notify(event("notify.failed")) == []
    assert _headlines(local) == ["Signature check failed: acme/app"]
    assert local.roots[0]["channel"] == "#releases"
    [incident] = IncidentTable(boto3.client("dynamodb"), TABLE).of_digest(IMAGE, DIGEST)
    assert incident.key == Key(Kind.FAILED, "acme-signatures")
    assert (incident.is_open, incident.ts, incident.version) == (True, "1700000000.000100", 2)


def test_records_that_are_delivered_again_are_not_posted_again(local: LocalSlack) -> None:
    for _ in range(2):
        assert _notify(event("notify.failed")) == []
    assert len(local.messages) == 2


def test_an_incident_is_resolved_in_its_message_and_in_its_thread(local: LocalSlack) -> None:
    _notify(event("notify.failed"))
    _notify(event("notify.resolved"))
    assert _headlines(local) == ["Resolved: acme/app"]
    assert [one["text"].split(":")[0] for one in local.replies(local.roots[0]["ts"])] == ["Details", "Resolved"]


def test_operations_hear_what_could_not_be_looked_at(local: LocalSlack) -> None:
    _notify(event("notify.unknown"))
    assert local.messages[0]["channel"] == "#operations"


def test_removals_runs_and_incidents_are_not_told(local: LocalSlack) -> None:
    others = [_record(n, FAILED, sort_key=key) for n, key in enumerate(("RUN#2026", "INCIDENT#failed#x", "CHECKED"), 2)]
    assert _notify(_batch(_record(1, None, FAILED), *others)) == []
    assert local.requests == []


def test_the_first_record_that_fails_ends_the_batch(local: LocalSlack) -> None:
    records = [_record(number, state(Status.FAILED, digest=digest(number))) for number in range(1, 5)]
    assert _notify(_batch(records[0])) == []
    local.spoil(Fault("error"))
    assert _notify(_batch(*records)) == ["2"]
    assert len(local.roots) == 1
    assert _notify(_batch(*records[1:])) == []
    assert len(local.roots) == 4


def test_a_record_that_cannot_be_read_is_not_passed_by(local: LocalSlack) -> None:
    broken = copy.deepcopy(_record(1, FAILED))
    broken["dynamodb"]["NewImage"]["detail"] = {"B": "AAAA"}
    with pytest.raises(ValueError, match="does not decompress"):
        _notify(_batch(broken, _record(2, VERIFIED)))
    assert _notify(
        _batch(_record(1, state(Status.PENDING)), broken | {"dynamodb": broken["dynamodb"] | {"SequenceNumber": "2"}})
    ) == ["2"]
    assert local.messages == []


def test_a_record_is_left_for_later_where_time_is_short(local: LocalSlack) -> None:
    with pytest.raises(TimeoutError):
        _notify(event("notify.failed"), remaining=5_000)
    assert local.requests == []


def test_a_failure_of_slack_is_counted_and_its_secret_is_not_logged(
    local: LocalSlack, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    local.spoil(Fault("invalid_auth"))
    with pytest.raises(Unavailable, match="invalid_auth"):
        _notify(event("notify.failed"))
    metrics = capsys.readouterr().out
    assert '"NotificationFailed":[1.0]' in metrics
    assert "invalid_auth" in caplog.text and "s3cr3t" not in caplog.text + metrics


def test_a_message_is_counted(local: LocalSlack, capsys: pytest.CaptureFixture[str]) -> None:
    _notify(event("notify.failed"))
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert metrics[-1]["NotificationSent"] == [2.0]
    assert (metrics[-1]["NotificationSuppressed"], metrics[-1]["NotificationFailed"]) == ([0.0], [0.0])


def _storm(count: int = 4) -> list[dict[str, Any]]:
    return [_record(number, state(Status.FAILED, digest=digest(number))) for number in range(1, count + 1)]


def test_a_storm_is_one_summary_at_the_end_of_the_batch(
    local: LocalSlack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORM_LIMIT", "1")
    assert _notify(_batch(*_storm())) == []
    assert len(local.roots) == 2 and _headlines(local)[1].startswith("3 more incidents since")
    assert '"NotificationSuppressed":[3.0]' in capsys.readouterr().out


def test_a_summary_that_could_not_be_posted_is_posted_when_the_batch_comes_again(
    local: LocalSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORM_LIMIT", "1")
    assert _notify(_batch(*_storm(1))) == []
    local.spoil(Fault("error"))
    with pytest.raises(Unavailable):
        _notify(_batch(*_storm()))
    assert _notify(_batch(*_storm())) == []
    assert len(local.roots) == 2 and _headlines(local)[1].startswith("3 more incidents since")


def test_a_batch_that_ends_early_tells_of_its_storm(local: LocalSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORM_LIMIT", "1")
    broken = copy.deepcopy(_record(9, FAILED))
    broken["dynamodb"]["NewImage"]["detail"] = {"B": "AAAA"}
    assert _notify(_batch(*_storm(3), broken)) == ["9"]
    assert _headlines(local)[1].startswith("2 more incidents since")


def test_programs_hear_on_the_bus(local: LocalSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("events").create_event_bus(Name="verdicts")
    archive = _listening("verdicts")
    monkeypatch.setenv("EVENT_BUS_NAME", "verdicts")
    _notify(event("notify.failed"))
    _notify(event("notify.resolved"))
    assert archive() == ["verification.failed", "verification.verified", "verification.resolved"]


def test_another_tag_is_no_news_for_programs(local: LocalSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("events").create_event_bus(Name="verdicts")
    archive = _listening("verdicts")
    monkeypatch.setenv("EVENT_BUS_NAME", "verdicts")
    tagged = state(Status.FAILED, version=3, tags=("v1.4.0", "latest", "stable"))
    _notify(_batch(_record(1, FAILED, state(Status.PENDING)), _record(2, tagged, FAILED)))
    assert archive() == ["verification.failed"]


def _listening(bus: str) -> Any:
    """A queue behind a bus; what comes back says which types arrived there."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="all")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=bus, EventPattern=json.dumps({"source": ["registry-verifier"]}))
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])

    def arrived() -> list[str]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["detail-type"] for message in found]

    return arrived
