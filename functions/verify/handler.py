"""LooksQueue (SQS, ten messages at a time) -> verify -> VerdictsTable."""

from __future__ import annotations

import asyncio
import functools
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import look_message
from registry_verifier.settings import VerifySettings
from registry_verifier.verify import Outcome
from registry_verifier.verify_message import Message, MessageTaker
from registry_verifier.wiring import message_taker

logger = Logger(service="verify")
metrics = Metrics(namespace="RegistryVerifier", service="verify")
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
loop = asyncio.new_event_loop()  # one for the process: the registry's connections live on it
asyncio.set_event_loop(loop)


@functools.cache
def taker() -> MessageTaker:
    """Made at the first message, kept for the next ones."""
    return message_taker(VerifySettings.read(os.environ))


async def record_handler(record: SQSRecord) -> None:
    """One message; an exception sends it back to the queue."""
    look = look_message.read(record.body)
    count = int(record.attributes.approximate_receive_count)
    outcome = await taker().take(Message(look, record.receipt_handle, count))
    metrics.add_metric(name=f"Look-{outcome.done}", unit=MetricUnit.Count, value=1)
    _log(str(look.image), look.digest, outcome)


def _log(image: str, digest: str, outcome: Outcome) -> None:
    logger.info(outcome.done, image=image, digest=digest, status=outcome.status, reasons=outcome.reasons)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Ten messages side by side; the answer names the ones that must come again."""
    metrics.add_metric(name="LooksTaken", unit=MetricUnit.Count, value=len(event["Records"]))
    return async_process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )
