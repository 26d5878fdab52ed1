"""The query API behind a socket on loopback: the real router over what a test has stored.

API Gateway's part is played as far as a client can tell: below `/oidc/` a bearer token is needed, elsewhere the caller
is trusted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry_verifier.query import operations, router
from registry_verifier.question.request import Access, Request
from tests.library.asking import Client
from tests.local.loopback import Loopback, Reply, reply

TOKEN = "aGVhZA.Ym9keQ.c2ln"
"""the one token that is taken"""


class Api(Loopback):
    """A context manager: serves from `with` to its end."""

    def __init__(self, *states: Any, owner: str = "acme") -> None:
        super().__init__(self._say)
        client = Client(operations.ALL, states)
        self.stored = client.stored
        self.world = replace(client.world, owners=frozenset({"acme"}))
        self.owner = owner

    def _say(self, path: str, headers: dict[str, str]) -> Reply:
        bare, _, query = path.partition("?")
        request = Request("GET", bare, query, headers)
        if bare.startswith("/oidc/"):
            if headers.get("authorization") != f"Bearer {TOKEN}":
                return reply(401, {"message": "Unauthorized"})
            request = replace(request, access=Access.ACTIONS, owner=self.owner)
        sent = router.answer(request, self.world)
        return sent.status_code, sent.body.encode(), dict(sent.headers)
