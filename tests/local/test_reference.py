"""docs/api.md says what the OpenAPI file says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import reference

DOCUMENT: dict[str, Any] = json.loads(reference.SOURCE.read_text())


def test_the_page_is_made_from_the_file_as_it_is() -> None:
    assert reference.REFERENCE.read_text() == reference.reference(DOCUMENT), "run `make openapi`"


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_every_path_has_its_heading(path: str) -> None:
    page = reference.reference(DOCUMENT)
    assert all(f"### `{method.upper()} {path}`" in page for method in DOCUMENT["paths"][path])


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/components/schemas/Summary"}, "[Summary](#summary)"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"enum": ["open", "ended"]}, "`open` or `ended`"),
        ({"anyOf": [{"$ref": "#/components/schemas/Cause"}, {"type": "null"}]}, "[Cause](#cause) or null"),
        ({}, "any value"),
    ],
)
def test_a_type_in_words(schema: dict[str, Any], text: str) -> None:
    made = {"tags": [], "paths": {}, "components": {"schemas": {"One": {"properties": {"member": schema}}}}}
    assert f"| `member` | {text} |  |" in reference.reference(made)
