"""VerdictsTable's stream -> Slack, and an event bus.

Records are taken in order and the first that fails ends the batch: Lambda brings it and all after it again, so that
the messages about a digest never overtake each other. What storms came to is told at the end of the batch.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import aws_client, slack, verdict_record
from registry_verifier.event_bus import EventBus
from registry_verifier.incident import Channels
from registry_verifier.incident_table import IncidentTable
from registry_verifier.models import State
from registry_verifier.notify import Notifier, Told
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import NotifySettings, metrics_namespace

logger = Logger(service="notify")
metrics = Metrics(namespace=metrics_namespace(os.environ), service="notify")

NEEDED_MILLISECONDS = 20_000
"""for one record: its message and a reply in the thread, each with a wait of 5 s for Slack's rate limit; and the end"""

Record = dict[str, Any]


@functools.cache
def http() -> slack.Client:
    """The connection to Slack, kept open between batches."""
    return slack.client()


@functools.cache
def notifier() -> Notifier:
    """Made at the first record, kept for the next ones; the secret is read anew as often as its store thinks right."""
    settings = NotifySettings.read(os.environ)
    secrets = SecretStore(aws_client.create("secretsmanager"))
    return Notifier(
        incidents=IncidentTable(aws_client.create("dynamodb"), settings.verdicts_table),
        messenger=slack.Slack(
            http(), lambda: secrets.values(settings.slack_secret_arn)[0], api_url=settings.slack_api_url
        ),
        channels=Channels(settings.slack_channel, settings.operations_channel, settings.no_match_policy == "warn"),
        api_url=settings.api_url,
        bus=EventBus(aws_client.create("events"), settings.event_bus_name) if settings.event_bus_name else None,
        storm_limit=settings.storm_limit,
    )


def tell(record: Record) -> Told:
    """One record of the stream; removals, runs and incidents say nothing."""
    new = _state(record, "NewImage")
    if new is None:
        return Told()
    told = notifier().notify(new, _state(record, "OldImage"))
    said = "told" if told.sent else "counted" if told.suppressed else "nothing to tell"
    logger.info(said, image=str(new.image), digest=new.digest, status=new.status.value, messages=told.sent)
    return told


def _state(record: Record, name: str) -> State | None:
    item = record["dynamodb"].get(name, {})
    return verdict_record.read_state(item) if item.get("SK") == {"S": verdict_record.STATE} else None


def _insist_on_time(context: LambdaContext) -> None:
    """A function that ends between posting and remembering posts twice: rather take the record in the next batch."""
    if context.get_remaining_time_in_millis() < NEEDED_MILLISECONDS:
        raise TimeoutError("the batch took too long for one more record")


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard, in order; the answer names the record that failed, where Lambda starts again."""
    records: Sequence[Record] = event["Records"]
    told, done, trouble = _tell_all(records, context)
    try:
        told += Told(sent=notifier().summarise(told.storms)) if told.storms else Told()
    except Exception as error:  # noqa: BLE001 - whatever it is: who began the storm must come again
        logger.exception("a storm was not told")
        done, trouble = 0, error
    metrics.add_metric(name="NotificationSent", unit=MetricUnit.Count, value=told.sent)
    metrics.add_metric(name="NotificationSuppressed", unit=MetricUnit.Count, value=told.suppressed)
    metrics.add_metric(name="NotificationFailed", unit=MetricUnit.Count, value=int(trouble is not None))
    if trouble is None:
        return {"batchItemFailures": []}
    if done == 0:
        raise trouble  # nothing of the batch is done: as an error of the function it is counted and alarmed as one
    return {"batchItemFailures": [{"itemIdentifier": records[done]["dynamodb"]["SequenceNumber"]}]}


def _tell_all(records: Sequence[Record], context: LambdaContext) -> tuple[Told, int, Exception | None]:
    """What was told, of how many records, and what ended the batch before its time."""
    whole = Told()
    for number, record in enumerate(records):
        try:
            _insist_on_time(context)
            whole += tell(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, this record must come again, and none may pass it
            logger.exception("a record was not told")
            return whole, number, error
    return whole, len(records), None
