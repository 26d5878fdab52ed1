"""VerdictsTable's stream -> Slack.

Records are taken in order and the first that fails ends the batch: Lambda brings it and all after it again, so that
the messages about a digest never overtake each other.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import aws_client, slack, verdict_record
from registry_verifier.notify import Channels, Notifier
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import NotifySettings
from registry_verifier.verdict_table import VerdictTable

logger = Logger(service="notify")
metrics = Metrics(namespace="RegistryVerifier", service="notify")

NEEDED_MILLISECONDS = 12_000
"""for one record: two calls of the table and one of Slack, with a wait of 5 s for its rate limit"""


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
        alerts=VerdictTable(aws_client.create("dynamodb"), settings.verdicts_table),
        messenger=slack.Slack(
            http(), lambda: secrets.values(settings.slack_secret_arn)[0], api_url=settings.slack_api_url
        ),
        channels=Channels(settings.slack_channel, settings.operations_channel, settings.no_match_policy == "warn"),
        api_url=settings.api_url,
    )


def tell(record: dict[str, Any]) -> None:
    """One record of the stream; removals, runs and alerts say nothing."""
    item = record["dynamodb"].get("NewImage", {})
    if item.get("SK") != {"S": verdict_record.STATE}:
        return
    state = verdict_record.read_state(item)
    told = notifier().notify(state)
    logger.info("told" if told else "nothing to tell", kind=told, image=str(state.image), digest=state.digest)
    metrics.add_metric(name="NotificationSent", unit=MetricUnit.Count, value=int(told is not None))


def _insist_on_time(context: LambdaContext) -> None:
    """A function that ends between posting and remembering posts twice: rather take the record in the next batch."""
    if context.get_remaining_time_in_millis() < NEEDED_MILLISECONDS:
        raise TimeoutError("the batch took too long for one more record")


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of one shard, in order; the answer names the record that failed, where Lambda starts again."""
    for record in event["Records"]:
        try:
            _insist_on_time(context)
            tell(record)
        except Exception:  # whatever it is, this record must come again, and none may pass it
            logger.exception("a record was not told")
            metrics.add_metric(name="NotificationFailed", unit=MetricUnit.Count, value=1)
            if record is event["Records"][0]:
                raise  # nothing of the batch is done: as an error of the function it is counted and alarmed as one
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    metrics.add_metric(name="NotificationFailed", unit=MetricUnit.Count, value=0)
    return {"batchItemFailures": []}
