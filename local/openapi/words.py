"""What the document says in its own words: the API as a whole, its headings, and who may ask."""

from __future__ import annotations

from typing import Any

INFORMATION = {
    "title": "registry-verifier",
    "summary": "Verdicts about the signatures and attestations of published container images.",
    "description": (
        "Every error is a problem of RFC 9457 (`application/problem+json`); programs look at its `code`, which is"
        " stable. Answers may get further members: ignore those that you do not know. Times are RFC 3339 in UTC.\n\n"
        'A list is `{"items": […], "next_cursor": …}`, with `Link: <…>; rel="next"` where it goes on. A cursor belongs'
        " to the list and the filters that it came from. One request examines at most a hundred records, so a page may"
        " have fewer entries than `limit`, or none, and still have a next one.\n\n"
        "Every 200 of a GET has an ETag; a request with that in If-None-Match is answered with 304 and no body."
        " HEAD is answered wherever GET is. An image's name may have slashes of its own, plain or as `%2F`."
    ),
}

SERVERS: list[Any] = [
    {
        "url": "https://{host}",
        "description": "a deployment: the output `ApiUrl` of its stack",
        "variables": {
            "host": {"default": "example.execute-api.eu-central-1.amazonaws.com", "description": "the API's own host"}
        },
    }
]

TAGS = {
    "images": "What was published: repositories and their tags.",
    "digests": "What is known about one digest, now and before.",
    "gate": "May this image run? A status code says it, so that `curl --fail` is a gate.",
    "verdicts": "Verdicts by whatever one looks for, and one by its id.",
    "incidents": "What is wrong and was told, and when it ended.",
    "requests": "Looks on demand.",
    "summaries": "Verdicts for other tools: verification summaries of SLSA, as in-toto statements.",
    "clients": "Answers in the form that admission controllers ask for.",
    "badges": "Badges of images that are shown to everybody.",
    "policies": "What the deployment demands.",
    "service": "The service itself.",
}
"""the headings, in their order"""

SCHEMES = {
    "aws_sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
        "description": "a request signed with AWS Signature Version 4 for `execute-api`, by who may call this API",
    },
    "github_actions": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "the OIDC token of a GitHub Actions workflow of an owner that the deployment lets ask",
    },
}
