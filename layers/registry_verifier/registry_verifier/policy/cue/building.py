"""From what the grammar recognises to the tree, while it is being parsed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lark import Token, Transformer

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.file import File, Import
from registry_verifier.policy.cue.labels import Hidden, Label
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tree import Tree


def _at(part: Any) -> int:
    return part.at if isinstance(part, Tree) else (part.start_pos or 0)


def _label(word: Token) -> Label:
    text = str(word)
    return Hidden(text) if text.startswith(("_", "#")) else text


def _flat(choices: list[tree.Choice], *, is_marked: bool) -> Iterator[tree.Choice]:
    """The alternatives with those of a disjunction inside, where its defaults mean the same outside."""
    for choice in choices:
        inner = choice.value.choices if isinstance(choice.value, tree.Join) else ()
        if not inner or (is_marked and any(each.default for each in inner)):
            yield choice
        else:
            yield from (tree.Choice(each.at, each.value, each.default or choice.default) for each in inner)


@dataclass(frozen=True)
class _FieldLabel:
    """What stands before the colon of a field."""

    at: int
    label: Label
    is_name: bool = True
    alias: str = ""
    computed: Tree | None = None


class Builder(Transformer[Token, Any]):
    """One method for each rule of the grammar, named as it."""

    def start(self, parts: list[Any]) -> File:
        """The whole text."""
        return File(0, parts[-2], tree.Struct(0, parts[-1]))

    def package(self, parts: list[Any]) -> Token:
        """A package clause says nothing."""
        return parts[0]  # type: ignore[no-any-return]

    def imports(self, parts: list[Any]) -> tuple[Import, ...]:
        """All of them."""
        return tuple(parts)

    def import_spec(self, parts: list[Any]) -> Import:
        """One package that is imported, under its own name or under another."""
        path = parts[-1].meaning
        return Import(_at(parts[0]), path, str(parts[0]) if len(parts) > 1 else path.rsplit("/", 1)[-1])

    def declarations(self, parts: list[Any]) -> tuple[Tree, ...]:
        """What stands in a struct."""
        return tuple(parts)

    def embed(self, parts: list[Any]) -> tree.Embed:
        """A value without a label."""
        return tree.Embed(_at(parts[0]), parts[0])

    def ellipsis(self, parts: list[Any]) -> tree.Ellipsis:
        """`...` in a struct."""
        return tree.Ellipsis(_at(parts[0]))

    def rest(self, parts: list[Any]) -> tree.Ellipsis:
        """`...T` in a list."""
        return tree.Ellipsis(_at(parts[0]), parts[1] if len(parts) > 1 else None)

    def let(self, parts: list[Any]) -> tree.Let:
        """A name for a value."""
        return tree.Let(_at(parts[0]), str(parts[0]), parts[1])

    def name_label(self, parts: list[Any]) -> _FieldLabel:
        """A label that can be referred to."""
        return _FieldLabel(_at(parts[0]), _label(parts[0]))

    def string_label(self, parts: list[Any]) -> _FieldLabel:
        """A label in quotes."""
        return _FieldLabel(_at(parts[0]), parts[0].meaning, is_name=False)

    def computed_label(self, parts: list[Any]) -> _FieldLabel:
        """A label in parentheses, or with an interpolation."""
        return _FieldLabel(_at(parts[0]), "", is_name=False, computed=parts[0])

    def alias_label(self, parts: list[Any]) -> _FieldLabel:
        """A label with another name for its value."""
        if parts[1].alias or parts[1].computed:
            raise CueProblem(_at(parts[0]), "an alias for a computed label is not supported")
        return _FieldLabel(_at(parts[0]), parts[1].label, parts[1].is_name, str(parts[0]))

    def field(self, parts: list[Any], kind: str = "") -> Tree:
        """A field."""
        label, value = parts
        if label.computed is None:
            return tree.FieldOf(label.at, label.label, value, kind, label.is_name, label.alias)
        if kind:
            raise CueProblem(label.at, "an optional or required field with a computed label is not supported")
        return tree.Dynamic(label.at, label.computed, value)

    def optional(self, parts: list[Any]) -> Tree:
        """A field that need not be there."""
        return self.field(parts, "?")

    def required(self, parts: list[Any]) -> Tree:
        """A field that somebody else has to give."""
        return self.field(parts, "!")

    def pattern(self, parts: list[Any]) -> tree.Pattern:
        """A value for all labels that fit."""
        return tree.Pattern(_at(parts[0]), parts[0], parts[1])

    def named_pattern(self, parts: list[Any]) -> tree.Pattern:
        """The same, with a name for the label."""
        return tree.Pattern(_at(parts[0]), parts[1], parts[2], str(parts[0]))

    def short_struct(self, parts: list[Any]) -> tree.Struct:
        """`a: b: c`"""
        return tree.Struct(_at(parts[0]), (parts[0],))

    def alias(self, parts: list[Any]) -> tree.Alias:
        """`X=value`"""
        return tree.Alias(_at(parts[0]), str(parts[0]), parts[1])

    def comprehension(self, parts: list[Any]) -> tree.Comprehension:
        """Clauses and what they yield."""
        return tree.Comprehension(_at(parts[0]), tuple(parts[:-1]), parts[-1])

    def for_value(self, parts: list[Any]) -> tree.For:
        """`for v in source`"""
        return tree.For(_at(parts[0]), "", str(parts[0]), parts[1])

    def for_both(self, parts: list[Any]) -> tree.For:
        """`for k, v in source`"""
        return tree.For(_at(parts[0]), str(parts[0]), str(parts[1]), parts[2])

    def if_clause(self, parts: list[Any]) -> tree.If:
        """`if condition`"""
        return tree.If(_at(parts[0]), parts[0])

    def join(self, parts: list[Any]) -> tree.Join:
        """Alternatives."""
        choices = [each if isinstance(each, tree.Choice) else tree.Choice(each.at, each) for each in parts]
        return tree.Join(parts[0].at, tuple(_flat(choices, is_marked=any(each.default for each in choices))))

    def default(self, parts: list[Any]) -> tree.Choice:
        """The alternative that counts where nothing else decides."""
        return tree.Choice(_at(parts[0]), parts[1], default=True)

    def meet(self, parts: list[Any]) -> tree.Meet:
        """Values unified."""
        return tree.Meet(_at(parts[0]), tuple(parts))

    def binary(self, parts: list[Any]) -> tree.Binary:
        """An operator between two values."""
        return tree.Binary(_at(parts[0]), str(parts[1]), parts[0], parts[2])

    def unary(self, parts: list[Any]) -> tree.Unary:
        """A sign."""
        return tree.Unary(_at(parts[0]), str(parts[0]), parts[1])

    def negation(self, parts: list[Any]) -> tree.Unary:
        """`!x`"""
        return tree.Unary(_at(parts[0]), "!", parts[0])

    def bound(self, parts: list[Any]) -> tree.Bound:
        """A demand on other values."""
        return tree.Bound(_at(parts[0]), str(parts[0]), parts[1])

    def selector(self, parts: list[Any]) -> tree.Selector:
        """A field of a value."""
        name = parts[1].meaning if parts[1].type == "STRING" else _label(parts[1])
        return tree.Selector(_at(parts[0]), parts[0], name)

    def index(self, parts: list[Any]) -> tree.Index:
        """An element of a value."""
        return tree.Index(_at(parts[0]), parts[0], parts[1])

    def call(self, parts: list[Any]) -> tree.Call:
        """A function called."""
        return tree.Call(_at(parts[0]), parts[0], tuple(parts[1:]))

    def name(self, parts: list[Any]) -> tree.Name:
        """A word."""
        return tree.Name(_at(parts[0]), str(parts[0]))

    def literal(self, parts: list[Any]) -> tree.Literal:
        """A value as written."""
        return tree.Literal(_at(parts[0]), parts[0].meaning)

    def never(self, parts: list[Any]) -> tree.Never:
        """`_|_`"""
        return tree.Never(_at(parts[0]))

    def interpolation(self, parts: list[Any]) -> tree.Interpolation:
        """A string with values in it."""
        pieces = (part if isinstance(part, Tree) else tree.Literal(_at(part), part.meaning) for part in parts)
        return tree.Interpolation(_at(parts[0]), tuple(pieces))

    def struct(self, parts: list[Any]) -> tree.Struct:
        """`{…}`"""
        return tree.Struct(_at(parts[0]), parts[1])

    def list(self, parts: list[Any]) -> tree.ListOf:
        """`[…]`"""
        rest = parts[-1] if parts and isinstance(parts[-1], tree.Ellipsis) else None
        return tree.ListOf(parts[0].at if parts else 0, tuple(parts[: len(parts) - bool(rest)]), rest)
