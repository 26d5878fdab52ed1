"""What an answer costs does not depend on how much the table holds, for every question that is answered from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.apparatus.every_question import Question
from bench.apparatus.many_verdicts import table_of
from bench.read_units import FEW, Answered, Asker
from registry_verifier.query import operations
from registry_verifier.query.operation import Operation
from registry_verifier.question import reading

MORE = 3_000
WITHOUT_TABLE = {"health", "openapi", "list_policies"}


@pytest.fixture(scope="module")
def both() -> Sequence[tuple[Answered, Answered]]:
    few, more = (list(Asker(table_of(size)).everything()) for size in (FEW, MORE))
    return list(zip(few, more, strict=True))


def test_every_question_costs_the_same_on_a_larger_table(both: Sequence[tuple[Answered, Answered]]) -> None:
    assert [(few.text, few.read_units) for few, _ in both] == [(more.text, more.read_units) for _, more in both]
    assert all(few.read_units >= 0.5 for few, _ in both), "a question that reads nothing says nothing"


def test_every_question_is_answered_and_alike(both: Sequence[tuple[Answered, Answered]]) -> None:
    for few, more in both:
        assert few.status_code in (200, 202), few
        assert more.status_code == few.status_code
        assert few.body.count("sha256:") == more.body.count("sha256:"), "as much to answer with"


def test_every_operation_that_reads_the_table_is_asked(both: Sequence[tuple[Answered, Answered]]) -> None:
    asked = [one.question for one, _ in both]
    left = [
        one.name
        for one in operations.ALL
        if _reads(one) and not any(_asks(question, one.method, one.path) for question in asked)
    ]
    assert left == []


def _reads(operation: Operation) -> bool:
    """Whether it is answered from the table, and not from a file."""
    last = operation.path.rpartition("/")[2]
    is_file = operation.tag == "pages" and ("." in last or last == "status")
    return operation.name not in WITHOUT_TABLE and not is_file


def _asks(question: Question, method: str, template: str) -> bool:
    parts = reading.parts_of(question.target.partition("?")[0])
    return question.method == method and reading.captured(template, parts) is not None
