"""Conditions that are made up around a document, from all of the language that is taken: most of them nearly hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.differential.demands import literal, on_scalar, on_whole_list, question
from local.differential.documents import NAMES, TOP, scalar

_DEPTH = 5
_PACKAGES = ("list", "regexp", "strings", "struct", "time")
_IDENTIFIER = re.compile(r"[a-z]+\Z")


@dataclass
class Author:
    """Writes one condition, and remembers what it has named so far."""

    dice: Random
    document: Mapping[str, Any]
    named: dict[str, str] = field(default_factory=dict)
    """definitions, hidden fields and lets, with how they are declared"""
    paths: list[tuple[str, Any]] = field(default_factory=list)
    """what can be referred to, and the value there"""
    place: str = ""
    """where the demand stands that is being written"""

    def condition(self) -> str:
        """The text."""
        self._collect(self.document, "")
        fields = [self._field(name, each, 1) for name, each in self.document.items() if name == TOP or self._is(0.9)]
        fields += self._more_fields(1, self.document) if TOP not in self.document or self._is(0.05) else []
        self.dice.shuffle(fields)
        body = "\n".join(fields) + "\n"
        body = "\n".join([*self._declared(body), body])
        return "".join(f'import "{package}"\n' for package in _PACKAGES if f"{package}." in body) + body

    def _declared(self, body: str) -> Iterator[str]:
        """What declares the names that the text has, and those that they have."""
        used, reading = set[str](), body
        while more := {name for name in self.named if re.search(rf"{name}\b", reading)} - used:
            used |= more
            reading = "\n".join(self.named[name] for name in more)
        return (text for name, text in self.named.items() if name in used)

    def _is(self, share: float) -> bool:
        return self.dice.random() < share

    def _collect(self, place: Any, path: str) -> None:
        items = place.items() if isinstance(place, dict) else enumerate(place)
        for key, each in items:
            word = path + self._word(key, path)
            self.paths.append((word, each))
            if isinstance(each, dict | list):
                self._collect(each, word)

    def _word(self, key: Any, path: str) -> str:
        if isinstance(key, str) and _IDENTIFIER.match(key):
            return ("." if path else "") + key
        return f"[{literal(key)}]"

    @contextmanager
    def _at(self, key: Any) -> Iterator[None]:
        before = self.place
        self.place += self._word(key, before)
        yield
        self.place = before

    def _field(self, name: str, value: Any, depth: int) -> str:
        mark = self.dice.choices(("", "?", "!"), (14, 2, 1))[0] if name != TOP else ""
        label = name if _IDENTIFIER.match(name) and (depth == 1 or self._is(0.85)) else literal(name)
        with self._at(name):
            return f"{label}{mark}: {self.about(value, depth)}"

    def _more_fields(self, depth: int, given: Mapping[str, Any]) -> list[str]:
        makers: list[tuple[Callable[[], str], float]] = [
            (lambda: self._one_field("?", depth, given), 0.2),
            (lambda: self._one_field("", depth, given), 0.1),
            (lambda: f"if {question(self.dice, *self._reached())} {{{self._one_field('', depth, given)}}}", 0.25),
            (self._for, 0.08),
            (lambda: f"[{self._pattern()}]: {self._scalar(depth)}", 0.04),
            (lambda: f"({self._one_field('', depth, given, computed=True)}", 0.02),
            (lambda: "...", 0.15),
        ]
        return [make() for make, share in makers if self._is(share)]

    def _one_field(self, mark: str, depth: int, given: Mapping[str, Any], *, computed: bool = False) -> str:
        """A field that is there already, or is not."""
        name = self.dice.choice(NAMES)
        with self._at(name):
            wanted = self.about(given[name], depth + 1) if name in given and self._is(0.8) else self._scalar(depth)
        return f'"{name}" + ""): {wanted}' if computed else f"{name}{mark}: {wanted}"

    def _scalar(self, depth: int) -> str:
        return self.about(scalar(self.dice), depth + 2)

    def _for(self) -> str:
        fitting = [path for path, value in self.paths if isinstance(value, dict | list) and not self._turns(path)]
        source = self.dice.choice(fitting or ["[1]"])
        clause = self.dice.choice(("", " if v != null", " let w = v if w != null"))
        return f'for k, v in {source}{clause} {{"\\(k)-x": v}}'

    def _pattern(self) -> str:
        return self.dice.choice(("string", '=~"^[a-b]"', '!="a"', '"a" | "b"', '!~"c"'))

    def _turns(self, path: str) -> bool:
        """Whether a reference to it from here would hold itself."""
        return path.startswith(self.place) or self.place.startswith(path)

    def _reached(self) -> tuple[str, Any]:
        """What can be referred to from here, in most cases something that is certainly there."""
        fitting = [each for each in self.paths if not self._turns(each[0])]
        named = [each for each in fitting if "[" not in each[0]]
        return self.dice.choice((named if named and self._is(0.9) else fitting) or self.paths)

    def about(self, value: Any, depth: int) -> str:
        """A demand that the value probably meets."""
        if self._is(0.02) and self.place != TOP:
            value = scalar(self.dice)
        if depth >= _DEPTH:
            return literal(value)
        made = self._around(value, depth) if self.place != TOP or self._is(0.15) else ""
        if made:
            return made
        if isinstance(value, dict):
            return self._struct(value, depth)
        return self._list(value, depth) if isinstance(value, list) else on_scalar(self.dice, value)

    def _around(self, value: Any, depth: int) -> str:
        """The demand in another form, now and then."""
        turn = self.dice.random()
        if turn < 0.08:
            return self._alternatives(value, depth)
        if turn < 0.14:
            return f"{self.about(value, depth + 1)} & ({self.about(value, depth + 1)})"
        if turn < 0.2:
            return self._name(value, depth)
        if turn < 0.26:
            return self._reference(value)
        return f"X={self.about(value, depth + 1)} & (X | X)" if turn < 0.263 else ""

    def _alternatives(self, value: Any, depth: int) -> str:
        others = [
            self.about(self.dice.choice((scalar(self.dice), {"a": 1}, {"b": "x"}, [1])), depth + 2)
            for _ in range(self.dice.randint(1, 2))
        ]
        parts = [f"({text})" for text in (self.about(value, depth + 1), *others)]
        self.dice.shuffle(parts)
        if self._is(0.35):
            parts[self.dice.randrange(len(parts))] = "*" + parts[0]
        return " | ".join(parts)

    def _name(self, value: Any, depth: int) -> str:
        """A definition, a hidden field or a let for it."""
        name = f"{self.dice.choice(('#D', '#D', '_h', 'L'))}{len(self.named)}"
        self.named[name] = ""
        text = self._struct(value, 3) if isinstance(value, dict) else self.about(value, depth + 1)
        self.named[name] = f"let {name} = {text}" if name.startswith("L") else f"{name}: {text}"
        return name

    def _reference(self, value: Any) -> str:
        reached = [each for each in self.paths if not self._turns(each[0])]
        same = [path for path, each in reached if type(each) is type(value) and each == value]
        if not reached:
            return literal(value)
        path = self.dice.choice(same) if same and self._is(0.7) else self._reached()[0]
        if isinstance(value, str) and self._is(0.3):
            return f'"\\({path})"'
        if isinstance(value, int | float) and not isinstance(value, bool) and self._is(0.4):
            return f"{path} {self.dice.choice('+-*')} {self.dice.choice((0, 1))}"
        return path

    def _list(self, value: list[Any], depth: int) -> str:
        dice = self.dice
        turn = dice.randrange(10)
        if turn < 2:
            return on_whole_list(dice, literal(dice.choice(value) if value and self._is(0.6) else scalar(dice)))
        if turn < 5:
            kinds = " | ".join(dict.fromkeys(f"({self.about(each, depth + 1)})" for each in value[:2])) or "_"
            return f"[...{kinds}]"
        items = list[str]()
        for index, each in enumerate(value):
            with self._at(index):
                items.append(self.about(each, depth + 1))
        if turn == 5:
            return f"[{', '.join([*items[:1], '...'])}]"
        if turn == 6 and value:
            return f"[for v in {literal(value)}{dice.choice(('', ' if v != null'))} {{v}}]"
        return f"[{', '.join(items)}]"

    def _struct(self, value: Mapping[str, Any], depth: int) -> str:
        fields = [self._field(name, each, depth + 1) for name, each in value.items() if self._is(0.85)]
        fields += self._more_fields(depth + 1, value)
        if self._is(0.08):
            fields.append(self._name({}, depth))
        if self._is(0.05):
            fields = [f"let M = {on_scalar(self.dice, scalar(self.dice))}", "h?: M", *fields]
        body = "{" + ", ".join(fields) + "}"
        if self._is(0.1):
            return f"close({body})"
        if self._is(0.06):
            return f"{body} & struct.{self.dice.choice(('MinFields', 'MaxFields'))}({self.dice.randint(0, 3)})"
        return body
