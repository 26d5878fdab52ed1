"""The HTTP API's questions (payload format 2.0) <- VerdictsTable; and looks that somebody asks for -> LooksQueue.

Every exception becomes an answer, so Lambda's own `Errors` metric stays 0: alarm on `QueryFailed` instead.
"""

from __future__ import annotations

import base64
import functools
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier import query_wiring
from registry_verifier.errors import described
from registry_verifier.query import router
from registry_verifier.query.router import Sent
from registry_verifier.query.world import World
from registry_verifier.question.request import Access, Request
from registry_verifier.settings import QuerySettings, metrics_namespace

Event = dict[str, Any]

ISSUER = "https://token.actions.githubusercontent.com"
ADMISSION = ("/v1/admission", "/v1/gatekeeper")
"""what a cluster asks, at routes of their own"""

logger = Logger(service="query")
metrics = Metrics(namespace=metrics_namespace(os.environ), service="query")


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """One request."""
    sent = answer_to(event)
    metrics.add_metric(name="QueryFailed", unit=MetricUnit.Count, value=int(sent.status_code >= 500))
    return {"statusCode": sent.status_code, "headers": dict(sent.headers), "body": sent.body}


def answer_to(event: Event) -> Sent:
    """The answer, whatever happens; a bug is logged by where it is, and answered without a word about it."""
    try:
        access, owner = asker(event, settings())
        return router.answer(request_of(event, access, owner), world())
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
        logger.error("a question was not answered", note=described(error))
        return router.broken(Request("GET", str(event.get("rawPath"))))


@functools.cache
def settings() -> QuerySettings:
    """Read at the first question."""
    return QuerySettings.read(os.environ)


@functools.cache
def world() -> World:
    """Made at the first question, kept for the next ones."""
    return query_wiring.world(settings())


def asker(event: Event, settings: QuerySettings) -> tuple[Access, str]:
    """Who asks, as far as API Gateway has proven it, and whose workflow it is; whoever proves nothing is the public."""
    proven = event["requestContext"].get("authorizer") or {}
    if settings.api_auth == "NONE" or proven.get("iam") or _is_cluster(event, settings):
        return Access.TRUSTED, ""
    claims = (proven.get("jwt") or {}).get("claims") or {}
    if claims.get("iss") == ISSUER:
        return Access.ACTIONS, str(claims.get("repository_owner", "")).lower()
    return Access.PUBLIC, ""


def _is_cluster(event: Event, settings: QuerySettings) -> bool:
    """A certificate was shown, at a domain that demands one: the same routes can be reached by other domains too."""
    if settings.admission_auth != "MUTUAL_TLS" or event["rawPath"] not in ADMISSION:
        return False
    return bool((event["requestContext"].get("authentication") or {}).get("clientCert"))


def request_of(event: Event, access: Access, owner: str) -> Request:
    """The request as it came."""
    text = event.get("body") or ""
    is_encoded = event.get("isBase64Encoded")
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        query_string=event.get("rawQueryString") or "",
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=base64.b64decode(text, validate=True) if is_encoded else text.encode(errors="surrogatepass"),
        access=access,
        owner=owner,
    )
