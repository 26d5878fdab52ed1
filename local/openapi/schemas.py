"""JSON Schemas of the shapes, as an OpenAPI 3.1 document has them: by their names, short, in a stable order.

Pydantic makes them. What it adds for its own forms is taken away again: titles that repeat names, and `anyOf` where a
list of types says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import get_original_bases, is_typeddict

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/"
_BY_NAME = ("properties", "$defs", "patternProperties")
"""what holds schemas by names that mean nothing to JSON Schema"""


@dataclass(frozen=True)
class Schemas:
    """The schemas of some shapes."""

    components: Mapping[str, Schema]
    """by name, for `components.schemas`"""
    uses: Mapping[Any, Schema]
    """by the shape: what stands where its body is described"""


def schemas(shapes: Iterable[Any]) -> Schemas:
    """The schemas of these shapes and of all that they hold."""
    numbered = dict(enumerate(dict.fromkeys(shapes)))
    adapters = [(number, "serialization", _adapter(shape)) for number, shape in numbered.items()]
    lists, made = TypeAdapter.json_schemas(adapters, ref_template=f"{REFERENCE}{{model}}")  # type: ignore[arg-type]
    components = {name: plain(schema) for name, schema in sorted(made.get("$defs", {}).items())}
    for shape in _typed_dicts(numbered.values()):
        _inherit(shape, components[shape.__name__])
    return Schemas(components, {numbered[number]: plain(made["items"]) for (number, _), made in lists.items()})


def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Of a list of the shape: a TypedDict takes no settings by itself, and what it stands in gives it its own."""
    listed: Any = GenericAlias(list, (shape,))
    return TypeAdapter(listed, config=ConfigDict(use_attribute_docstrings=True))


def _typed_dicts(kinds: Iterable[Any]) -> set[Any]:
    """The TypedDicts among these types and within them."""
    found: set[Any] = set()
    left = list(kinds)
    while left:
        kind = left.pop()
        if is_typeddict(kind) and kind not in found:
            found.add(kind)
            left += get_type_hints(kind).values()
        left += get_args(kind)
    return found


def _inherit(shape: Any, schema: Schema) -> None:
    """Descriptions of the members that a shape has from another one, which pydantic does not look at."""
    for base in filter(is_typeddict, get_original_bases(shape)):
        known = schemas([base]).components[base.__name__]["properties"]
        for name in known:
            schema["properties"][name] = known[name] | schema["properties"][name]


def plain(schema: Any) -> Any:
    """The same schema with less in it."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _member(name, value) for name, value in schema.items() if not _is_noise(name, value)}
    return _merged(made)


def _member(name: str, value: Any) -> Any:
    if name in _BY_NAME:
        return {key: plain(one) for key, one in value.items()}
    return value if name in ("enum", "const", "default", "example", "examples", "required") else plain(value)


def _is_noise(name: str, value: Any) -> bool:
    return name == "title" or (name == "additionalProperties" and value is True)


def _merged(schema: Schema) -> Schema:
    """`X or null` as a list of types, where X is a plain type; generators make strange classes of such enumerations."""
    alternatives = schema.get("anyOf", [])
    if len(alternatives) != 2 or alternatives[1] != {"type": "null"} or not _is_plain(alternatives[0]):
        return schema
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**alternatives[0], "type": [alternatives[0]["type"], "null"], **others}


def _is_plain(schema: Schema) -> bool:
    return "type" in schema and not {"enum", "const"} & schema.keys()
