"""Reading one value of a policy file: what is wrong is noted with its line, column and path, and reading goes on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from registry_verifier.errors import Problem
from registry_verifier.policy import withheld
from registry_verifier.policy.nodes import List, Node, Place, Scalar, Table

_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[!-~]*)?\Z")
_TEXT_LIMIT = 2048
_PROBLEMS_LIMIT = 100
_ITEMS_LIMIT = 1000
_NAME_LIMIT = 320  # what Kubernetes allows for an annotation's name


@dataclass
class Notes:
    """The problems of one file, the first hundred, each once; no text of them shows a private key."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: Place, path: str, text: str) -> None:
        """Note what is wrong there."""
        if self.is_full:
            return
        value = place.text if isinstance(place, Scalar) else ""
        said = Problem(
            self.file, place.line, place.column, withheld.without_keys(path, path), withheld.without_keys(text, value)
        )
        if said not in self.problems:
            self.problems.append(said)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is noted, so that nothing more need be worked out."""
        return len(self.problems) >= _PROBLEMS_LIMIT


@dataclass(frozen=True)
class Field:
    """One value, the dotted path to it, and where problems are noted. Each reader notes what is wrong by itself."""

    node: Node
    path: str
    notes: Notes

    def refuse(self, text: str, *, at: Place | None = None) -> None:
        """Note a problem with this value."""
        value = self.node.text if isinstance(self.node, Scalar) else ""
        self.notes.add(at or self.node, self.path, withheld.without_keys(text, value))

    def string(self) -> str:
        """A text that is not empty; the empty string where it is something else, which is noted."""
        node = self.node
        if not isinstance(node, Scalar) or node.kind != "string":
            fix = f': write it in quotes, "{node.text[:40]}"' if isinstance(node, Scalar) and node.text else ""
            self.refuse(f"expected a string, got {_called(node)}{fix if node.kind != 'null' else ''}")
            return ""
        if not node.text:
            self.refuse("is empty (expected a string)")
        return node.text

    def line(self, *, limit: int = 253) -> str:
        """A text for people: one line, of at most `limit` characters; the empty string where it is something else."""
        text = self.string()
        if withheld.holds_private_key(text):
            self.refuse("holds a private key (never put one in a policy)")
        elif len(text) > limit or not text.isprintable():
            self.refuse(f"is {text[:40]!r} (expected at most {limit} printable characters)")
        else:
            return text
        return ""

    def choice(self, *allowed: str) -> str:
        """One of the words in `allowed`."""
        text = self.string()
        if text and text not in allowed:
            self.refuse(f"is {text[:80]!r} (expected {' or '.join(map(repr, allowed))})")
        return text

    def url(self) -> str:
        """An http or https address; it is compared and shown, never followed."""
        text = self.string()
        if text and (len(text) > _TEXT_LIMIT or not _URL.match(text)):
            self.refuse(f"is {text[:80]!r} (expected an http or https address)")
        return text

    def text(self) -> str:
        """A text that may be empty."""
        node = self.node
        return "" if isinstance(node, Scalar) and node.kind == "string" and not node.text else self.string()

    def boolean(self) -> bool:
        """True or false."""
        value = self.node.plain() if isinstance(self.node, Scalar) else None
        if not isinstance(value, bool):
            self.refuse(f"expected true or false, got {_called(self.node)}")
        return value is True

    def items(self, *, empty: bool = False) -> list[Field]:
        """The values of a list that has one at least, or none where it may be `empty`, and a thousand at most."""
        if not isinstance(self.node, List):
            self.refuse(f"expected a list, got {_called(self.node)}")
            return []
        items = self.node.items[:_ITEMS_LIMIT]
        if not items and not empty:
            self.refuse("is empty (expected at least one)")
        if len(self.node.items) > _ITEMS_LIMIT:
            self.refuse(f"has {len(self.node.items)} entries (expected at most {_ITEMS_LIMIT})")
        return [Field(item, f"{self.path}[{n}]", self.notes) for n, item in enumerate(items)]

    def entries(self) -> dict[str, Field]:
        """The values of a mapping by name, whatever the names are."""
        if not isinstance(self.node, Table):
            self.refuse(f"expected a mapping, got {_called(self.node)}")
            return {}
        entries = self.node.entries[:_ITEMS_LIMIT]
        if len(self.node.entries) > _ITEMS_LIMIT:
            self.refuse(f"has {len(self.node.entries)} entries (expected at most {_ITEMS_LIMIT})")
        return {key.text: Field(value, self._join(key.text), self.notes) for key, value in entries}

    def strings(self) -> dict[str, str]:
        """A mapping of texts, which may be empty ones."""
        return {name: value.text() for name, value in self.entries().items()}

    def fields(
        self, known: Collection[str], *, need: Iterable[str] = (), later: Collection[str] = ()
    ) -> dict[str, Field]:
        """The values of a mapping whose names are `known`; `later` are those that the format has and we do not yet."""
        entries = self.entries()
        for name in need:
            if isinstance(self.node, Table) and name not in entries and not self._has(name):
                self.notes.add(self.node, self._join(name), "is missing")
        for name, value in entries.items():
            if name in later:
                value.refuse("is not supported yet")
            elif name not in known:
                self._unknown(name, [*known, *later])
        return {name: value for name, value in entries.items() if name in known}

    def _unknown(self, name: str, known: list[str]) -> None:
        if self.notes.is_full:
            return
        near = difflib.get_close_matches(name[:80], known, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else f" (expected one of {', '.join(known)})"
        self.notes.add(self._key(name), self._join(name[:80]), "unknown field" + hint)

    def _has(self, name: str) -> bool:
        return self._key(name) is not self.node

    def _key(self, name: str) -> Place:
        entries = self.node.entries if isinstance(self.node, Table) else ()
        return next((key for key, _ in entries if key.text == name), self.node)

    def _join(self, name: str) -> str:
        name = name[:_NAME_LIMIT]
        return f"{self.path}.{name}" if self.path else name


def _called(node: Node) -> str:
    return "no value" if node.kind == "null" else f"a {node.kind}"
