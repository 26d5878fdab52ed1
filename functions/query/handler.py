"""GET /v1/… and /healthz (HTTP API) <- VerdictsTable.

Every exception becomes an answer, so Lambda's own `Errors` metric stays 0: alarm on `QueryFailed` instead.
"""

from __future__ import annotations

import functools
import json
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import aws_client, query
from registry_verifier.answer import Answer
from registry_verifier.errors import described
from registry_verifier.settings import QuerySettings, metrics_namespace
from registry_verifier.verdict_table import VerdictTable

logger = Logger(service="query")
metrics = Metrics(namespace=metrics_namespace(os.environ), service="query")
app = APIGatewayHttpResolver()


@functools.cache
def verdicts() -> VerdictTable:
    """Made at the first question, kept for the next ones."""
    settings = QuerySettings.read(os.environ)
    return VerdictTable(aws_client.create("dynamodb"), settings.verdicts_table)


@app.get("/healthz")
def health() -> Response[str]:
    """The function runs."""
    return _response(query.health())


@app.get("/v1/.+")
def question() -> Response[str]:
    """Whatever is asked of the table; `query` knows the paths."""
    event = app.current_event
    return _response(query.answer(verdicts(), event.path, event.get("rawQueryString") or ""))


@app.not_found
def nothing(error: NotFoundError) -> Response[str]:
    """A path that means nothing."""
    return _response(query.not_found(app.current_event.path))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools gives this one no types
def broken(error: Exception) -> Response[str]:
    """A bug: logged by where it is, answered without a word about it."""
    logger.error("a question was not answered", note=described(error))
    return _response(query.broken(app.current_event.path))


def _response(answer: Answer) -> Response[str]:
    metrics.add_metric(name="QueryFailed", unit=MetricUnit.Count, value=int(answer.status_code >= 500))
    body = json.dumps(answer.body, separators=(",", ":"))
    return Response(answer.status_code, body=body, headers=dict(answer.headers))


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request."""
    return app.resolve(event, context)
