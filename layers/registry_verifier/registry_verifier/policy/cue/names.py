"""What a condition's names mean, seen to when it is loaded: what is not known, not used or not taken is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from registry_verifier.policy.cue import tree
from registry_verifier.policy.cue.file import File
from registry_verifier.policy.cue.functions import BARE, FUNCTIONS, PACKAGES, TYPES, VALIDATORS
from registry_verifier.policy.cue.labels import Hidden
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.tree import Tree
from registry_verifier.policy.cue.turning import declared, must_not_turn
from registry_verifier.policy.cue.waiting import must_wait
from registry_verifier.policy.cue.written import called, must_be_expression

_SPECIAL = {"len": 1, "close": 1, "and": 1, "or": 1, "div": 2, "mod": 2, "quo": 2, "rem": 2}


@dataclass
class _Frame:
    """The names of one scope, and which of them were used."""

    names: frozenset[str]
    used: set[str] = dataclass_field(default_factory=set)


@dataclass
class Names:
    """What the walk over a condition found."""

    imports: Mapping[str, str]
    """local name -> path"""
    frames: list[_Frame] = dataclass_field(default_factory=list)
    used_imports: set[str] = dataclass_field(default_factory=set)
    field: str = ""
    """the top-level field that is being seen to"""
    refers: dict[str, set[str]] = dataclass_field(default_factory=dict)
    """top-level name -> those to which it refers"""

    def visit(self, part: Tree) -> None:
        """See to a construct and what is inside it."""
        special = _VISITS.get(type(part))
        if special is None:
            self.inside(part.parts())
        else:
            special(self, part)

    def inside(self, parts: Iterator[Tree]) -> None:
        """See to each of these."""
        for part in parts:
            self.visit(part)

    def within(self, names: frozenset[str], parts: Iterator[Tree]) -> set[str]:
        """See to these in a scope of their own; the names that they used."""
        self.frames.append(_Frame(names))
        self.inside(parts)
        return self.frames.pop().used

    def lookup(self, part: tree.Name) -> None:
        """Find what a name means, or refuse it."""
        for frame in reversed(self.frames):
            if part.name in frame.names:
                frame.used.add(part.name)
                if frame is self.frames[0]:
                    self.refers.setdefault(self.field, set()).add(part.name)
                return
        if part.name in self.imports:
            raise CueProblem(part.at, f"package {part.name} is not a value")
        if part.name not in TYPES and part.name != "_":
            raise CueProblem(part.at, f"{part.name[:80]} is not known (a string is written in quotes)")

    def is_local(self, name: str) -> bool:
        """Whether it means a field, a let or an alias."""
        return any(name in frame.names for frame in self.frames)


def check(file: File) -> frozenset[str]:
    """The top-level names that the condition itself refers to; CueProblem for what is not taken."""
    names = Names({each.name: each.path for each in file.imports})
    for each in file.imports:
        if each.path not in PACKAGES:
            raise CueProblem(
                each.at, f"import of {each.path[:80]!r} is not supported (expected one of {_listed(PACKAGES)})"
            )
        if each.name in file.fields.names or each.name in file.fields.lets:
            raise CueProblem(each.at, f"{each.name} is imported and a field as well")
    if len(names.imports) != len(file.imports):
        raise CueProblem(file.imports[-1].at, "two imports have one name")
    names.frames.append(_Frame(frozenset(file.fields.names) | frozenset(file.fields.lets)))
    _visit_struct(names, file.fields, names.frames[0])
    for each in file.imports:
        if each.name not in names.used_imports:
            raise CueProblem(each.at, f"{each.path[:80]!r} is imported and not used")
    must_not_turn(names.refers, file.fields)
    must_wait(file)
    return frozenset(name for field, used in names.refers.items() for name in used - {field})


def _listed(words: object) -> str:
    return ", ".join(sorted(words))  # type: ignore[call-overload]


def _struct(names: Names, part: tree.Struct) -> None:
    frame = _Frame(frozenset(part.names) | frozenset(part.lets))
    names.frames.append(frame)
    _visit_struct(names, part, frame)
    names.frames.pop()


def _visit_struct(names: Names, part: tree.Struct, frame: _Frame) -> None:
    named = list[str]()
    for each in part.declarations:
        if isinstance(each, tree.Let) or (isinstance(each, tree.FieldOf) and each.alias):
            named.append(each.name if isinstance(each, tree.Let) else each.alias)
    if len(set(named)) != len(named) or set(named) & {each for each in part.names if each not in named}:
        raise CueProblem(part.at, "a let or an alias has the name of another")
    for each in part.declarations:
        if len(names.frames) == 1:
            names.field = next(iter(declared(each)), "")
        names.visit(each)
    for each in part.declarations:
        _must_be_used(each, frame.used)


def _must_be_used(part: Tree, used: set[str]) -> None:
    if isinstance(part, tree.Let) and part.name not in used:
        raise CueProblem(part.at, f"let {part.name[:80]} is not used")
    if not isinstance(part, tree.FieldOf):
        return
    if part.alias and part.alias not in used:
        raise CueProblem(part.at, f"alias {part.alias[:80]} is not used")
    label = part.label
    if isinstance(label, Hidden) and not label.is_definition and label.name not in used:
        name = label.name[:80]
        raise CueProblem(part.at, f'{name} without quotes is hidden in cue and demands nothing; write "{name}"')


def _alias(names: Names, part: tree.Alias) -> None:
    if not names.within(frozenset({part.name}), iter([part.value])):
        raise CueProblem(part.at, f"alias {part.name[:80]} is not used")


def _pattern(names: Names, part: tree.Pattern) -> None:
    names.visit(part.label)
    if part.alias and not names.within(frozenset({part.alias}), iter([part.value])):
        raise CueProblem(part.at, f"alias {part.alias[:80]} is not used")
    if not part.alias:
        names.visit(part.value)


def _comprehension(names: Names, part: tree.Comprehension) -> None:
    _clauses(names, part.clauses, part.body)


def _clauses(names: Names, clauses: tuple[Tree, ...], body: Tree) -> None:
    if not clauses:
        names.visit(body)
        return
    first, rest = clauses[0], clauses[1:]
    names.inside(iter(first.parts()))
    bound = {first.key, first.value} - {"", "_"} if isinstance(first, tree.For) else set[str]()
    if isinstance(first, tree.Let):
        bound = {first.name}
    names.frames.append(_Frame(frozenset(bound)))
    _clauses(names, rest, body)
    used = names.frames.pop().used
    if isinstance(first, tree.Let) and first.name not in used:
        raise CueProblem(first.at, f"let {first.name[:80]} is not used")


def _name(names: Names, part: tree.Name) -> None:
    names.lookup(part)


def _choice(_: Names, part: Tree) -> None:
    raise CueProblem(part.at, "`*` marks a default only beside other alternatives")


def _join(names: Names, part: tree.Join) -> None:
    names.inside(choice.value for choice in part.choices)


def _call(names: Names, part: tree.Call) -> None:
    name = called(part.function)
    local, _, member = name.partition(".")
    if not name or names.is_local(local):
        raise CueProblem(part.at, "only the functions of the language and of imported packages can be called")
    path = f"{names.imports[local]}.{member}" if local in names.imports else name
    names.used_imports.add(local)
    known = (_SPECIAL.get(path), VALIDATORS.get(path), len(FUNCTIONS[path].takes) if path in FUNCTIONS else None)
    takes = [each for each in known if each is not None]
    if not takes:
        raise CueProblem(part.at, f"function {path[:80]} is not supported")
    if len(part.arguments) not in takes:
        raise CueProblem(
            part.at, f"{path} with {len(part.arguments)} arguments is not supported (expected {max(takes)})"
        )
    if path in ("and", "or") and not _is_plain_list(part.arguments[0]):
        raise CueProblem(part.at, f"{path} is supported for lists that are written there")
    names.inside(iter(part.arguments))


def _selector(names: Names, part: tree.Selector) -> None:
    name = called(part)
    local, _, member = name.partition(".")
    if not name or names.is_local(local) or local not in names.imports:
        names.visit(part.operand)
        return
    names.used_imports.add(local)
    path = f"{names.imports[local]}.{member}"
    if member not in PACKAGES[names.imports[local]] and path not in BARE:
        raise CueProblem(part.at, f"{path[:80]} is not supported")


def _is_plain_list(part: Tree) -> bool:
    if not isinstance(part, tree.ListOf) or part.rest or not part.items:
        return False
    return not any(isinstance(each, tree.Comprehension) for each in part.items)


def _bound(names: Names, part: tree.Bound) -> None:
    if part.operator in ("=~", "!~"):
        must_be_expression(part.operand)
    names.visit(part.operand)


def _binary(names: Names, part: tree.Binary) -> None:
    if part.operator in ("=~", "!~"):
        must_be_expression(part.right)
    names.inside(part.parts())


_VISITS: Mapping[type, Callable[[Names, Any], None]] = {
    tree.Struct: _struct,
    tree.Alias: _alias,
    tree.Pattern: _pattern,
    tree.Comprehension: _comprehension,
    tree.Name: _name,
    tree.Bound: _bound,
    tree.Binary: _binary,
    tree.Choice: _choice,
    tree.Join: _join,
    tree.Call: _call,
    tree.Selector: _selector,
}
