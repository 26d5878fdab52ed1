"""The text of a condition as a tree: one class for each construct, with the offset at which it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from registry_verifier.policy.cue.labels import Hidden, Label, Scalar
from registry_verifier.policy.cue.limits import DEPTH
from registry_verifier.policy.cue.problem import CueProblem


@dataclass(frozen=True, eq=False)
class Tree:
    """Any construct."""

    at: int
    depth: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        depth = 1 + max((part.depth for part in self.parts()), default=0)
        if depth > DEPTH * 2:
            raise CueProblem(self.at, f"fields and expressions are nested more than {DEPTH} deep")
        object.__setattr__(self, "depth", depth)

    def parts(self) -> Iterator[Tree]:
        """The constructs inside it."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Tree):
                yield value
            elif isinstance(value, tuple):
                yield from (part for part in value if isinstance(part, Tree))


@dataclass(frozen=True, eq=False)
class Literal(Tree):
    """A value as written."""

    value: Scalar


@dataclass(frozen=True, eq=False)
class Never(Tree):
    """`_|_`"""


@dataclass(frozen=True, eq=False)
class Name(Tree):
    """A word: a type, a function, an import, or a reference to a field."""

    name: str


@dataclass(frozen=True, eq=False)
class Bound(Tree):
    """`<x`, `=~x` and the like."""

    operator: str
    operand: Tree


@dataclass(frozen=True, eq=False)
class Unary(Tree):
    """`-x`, `+x`, `!x`"""

    operator: str
    operand: Tree


@dataclass(frozen=True, eq=False)
class Binary(Tree):
    """Arithmetic, comparison and logic on two values."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, eq=False)
class Meet(Tree):
    """`a & b`"""

    operands: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Choice(Tree):
    """One alternative of a disjunction; `*` marks a default."""

    value: Tree
    default: bool = False


@dataclass(frozen=True, eq=False)
class Join(Tree):
    """`a | b`"""

    choices: tuple[Choice, ...]


@dataclass(frozen=True, eq=False)
class Selector(Tree):
    """`a.b`"""

    operand: Tree
    label: Label


@dataclass(frozen=True, eq=False)
class Index(Tree):
    """`a[b]`"""

    operand: Tree
    index: Tree


@dataclass(frozen=True, eq=False)
class Call(Tree):
    """`f(a, b)`"""

    function: Tree
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Interpolation(Tree):
    r"""`"a\(b)c"`"""

    pieces: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Alias(Tree):
    """`X=value`: the value, and a name for it within."""

    name: str
    value: Tree


@dataclass(frozen=True, eq=False)
class FieldOf(Tree):
    """`label: value`, `label?: value` (optional) or `label!: value` (required)."""

    label: Label
    value: Tree
    kind: str = ""
    """empty, `?` or `!`"""
    is_name: bool = True
    """whether others can refer to it: its label is no string"""
    alias: str = ""


@dataclass(frozen=True, eq=False)
class Dynamic(Tree):
    """`(label): value`, where the label is computed."""

    label: Tree
    value: Tree


@dataclass(frozen=True, eq=False)
class Pattern(Tree):
    """`[label]: value`: what holds for every field whose name fits."""

    label: Tree
    value: Tree
    alias: str = ""


@dataclass(frozen=True, eq=False)
class Ellipsis(Tree):
    """`...` in a struct, `...value` in a list."""

    value: Tree | None = None


@dataclass(frozen=True, eq=False)
class Let(Tree):
    """`let name = value`, in a struct or in a comprehension."""

    name: str
    value: Tree


@dataclass(frozen=True, eq=False)
class Embed(Tree):
    """A value that stands in a struct without a label."""

    value: Tree


@dataclass(frozen=True, eq=False)
class For(Tree):
    """`for key, value in source`"""

    key: str
    value: str
    source: Tree


@dataclass(frozen=True, eq=False)
class If(Tree):
    """`if condition`"""

    condition: Tree


@dataclass(frozen=True, eq=False)
class Struct(Tree):
    """`{…}`, and the whole text."""

    declarations: tuple[Tree, ...]
    lets: Mapping[str, Tree] = field(init=False, repr=False)
    names: Mapping[str, Label] = field(init=False, repr=False)
    """what can be referred to within, and the label that is meant"""

    def __post_init__(self) -> None:
        named = [each for each in self.declarations if isinstance(each, FieldOf)]
        names = {_word(each.label): each.label for each in named if each.is_name}
        names |= {each.alias: each.label for each in named if each.alias}
        lets = {each.name: each.value for each in self.declarations if isinstance(each, Let)}
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "lets", lets)
        super().__post_init__()


@dataclass(frozen=True, eq=False)
class Comprehension(Tree):
    """`for … if … {…}`"""

    clauses: tuple[Tree, ...]
    body: Struct


@dataclass(frozen=True, eq=False)
class ListOf(Tree):
    """`[a, b, ...c]`"""

    items: tuple[Tree, ...]
    rest: Ellipsis | None = None


def _word(label: Label) -> str:
    return label.name if isinstance(label, Hidden) else label
