"""Clients of DynamoDB that count, and every error that botocore has; and states of a moment to fill a table with."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import botocore.exceptions
import botocore.parsers

from registry_verifier import verdict_record
from registry_verifier.dynamo_table import RETENTION
from registry_verifier.models import ImageName, State
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp
from tests.library.verdicts import IMAGE, TABLE, digest, state


def at(number: int, moment: datetime, status: Status = Status.FAILED, image: ImageName = IMAGE, **more: Any) -> State:
    """A state that was first seen and verified at this moment; `more` replaces parts of its document."""
    there = state(status, digest=digest(number), image=image, first_seen=moment, deadline=moment)
    return replace(there, document={**there.document, "verified_at": timestamp(moment), **more})


class Counting:
    """A client that counts its calls, answers queries with nothing, and leaves keys unread where it is told to."""

    def __init__(self, unread: int = 0, index: list[Any] | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._unread = unread
        self._index = index or []

    def query(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(("query", arguments))
        return {"Items": self._index}

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.calls.append(("batch_get_item", RequestItems))
        keys = RequestItems[TABLE]["Keys"]
        left = keys[1:] if self._unread > 0 else []
        self._unread -= 1
        items = [verdict_record.write_state(state(digest=key["PK"]["S"].rpartition("@")[2]), RETENTION) for key in keys]
        return {
            "Responses": {TABLE: items[: len(keys) - len(left)]},
            "UnprocessedKeys": {TABLE: {"Keys": left}} if left else {},
        }


def index(count: int) -> list[Any]:
    """What an index answers with for `count` records."""
    return [verdict_record.write_state(state(digest=digest(number)), RETENTION) for number in range(count)]


def botocore_errors() -> Iterator[Exception]:
    """Every kind of error that botocore may raise, and the codes that DynamoDB refuses with."""
    modules = (botocore.exceptions, botocore.parsers)
    for name, kind in ((n, k) for module in modules for n, k in inspect.getmembers(module, inspect.isclass)):
        if issubclass(kind, Exception) and not issubclass(kind, (Warning, botocore.exceptions.ClientError)):
            error = kind.__new__(kind)
            error.args = (name,)
            yield error
    for code in (
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "InternalServerError",
        "AccessDenied",
    ):
        yield botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")
    yield botocore.exceptions.ClientError({}, "Query")
