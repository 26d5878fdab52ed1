"""docs/api.md, the reference of the API, made from the OpenAPI file: `python -m local.reference` writes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from local.template import ROOT

SOURCE = ROOT / "layers/registry_verifier/registry_verifier/openapi.json"
REFERENCE = ROOT / "docs/api.md"
_INTRODUCTION = """\
# The API

Made from the OpenAPI file, which is served at `/openapi.json`; `make openapi` makes both. Every error is a problem of
RFC 9457, `application/problem+json`, with a stable `code`. Times are RFC 3339 in UTC. Lists are
`{"items": […], "next_cursor": …}` with a `Link: <…>; rel="next"`; a page may hold fewer items than the limit, or none,
and still have a next one.
"""

Json = Mapping[str, Any]


def main() -> int:
    """Write the file, or with `--check` say whether it is as it should be."""
    made = reference(json.loads(SOURCE.read_text()))
    if sys.argv[1:] == ["--check"]:
        return int(not REFERENCE.exists() or REFERENCE.read_text() != made)
    REFERENCE.write_text(made)
    return 0


def reference(document: Json) -> str:
    """The page for an OpenAPI document."""
    return (
        "\n".join((_INTRODUCTION, *_operations(document), "## What answers hold", "", *_shapes(document))).rstrip()
        + "\n"
    )


def _operations(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}"
        yield ""
        if tag.get("description"):
            yield from (tag["description"], "")
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if tag["name"] in operation.get("tags", ()):
                    yield from _operation(f"{method.upper()} {path}", operation)


def _operation(title: str, operation: Json) -> Iterator[str]:
    yield from (f"### `{title}`", "", _sentence(operation["summary"]))
    if operation.get("description"):
        yield from ("", operation["description"])
    yield ""
    if parameters := operation.get("parameters"):
        yield from ("| parameter | where | what |", "|---|---|---|")
        yield from (_parameter(parameter) for parameter in parameters)
        yield ""
    if body := operation.get("requestBody"):
        yield from (f"Takes {_content(body)}.", "")
    yield from ("| status | what | body |", "|---|---|---|")
    yield from (_reply(code, reply) for code, reply in operation["responses"].items())
    yield ""


def _parameter(parameter: Json) -> str:
    needed = "" if parameter["in"] == "path" or not parameter.get("required") else ", required"
    return f"| `{parameter['name']}` | {parameter['in']}{needed} | {_cell(parameter.get('description', ''))} |"


def _reply(code: str, reply: Json) -> str:
    if "$ref" in reply:
        name = reply["$ref"].rpartition("/")[2]
        return f"| {code} | {_cell(_spaced(name))} | [Problem](#problem) |"
    return f"| {code} | {_cell(reply['description'])} | {_content(reply)} |"


def _content(holder: Json) -> str:
    parts = (f"{_type(media.get('schema', {}))} (`{name}`)" for name, media in holder.get("content", {}).items())
    return ", ".join(parts) or "none"


def _shapes(document: Json) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from (f"### {name}", "")
        if schema.get("description"):
            yield from (_sentence(schema["description"]), "")
        if properties := schema.get("properties"):
            yield from ("| member | type | what |", "|---|---|---|")
            yield from (f"| `{n}` | {_type(p)} | {_cell(p.get('description', ''))} |" for n, p in properties.items())
            yield ""


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if alternatives := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(map(_type, alternatives))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", "any value")
    if kinds == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else f"{text}."


def _spaced(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


if __name__ == "__main__":
    sys.exit(main())
