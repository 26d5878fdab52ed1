"""Writes `events/receive.*.json`: requests of the HTTP API as the function receive gets them.

`python -m local.github.events` writes them anew. They are signed with
`deliveries.TEST_SECRET`, and always the same.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.github import deliveries as github
from local.github.payload import OCI_INDEX, Push, ping, published

FOLDER = Path(__file__).parent.parent / "events"
PUSH = Push(
    repository="acme/app",
    digest="sha256:" + "0123456789abcdef" * 4,
    tag="v1.2.3",
    media_type=OCI_INDEX,
    size=685,
    pusher="octo-example",
    owner_login="Acme",
)
_ROUTE = "/webhooks/github"
_OTHER_SECRET = "another secret"


def events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each event with the name of its file."""
    event = published(PUSH)
    signed = github.request("package", event, delivery=_delivery(1))
    yield "receive.published-json.json", http_api_event(signed)
    yield "receive.published-base64.json", http_api_event(signed, is_base64=True)
    form = github.request("package", event, delivery=_delivery(2), content_type=github.FORM)
    yield "receive.published-form.json", http_api_event(form, is_base64=True)
    app = github.request("registry_package", published(PUSH, event="registry_package"), delivery=_delivery(3))
    yield "receive.published-app.json", http_api_event(app)
    yield "receive.ping.json", http_api_event(github.request("ping", ping(PUSH), delivery=_delivery(4)))
    forged = github.request("package", event, delivery=_delivery(5), secret=_OTHER_SECRET)
    yield "receive.bad-signature.json", http_api_event(forged)


def http_api_event(request: github.Request, *, is_base64: bool = False) -> dict[str, Any]:
    """The request as API Gateway hands it on (HTTP API, payload format 2.0): header names in lower case.

    The gateway sends JSON as text and forms in base64.
    """
    body = base64.b64encode(request.body) if is_base64 else request.body
    http = {"method": "POST", "path": _ROUTE, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "example"}
    return {
        "version": "2.0",
        "routeKey": f"POST {_ROUTE}",
        "rawPath": _ROUTE,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "example",
            "domainName": "example.execute-api.eu-west-1.amazonaws.com",
            "http": http,
            "requestId": "example-request",
            "routeKey": f"POST {_ROUTE}",
            "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000",
            "timeEpoch": 1767323045000,
        },
        "body": body.decode(),
        "isBase64Encoded": is_base64,
    }


def write(event: dict[str, Any]) -> str:
    """The text of an event's file."""
    return json.dumps(event, indent=2) + "\n"


def main() -> int:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, event in events():
        (FOLDER / name).write_text(write(event), encoding="utf-8")
    return 0


def _delivery(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


if __name__ == "__main__":
    sys.exit(main())
