"""What answers cost in DynamoDB's read units: each question on a hundred verdicts and some more, and on a million.

The real router answers from the real table's code, over a table in memory that counts as DynamoDB does. Both tables
have the same to answer with; what a question costs must not depend on what else is there. Fails where it does.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.apparatus.every_question import HISTORY, LOOK, Question, every
from bench.apparatus.many_verdicts import APP, NEWEST, NOW, TABLE, table_of
from local.simulation.table import Table
from registry_verifier.answer_table import AnswerTable
from registry_verifier.models import Look
from registry_verifier.query import router
from registry_verifier.query.world import World
from registry_verifier.question.request import Request
from registry_verifier.seal import Seal

FEW, MANY = NEWEST, 1_000_000
_LONG = re.compile(r"(?<=sha256:)[0-9a-f]{64}|[\w-]{65,}")


@dataclass(frozen=True)
class Answered:
    """One question, and what it took."""

    question: Question
    status_code: int
    body: str
    read_units: float

    @property
    def text(self) -> str:
        """The question in a line, digests and ids left out."""
        target = _LONG.sub("…", self.question.target)
        return f"{self.question.method} {target} ({self.question.access.value})"


class Nobody:
    """A queue that nobody reads."""

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """As ports.Looks."""


class Asker:
    """Asks the API over one table."""

    def __init__(self, table: Table) -> None:
        client: Any = table
        self._bill = table.bill
        self._world = World(
            verdicts=AnswerTable(client, TABLE, now=lambda: NOW),
            looks=Nobody(),
            seal=lambda: Seal((b"a seal that is as good as any other",)),
            policies=tuple,
            now=lambda: NOW,
            public_images=frozenset({APP}),
            owners=frozenset({APP.repository.partition("/")[0]}),
        )

    def everything(self) -> Iterator[Answered]:
        """Every question that is answered from the table."""
        yield from map(self.ask, every())
        yield (looked := self.ask(LOOK))
        yield self.ask(Question(f"/v1/requests/{json.loads(looked.body)['id']}"))
        yield (history := self.ask(HISTORY))
        for item in json.loads(history.body)["items"][:2]:  # the one that stands, and the one before
            yield self.ask(Question(f"/v1/verifications/{item['id']}"))

    def ask(self, question: Question) -> Answered:
        """One question."""
        self._bill.read.clear()
        path, _, query = question.target.partition("?")
        content = b"" if question.body is None else json.dumps(question.body).encode()
        headers = {"content-type": "application/json"}
        request = Request(question.method, path, query, headers, content, question.access)
        sent = router.answer(request, self._world)
        return Answered(question, sent.status_code, sent.body, self._bill.read_units)


def main() -> int:
    """Print it; 1 where a question costs another amount on the larger table."""
    both = list(zip(*(list(Asker(table_of(size)).everything()) for size in (FEW, MANY)), strict=True))
    print(f"| read units | {FEW:,} verdicts | {MANY:,} verdicts | ratio |")
    print("|---|---:|---:|---:|")
    for few, many in both:
        ratio = many.read_units / few.read_units
        print(f"| `{few.text}` | {few.read_units:g} | {many.read_units:g} | {ratio:.3g} |")
    return int(any(few.read_units != many.read_units for few, many in both))


if __name__ == "__main__":
    sys.exit(main())
