"""receive: a webhook delivery through the HTTP API (payload format 2.0), to the queue of looks."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier.errors import DeliveryRejected, described
from registry_verifier.image_queue import LookQueue
from registry_verifier.receive import Answer, Delivery, Receiver, failed, rejected
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import ReceiveSettings, metrics_namespace

Event = dict[str, Any]

_COUNTED = {"rejected": "WebhookRejected", "ignored": "WebhookIgnored", "unavailable": "WebhookUnavailable"}

logger = Logger(service="receive")
metrics = Metrics(namespace=metrics_namespace(os.environ), service="receive")


@logger.inject_lambda_context(log_event=False)  # the environment could switch it on, and the event has the body
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    answer = answer_to(event)
    _record(event, answer)
    headers = {"content-type": answer.content_type, "cache-control": "no-store"}
    return {"statusCode": answer.status_code, "headers": headers, "body": json.dumps(answer.body)}


def answer_to(event: Event) -> Answer:
    """The answer, whatever happens: the text of an unforeseen exception may quote the body, so it goes nowhere."""
    try:
        return receiver().receive(_delivery(event), now=datetime.now(UTC))
    except DeliveryRejected as error:
        return rejected(error)
    except Exception as error:
        return failed(described(error))


@cache
def receiver() -> Receiver:
    """The story with its secrets and its queue, wired at the first delivery."""
    from registry_verifier import aws_client  # botocore would more than double the time that INIT takes

    settings = ReceiveSettings.read(os.environ)
    secrets = SecretStore(aws_client.create("secretsmanager"))
    queue = LookQueue(aws_client.create("sqs"), settings.looks_queue_url)
    return Receiver(secrets, settings.webhook_secret_arn, queue)


def _delivery(event: Event) -> Delivery:
    body = event.get("body") or ""
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        raise DeliveryRejected(400, "the body is not in base64, although the request says so") from None
    return Delivery(content, event.get("headers") or {})


def _record(event: Event, answer: Answer) -> None:
    metrics.add_metric(name="WebhookReceived", unit=MetricUnit.Count, value=1)
    if name := _COUNTED.get(answer.outcome):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    delivery = Delivery(b"", event.get("headers") or {}).id
    facts = {"delivery_id": delivery, "outcome": answer.outcome, "note": answer.note, **answer.body.get("accepted", {})}
    log = logger.error if answer.status_code >= 500 else logger.info
    log("webhook", status_code=answer.status_code, **facts)
