"""YAML as values with their places: one reading only, and bounded before anything is made of it.

The events of the YAML reader are put together here rather than by its own composer, so that depth, size, aliases
and duplicate keys are under control. Left out on purpose, each with an error that says so: tags, merge keys, keys
that are no strings, control and direction characters. Source: YAML 1.1, as PyYAML and Kubernetes read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_BYTES_LIMIT = 4 << 20  # a TrustRoot may hold a whole TUF repository
_DEPTH_LIMIT = 32
_SIZE_LIMIT = 80_000
# control characters, what turns the direction of text, and what YAML takes as a new line and an editor does not
_FORBIDDEN = re.compile(
    r"[^\t\n\r -~\xa0-\u200d\u2010-\u2027\u2030-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"|\r(?!\n)"
)
Event = Any  # the reader's classes of events share no useful type
_READER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = {"str": "string", "bool": "boolean", "int": "number", "float": "number", "null": "null", "timestamp": "date"}


class YamlProblem(ValueError):
    """A text that is not taken; `line` and `column` count from 1."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        super().__init__(text)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Place:
    """Where a value begins: `line` and `column` count from 1; `size` is what it weighs against the bound."""

    line: int
    column: int
    size: int


@dataclass(frozen=True)
class Scalar(Place):
    """One word or text. `kind` is what YAML takes it for: string, boolean, number, null or date."""

    text: str
    kind: str
    style: str
    """how it is written: `|`, `>`, a quote, or empty"""
    indent: int
    """of a text written behind `|`: how many columns its lines are indented"""

    def place_of(self, offset: int) -> Place:
        """Where in the file the character at `offset` of the text stands; the beginning where that is not known."""
        line, column = _position(self.text[:offset])
        if self.style == "|":
            return Place(self.line + line, self.indent + column, 0)
        if self.style in ("", "'") and "\n" not in self.text:
            return Place(self.line, self.column + len(self.style) + column - 1, 0)
        return Place(self.line, self.column, 0)

    def plain(self) -> str | bool | None:
        """The value without its place; numbers and dates as they are written."""
        if self.kind == "boolean":
            return self.text.lower() in ("true", "yes", "on")
        return None if self.kind == "null" else self.text


@dataclass(frozen=True)
class List(Place):
    """Values in order."""

    items: tuple[Node, ...]

    kind = "list"

    def plain(self) -> list[Any]:
        """The values without their places."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True)
class Table(Place):
    """Values by name, each name once."""

    entries: tuple[tuple[Scalar, Node], ...]

    kind = "mapping"

    def plain(self) -> dict[str, Any]:
        """The values without their places."""
        return {key.text: value.plain() for key, value in self.entries}


Node = Scalar | List | Table


def documents(content: bytes) -> list[Node]:
    """The documents of a YAML file, empty ones left out; YamlProblem where it is not read."""
    if len(content) > _BYTES_LIMIT:
        raise YamlProblem(f"file has {len(content)} bytes (expected at most {_BYTES_LIMIT})")
    text = _text(content)
    try:
        return _Builder(yaml.parse(text, Loader=_READER), text.split("\n")).documents()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ": ".join(filter(None, (error.context, error.problem)))
        raise YamlProblem(f"not yaml: {said}", mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise YamlProblem(f"not yaml: {error}") from error


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line, column = _position(content[: error.start].decode("utf-8"))
        raise YamlProblem(f"byte 0x{content[error.start]:02x} is not utf-8", line, column) from error
    if wrong := _FORBIDDEN.search(text):
        raise YamlProblem(f"character U+{ord(wrong[0]):04X} is not taken", *_position(text[: wrong.start()]))
    return text


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Builder:
    """Puts events together, one document after the other."""

    def __init__(self, events: Iterator[Event], lines: list[str]) -> None:
        self._events = events
        self._lines = lines
        self._anchors: dict[str, Node] = {}
        self._resolver: Any = yaml.resolver.Resolver()
        self._left = _SIZE_LIMIT

    def documents(self) -> list[Node]:
        found = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                node = self._node(next(self._events), 0)
                self._left -= node.size
                if node.kind != "null":
                    found.append(node)
        return found

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        if depth > _DEPTH_LIMIT:
            raise _problem(event, f"values are nested more than {_DEPTH_LIMIT} deep")
        node = self._made(event, depth)
        if node.size > self._left:
            raise _problem(event, f"file holds more than {_SIZE_LIMIT} values, aliases counted as what they stand for")
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = node
        return node

    def _made(self, event: Event, depth: int) -> Node:
        _refuse_tag(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(event, depth)
        return self._scalar(event)

    def _aliased(self, event: Event) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise _problem(event, f"alias {event.anchor[:80]!r} stands for nothing")
        return node

    def _scalar(self, event: Event) -> Scalar:
        text = event.value
        if wrong := _FORBIDDEN.search(text):
            raise _problem(event, f"escaped character U+{ord(wrong[0]):04X} is not taken")
        tag = self._resolver.resolve(yaml.ScalarNode, text, event.implicit)
        kind = _KINDS.get(tag.rpartition(":")[2], "special word") if event.tag is None else "string"
        style = "" if event.style in (None, ":") else event.style
        indent = self._indent(event.start_mark.line + 1, text) if style == "|" else 0
        return Scalar(*_start(event), 1 + len(text) // 64, text, kind, style, indent)

    def _indent(self, first: int, text: str) -> int:
        """How far a text is indented that begins in line `first` (from 0): told by a line of it that is not empty."""
        for source, own in zip(self._lines[first:], text.split("\n"), strict=False):
            if own.strip():
                return len(source.rstrip("\r")) - len(own)
        return 0

    def _list(self, start: Event, depth: int) -> List:
        items = list[Node]()
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return List(*_start(start), 1 + sum(item.size for item in items), tuple(items))

    def _table(self, start: Event, depth: int) -> Table:
        entries, names = list[tuple[Scalar, Node]](), set[str]()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, depth, names)
            names.add(key.text)
            entries.append((key, self._node(next(self._events), depth + 1)))
        size = 1 + sum(key.size + value.size for key, value in entries)
        return Table(*_start(start), size, tuple(entries))

    def _key(self, event: Event, depth: int, names: set[str]) -> Scalar:
        key = self._node(event, depth + 1)
        if not isinstance(key, Scalar) or key.kind != "string":
            merge = isinstance(key, Scalar) and key.text == "<<"
            raise _problem(event, "merge keys are not taken" if merge else f"key is a {key.kind} (expected a string)")
        if key.text in names:
            raise _problem(event, f"key {key.text[:80]!r} stands twice")
        return key


def _refuse_tag(event: Event) -> None:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!") and not (tag == "tag:yaml.org,2002:str" and isinstance(event, yaml.ScalarEvent)):
        raise _problem(event, f"tag {tag[:80]!r} is not taken")


def _start(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _problem(event: Event, text: str) -> YamlProblem:
    return YamlProblem(text, *_start(event))
