"""LooksQueue (SQS, ten messages at a time) -> verify -> VerdictsTable."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import look_message, measures
from registry_verifier.errors import Unavailable, described
from registry_verifier.models import Look, State
from registry_verifier.settings import VerifySettings, metrics_namespace
from registry_verifier.verify import Outcome
from registry_verifier.verify_message import Message
from registry_verifier.wiring import Takers

NAMESPACE = metrics_namespace(os.environ)
logger = Logger(service="verify")
metrics = Metrics(namespace=NAMESPACE, service="verify")
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
loop = asyncio.new_event_loop()  # one for the process: the registry's connections live on it
asyncio.set_event_loop(loop)


@functools.cache
def takers() -> Takers:
    """Made at the first message, kept for the next ones."""
    return Takers(VerifySettings.read(os.environ))


async def record_handler(record: SQSRecord) -> None:
    """One message; an exception sends it back to the queue."""
    try:
        look = look_message.read(record.body)
        count = int(record.attributes.approximate_receive_count)
        started = time.perf_counter()
        outcome = await takers().current().take(Message(look, record.receipt_handle, count))
        took = time.perf_counter() - started
    except Exception as error:
        _log_failure(record, error)
        raise
    _measure(outcome, timedelta(seconds=took))
    _log(look, outcome, took)


def _measure(outcome: Outcome, took: timedelta) -> None:
    metrics.add_metric(name=f"Look-{outcome.done}", unit=MetricUnit.Count, value=1)
    _milliseconds("VerificationDuration", took)
    if measures.is_alarming(outcome.replaced, outcome.stored, outcome.drift):
        metrics.add_metric(name="DriftDetected", unit=MetricUnit.Count, value=1)
    elif outcome.drift:
        metrics.add_metric(name="DriftNoted", unit=MetricUnit.Count, value=1)
    if new := outcome.stored:
        metrics.add_metric(name=measures.NAMES[new.status], unit=MetricUnit.Count, value=1)
        for measure in measures.of_verdict(new):
            _by_policy(measure)
        if waited := measures.latency(outcome.replaced, new, datetime.now(UTC)):
            _milliseconds("PublishToVerdictLatency", waited)


def _by_policy(measure: measures.Measure) -> None:
    """The same metric once more, by more dimensions: an entry of its own in the log."""
    with single_metric(name=measure.name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        metric.add_dimension("service", "verify")
        metric.add_dimension("Policy", measure.policy or "none")
        metric.add_dimension("ReasonClass", measure.reason_class)


def _milliseconds(name: str, duration: timedelta) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Milliseconds, value=round(duration / timedelta(milliseconds=1), 3))


def _log(look: Look, outcome: Outcome, took: float) -> None:
    logger.info(
        outcome.done,
        image=str(look.image),
        digest=look.digest,
        cause=look.cause,
        delivery_id=look.delivery,
        status=outcome.status,
        reasons=outcome.reasons,
        policies=_policies(outcome.stored),
        drift=outcome.drift,
        seconds=round(took, 3),
    )


def _policies(stored: State | None) -> list[str]:
    return [policy["name"] for policy in stored.document.get("policies", ())] if stored else []


def _log_failure(record: SQSRecord, error: Exception) -> None:
    """What comes again, and why; a message that nobody can read is in the dead-letter queue in the end."""
    reason = error.reason.value if isinstance(error, Unavailable) else type(error).__name__
    metrics.add_metric(name="LookFailed", unit=MetricUnit.Count, value=1)
    log = logger.warning if isinstance(error, Unavailable) else logger.error
    log("comes again", message_id=record.message_id, reason=reason, note=described(error), body=record.body[:500])


def _count_requests() -> None:
    if takers.cache_info().currsize:
        counts = takers().tally.take()
        metrics.add_metric(name="RegistryRequests", unit=MetricUnit.Count, value=counts.requests)
        metrics.add_metric(name="RegistryThrottled", unit=MetricUnit.Count, value=counts.throttled)
        metrics.add_metric(name="RegistryErrors", unit=MetricUnit.Count, value=counts.errors)


def _tell_of_root() -> None:
    """Verification goes on with the last good trusted root; that it must is to be seen."""
    if takers.cache_info().currsize and (trouble := takers().newest.trouble):
        logger.warning("the newest trusted root cannot be had", trouble=trouble)
        metrics.add_metric(name="TrustRootStoreFailed", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Ten messages side by side; the answer names the ones that must come again."""
    metrics.add_metric(name="LooksTaken", unit=MetricUnit.Count, value=len(event["Records"]))
    try:
        return async_process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )
    finally:
        _count_requests()
        _tell_of_root()
