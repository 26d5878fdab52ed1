"""The query API behind a socket on loopback: the real router over any `World`, without functions and without a stack.

For whoever wants to ask it as a client does: a browser, the GitHub Action, a fuzzer. Who asks is decided by the server
and not by a request: one server lets everybody in, another one is what the public sees.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Self

from local.registry.http import Exchange, Server, TooLarge
from registry_verifier.query import router
from registry_verifier.query.router import Sent
from registry_verifier.query.world import World
from registry_verifier.question.request import Access, Request


class LocalApi:
    """A context manager: serves from `with` to its end.

    `prefix` is what stands before every path, as the stage of an API does; whatever is not below it is not there.
    """

    def __init__(
        self, world: World, *, access: Access = Access.TRUSTED, owner: str = "", port: int = 0, prefix: str = ""
    ) -> None:
        self.world, self.access, self.owner, self.prefix = world, access, owner, prefix
        self.asked: list[str] = []
        """method and path with query of every request, in their order"""
        self._server = Server(port, self._handle)

    @property
    def url(self) -> str:
        """Where the API is reached, without a slash at the end."""
        return self._server.url + self.prefix

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    def _handle(self, exchange: Exchange) -> None:
        self.asked.append(f"{exchange.command} {exchange.path}")
        path, _, query = exchange.path.partition("?")
        if not path.startswith(self.prefix + "/"):
            return exchange.answer(404, b'{"message":"Not Found"}')
        try:
            request = self._request(exchange, path.removeprefix(self.prefix), query)
        except (TooLarge, ValueError):
            return exchange.answer(400, b'{"message":"Bad Request"}', Connection="close")
        return _send(exchange, self._answer(request))

    def _request(self, exchange: Exchange, path: str, query: str) -> Request:
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        return Request(exchange.command, path, query, headers, exchange.body(), self.access, self.owner)

    def _answer(self, request: Request) -> Sent:
        """As the function does: a bug is answered without a word about it, and shown where the server runs.

        A body that is no UTF-8 is such a bug: a function could not return it.
        """
        try:
            sent = router.answer(request, self.world)
            sent.body.encode()
            return sent
        except Exception:
            traceback.print_exc()
            return router.broken(request)


def _send(exchange: Exchange, sent: Sent) -> None:
    headers = {name.replace("-", "_"): value for name, value in sent.headers.items()}
    media_type = headers.pop("Content_Type", "")
    exchange.answer(sent.status_code, sent.body.encode(), media_type, **headers)
