"""Numbers as policy-controller's conditions see them, after Go has read and written the statement."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_verifier.judgement.go_json import as_go


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (12.0, 12),
        (12.5, 12.5),
        (-0.0, 0),
        (1 << 53, 1 << 53),
        ((1 << 53) + 1, 1 << 53),
        (1e20, 10**20),
        (1e21, 1e21),
        (10**400, 10**400),
        (True, True),
        ("12.0", "12.0"),
        (None, None),
        ([1.0, {"a": 2.0}], [1, {"a": 2}]),
    ],
)
def test_value(value: Any, written: Any) -> None:
    found = as_go({"a": value})["a"]
    assert found == written
    assert type(found) is type(written)


def test_very_deep_document_is_left_as_it_is() -> None:
    deep: Any = 1.0
    for _ in range(900):
        deep = [deep]
    assert json.dumps(as_go({"a": deep})).count("[") == 900
