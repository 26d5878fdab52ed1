"""Conditions that are made up around a document, from all of the language that is taken: most of them nearly hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.differential.documents import NAMES, SCALARS

_DEPTH = 5
_PACKAGES = ("list", "strings", "struct", "time")


@dataclass
class Author:
    """Writes one condition, and remembers what it has named so far."""

    dice: Random
    document: Mapping[str, Any]
    definitions: dict[str, str] = field(default_factory=dict)
    lets: dict[str, str] = field(default_factory=dict)
    paths: list[tuple[str, Any]] = field(default_factory=list)
    """what can be referred to, and the value there"""

    def condition(self) -> str:
        """The text."""
        self._collect(self.document, "")
        fields = [self._field(name, each, 1) for name, each in self.document.items() if self.dice.random() < 0.9]
        fields += self._more_fields(1)
        self.dice.shuffle(fields)
        named = [f"#{name}: {text}" for name, text in self.definitions.items()]
        named += [f"let {name} = {text}" for name, text in self.lets.items()]
        body = "\n".join([*named, *fields]) + "\n"
        return "".join(f'import "{package}"\n' for package in _PACKAGES if f"{package}." in body) + body

    def _collect(self, place: Any, path: str) -> None:
        items = place.items() if isinstance(place, dict) else enumerate(place)
        for key, each in items:
            word = f"[{key}]" if isinstance(key, int) else ("." if path else "") + key
            self.paths.append((path + word, each))
            if isinstance(each, dict | list):
                self._collect(each, path + word)

    def _field(self, name: str, value: Any, depth: int) -> str:
        mark = self.dice.choices(("", "?", "!"), (12, 2, 1))[0]
        label = f'"{name}"' if self.dice.random() < 0.15 and depth > 1 else name
        return f"{label}{mark}: {self.about(value, depth)}"

    def _more_fields(self, depth: int) -> list[str]:
        makers: list[tuple[Callable[[int], str], float]] = [
            (lambda depth: f"{self.dice.choice(NAMES)}?: {self.about(self.dice.choice(SCALARS), depth)}", 0.2),
            (lambda depth: f"{self.dice.choice(NAMES)}: {self.about(self.dice.choice(SCALARS), depth)}", 0.1),
            (self._if, 0.2),
            (self._for, 0.06),
            (lambda depth: f"[{self._pattern()}]: {self.about(self.dice.choice(SCALARS), depth + 2)}", 0.07),
            (lambda _: "...", 0.1),
            (lambda _: f"#{self._definition('_', {})}", 0.05),
        ]
        return [make(depth) for make, share in makers if self.dice.random() < share]

    def _if(self, depth: int) -> str:
        body = f"{self.dice.choice(NAMES)}: {self.about(self.dice.choice(SCALARS), depth + 2)}"
        return f"if {self._question()} {{{body}}}"

    def _for(self, _: int) -> str:
        source = self._path_of(dict) if self.dice.random() < 0.5 else self._path_of(list)
        return f'for k, v in {source or "[1]"} {{"\\(k)-x": v}}' if source else "..."

    def _pattern(self) -> str:
        return self.dice.choice(("string", '=~"^[a-b]"', '!="a"', '"a" | "b"', '!~"c"'))

    def _question(self) -> str:
        path, value = self.dice.choice(self.paths or [("a", 1)])
        if isinstance(value, dict | list):
            return f"len({path}) {self.dice.choice(('<', '>', '==', '>='))} {self.dice.randint(0, 3)}"
        if isinstance(value, bool):
            return self.dice.choice((path, f"!{path}", f"{path} == true"))
        if isinstance(value, str) and self.dice.random() < 0.4:
            return f'strings.{self.dice.choice(("HasPrefix", "Contains", "HasSuffix"))}({path}, "x")'
        if value is None:
            return f"{path} {self.dice.choice(('==', '!='))} null"
        return f"{path} {self.dice.choice(('==', '!=', '<', '>='))} {self._literal(value)}"

    def _path_of(self, kind: type) -> str:
        fitting = [path for path, value in self.paths if isinstance(value, kind)]
        return self.dice.choice(fitting) if fitting else ""

    def about(self, value: Any, depth: int) -> str:
        """A demand that the value probably meets."""
        if self.dice.random() < 0.04:
            value = self.dice.choice(SCALARS)
        if depth >= _DEPTH:
            return self._literal(value)
        made = self._around(value, depth)
        if made:
            return made
        if isinstance(value, dict):
            return self._struct(value, depth)
        return self._list(value, depth) if isinstance(value, list) else self._scalar(value)

    def _around(self, value: Any, depth: int) -> str:
        """The demand in another form, now and then."""
        turn = self.dice.random()
        if turn < 0.08:
            return self._alternatives(value, depth)
        if turn < 0.14:
            return f"{self.about(value, depth + 1)} & ({self.about(value, depth + 1)})"
        if turn < 0.18:
            return f"#{self._definition('D', value)}"
        if turn < 0.24:
            return self._reference(value)
        return self._let(value, depth) if turn < 0.27 else ""

    def _alternatives(self, value: Any, depth: int) -> str:
        others = [
            self.about(self.dice.choice((*SCALARS, {"a": 1}, {"b": "x"}, [1])), depth + 2)
            for _ in range(self.dice.randint(1, 2))
        ]
        parts = [f"({text})" for text in (self.about(value, depth + 1), *others)]
        self.dice.shuffle(parts)
        if self.dice.random() < 0.35:
            parts[self.dice.randrange(len(parts))] = "*" + parts[0]
        return " | ".join(parts)

    def _definition(self, prefix: str, value: Any) -> str:
        name = f"{'D' if prefix == '_' else prefix}{len(self.definitions)}"
        self.definitions[name] = "_"
        self.definitions[name] = self._struct(value, 3) if isinstance(value, dict) else self.about(value, 3)
        return name if prefix != "_" else f"{name}: {{}}" if self.definitions.pop(name) else ""

    def _let(self, value: Any, depth: int) -> str:
        name = f"L{len(self.lets)}"
        self.lets[name] = "_"
        self.lets[name] = self.about(value, depth + 1)
        return name

    def _reference(self, value: Any) -> str:
        fitting = [path for path, each in self.paths if type(each) is type(value) and each == value]
        path = self.dice.choice(fitting) if fitting and self.dice.random() < 0.7 else self.dice.choice(self.paths)[0]
        if isinstance(value, str) and self.dice.random() < 0.3:
            return f'"\\({path})"'
        if isinstance(value, int | float) and not isinstance(value, bool) and self.dice.random() < 0.4:
            return f"{path} {self.dice.choice('+-*')} {self.dice.choice((0, 1))}"
        return path

    def _literal(self, value: Any) -> str:
        return json.dumps(value)

    def _scalar(self, value: Any) -> str:
        if value is None or isinstance(value, bool):
            return self.dice.choice((json.dumps(value), json.dumps(value), "_", "null" if value is None else "bool"))
        return self._text(value) if isinstance(value, str) else self._number(value)

    def _text(self, value: str) -> str:
        dice = self.dice
        turn = dice.randrange(10)
        if turn == 0:
            return f"strings.{dice.choice(('MinRunes', 'MaxRunes'))}({dice.randint(0, 3)})"
        if turn == 1:
            return f"strings.{dice.choice(('HasPrefix', 'HasSuffix', 'Contains'))}({json.dumps(value[:1])})"
        if turn == 2:
            return dice.choice(("time.Time", '<time.Parse(time.RFC3339, "2049-10-09T17:10:27Z")'))
        if turn == 3:
            return dice.choice(
                (f">={json.dumps(value)}", f"<={json.dumps(value)}", f"!={json.dumps(dice.choice(('x', 'z')))}", '<"y"')
            )
        if turn == 4:
            return dice.choice((f'=~"^{value[:1]}"', '!~"z"', '=~"^(x|y|v.*)?$"', '=~"[0-9]"'))
        return dice.choice(("string", "_", *(json.dumps(value),) * 4))

    def _number(self, value: float) -> str:
        dice, text = self.dice, json.dumps(value)
        kind = "int" if isinstance(value, int) else "float"
        limits = (
            f">={text}",
            f"<={text}",
            f">{dice.choice((0, 1, 2))}",
            f"<{dice.choice((1.5, 2, 6))}",
            f"!={dice.choice((0, 1, 1.0))}",
        )
        turn = dice.randrange(8)
        if turn < 2:
            return dice.choice(limits)
        if turn == 2:
            return f"{dice.choice(limits)} & {dice.choice((*limits, kind, 'number'))}"
        return dice.choice((kind, "number", "uint8", *(text,) * 4))

    def _list(self, value: list[Any], depth: int) -> str:
        dice = self.dice
        turn = dice.randrange(9)
        if turn == 0:
            return f"list.{dice.choice(('MinItems', 'MaxItems'))}({dice.randint(0, 3)})"
        if turn == 1:
            return dice.choice(
                (
                    "list.UniqueItems",
                    f"list.Contains({self._literal(dice.choice(SCALARS))})",
                    f"list.MatchN({dice.choice(('1', '>=1', '0'))}, {self.about(dice.choice(SCALARS), 3)})",
                )
            )
        if turn < 5:
            kinds = " | ".join(dict.fromkeys(f"({self.about(each, depth + 1)})" for each in value[:2])) or "_"
            return f"[...{kinds}]"
        items = [self.about(each, depth + 1) for each in value]
        if turn == 5:
            return f"[{', '.join([*items[:1], '...'])}]"
        if turn == 6 and value:
            return f"[for v in {self._literal(value)} {{v}}]"
        return f"[{', '.join(items)}]"

    def _struct(self, value: Mapping[str, Any], depth: int) -> str:
        dice = self.dice
        fields = [self._field(name, each, depth + 1) for name, each in value.items() if dice.random() < 0.85]
        fields += self._more_fields(depth + 1)
        if dice.random() < 0.08:
            fields.append(f"#{self._definition('E', {})}")
        body = "{" + ", ".join(fields) + "}"
        if dice.random() < 0.1:
            return f"close({body})"
        if dice.random() < 0.06:
            return f"{body} & struct.{dice.choice(('MinFields', 'MaxFields'))}({dice.randint(0, 3)})"
        return body
