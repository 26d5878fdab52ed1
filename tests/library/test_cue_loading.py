"""What is refused when a condition is loaded, where, and in which words."""

from __future__ import annotations

import pytest

from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem

SYNTAX = [
    ("a: 1 b: 2", 1, 6, "expected a comma or a new line"),
    ("a: {b: 1 c: 2}", 1, 10, "expected a comma or a new line"),
    ("a: {} b: 2", 1, 7, "expected a comma or a new line"),
    ("a: 1,,b: 2", 1, 6, "expected a field name"),
    ("a: {,}", 1, 5, "expected a field name"),
    (",a: 1", 1, 1, "expected a field name"),
    ("a: [1\n2]", 1, 6, "expected a comma, got a new line"),
    ("a: 7 div 2", 1, 6, "expected a comma"),
    ('a: =="x"', 1, 4, "expected a value, got '=='"),
    ("a: {", 1, 4, "brace is never closed"),
    ("a: [1", 1, 4, "bracket is never closed"),
    ("a: (1", 1, 4, "parenthesis is never closed"),
    ("a: {}}", 1, 6, "expected a comma"),
    ("a:", 1, 3, "condition ends"),
    ('a: "x', 1, 4, "does not end"),
    ('a: "x\ny"', 1, 4, "does not end"),
    ('a: #"x"', 1, 4, "does not end"),
    ('a: "\\(b', 1, 8, "interpolation is never closed"),
    ('a: """\n x', 2, 1, "does not end on a line of its own"),
    ('a: """\n x\n  """', 2, 1, "indented less"),
    ('a: """\n \\(b)\n """\nb: 1', 1, 1, "interpolation in strings of several lines"),
    (r'a: "x\.y"', 1, 6, "unknown escape"),
    (r'a: "\x41"', 1, 4, "unknown escape"),
    (r'a: "\u00"', 1, 4, "unknown escape"),
    (r'a: "\U00110000"', 1, 4, "no character"),
    (r'a: "\ud83d"', 1, 4, "surrogate"),
    ("a: /* c */ 1", 1, 4, "expected a value"),
    ("é: 1", 1, 1, "unexpected character"),
    ("a:\u00a01", 1, 3, "unexpected character"),
    ("a: 1; b: 2", 1, 5, "unexpected character"),
    ("a: 1 @x(y)", 1, 6, "attributes are not supported"),
    ("a: 'x'", 1, 4, "byte strings are not supported"),
    ("a: 01", 1, 4, "number '01'"),
    ("a: 1.5M", 1, 4, "number '1.5M'"),
    ("a: " + "1" * 101, 1, 4, "number"),
    ("a: 1e9999", 1, 4, "number"),
    ("__a: 1", 1, 1, "reserved"),
]
MEANING = [
    ("a: b", 1, 4, "b is not known"),
    ('"a": 1\nb: a', 2, 4, "a is not known"),
    ("x: {a: 1}\nx: {b: a}", 2, 8, "a is not known"),
    ("a: *1", 1, 4, "marks a default only beside other alternatives"),
    ('import "net"\na: net.IP', 1, 8, "import of 'net' is not supported"),
    ('import "strings"\na: 1', 1, 8, "imported and not used"),
    ('import "strings"\na: strings', 2, 4, "package strings is not a value"),
    ('import "strings"\nstrings: strings.Contains("x")', 1, 8, "imported and a field as well"),
    ('import "strings"\na: strings.Repeat("x", 9)', 2, 4, "function strings.Repeat is not supported"),
    ('import "strings"\na: strings.Contains("x", "y", "z")', 2, 4, "with 3 arguments"),
    ('import "regexp"\na: regexp.Match("x")', 2, 4, "with 1 arguments"),
    ('import "strings"\na: strings.MinRunes', 2, 4, "is not supported"),
    ("a: print(1)", 1, 4, "function print is not supported"),
    ("a: b(1)\nb: 1", 1, 4, "only the functions of the language"),
    ("a: and(b)\nb: [1]", 1, 4, "lists that are written there"),
    ("let x = 1\na: 1", 1, 5, "let x is not used"),
    ("X=a: 1", 1, 1, "alias X is not used"),
    ("_type: 1", 1, 1, 'write "_type"'),
    ("a: _b: 1", 1, 4, 'write "_b"'),
    ("a: !=true", 1, 4, "takes no boolean"),
    ("a: <null", 1, 4, "takes no null"),
    ("a: <[1]", 1, 4, "no list and no object"),
    ("a: =~1", 1, 6, "in quotes"),
    ('a: =~"("', 1, 6, "refused by RE2"),
    ('a: =~"(?=x)"', 1, 6, "refused by RE2"),
    (r'a: =~"\\C"', 1, 6, "Go does not take"),
    ('a: =~""', 1, 6, "empty"),
    ("let L = a\na: L", 1, 5, "refer to each other"),
    ("if a > 1 {b: 1}\na: int", 1, 4, "at the top"),
    ("{for k in [1] {a: k}}", 1, 6, "at the top"),
    ("a: 1 | {b: 1, if b == 1 {c: 1}}", 1, 18, "within an alternative"),
    ("a: {b: *[for v in [1] {v}] | int}", 1, 14, "within an alternative"),
    ("a: b | 1\nb: int", 1, 4, "another field as an alternative"),
    ("a: 1 | (b.c & int)\nb: c: int", 1, 9, "another field as an alternative"),
    ('p: {e: [{for k, v in p.e[1] {"\\(k)-x": v}}, {a: 1}], c: p.e}', 1, 14, "over the field that it is in"),
    ('import "list"\na: list.MatchN(1, 1)', 2, 4, "function list.MatchN is not supported"),
    ("\n".join(f"a{n}: a{n + 1}" for n in range(1100)) + "\na1100: 1", 1, 1, "names refer to others"),
    ("", 1, 1, "demands nothing"),
    ("// nothing", 1, 1, "demands nothing"),
    ("#a: 1", 1, 1, "demands nothing"),
    ("{...}", 1, 1, "demands nothing"),
]
IMPOSSIBLE = [
    ('a: "x"\na: "y"', 2, 4, "conflicting demands"),
    ('a: =~"^x"\na: "y"', 2, 4, "conflicting demands"),
    ("a: false\na: 0", 2, 4, "conflicting demands"),
    ("a: {}\na: 1", 2, 4, "conflicting demands"),
    ("a: string & int", 1, 13, "conflicting demands"),
    ("a: >1 & <2 & int", 1, 1, "conflicting demands"),
    ('a: >"b" & <"a"', 1, 1, "conflicting demands"),
    ("#A: {b: int}\na: #A & {c: 1}", 1, 1, "a.'c' is a field that is not allowed"),
    ("a: b[3]\nb: [1]", 1, 4, "expected more than 3"),
    ("a: b[1]\nb: [...int]", 1, 4, "expected more than 1"),
    ("a: 1\nb!: int\np: c: b + 1", 1, 1, "write it without the !"),
    ("a: b.c\nb: 1", 1, 4, "no fields or elements"),
    ("a: 1/0", 1, 4, "division by zero"),
    ("a: _|_", 1, 4, "conflicting demands"),
    ("a: {b: a}", 1, 8, "holds itself"),
    ("(a): 1\na: string", 1, 1, "can never be decided"),
    ("a: {b: int | int, if len(b) == 1 {c: 1}}", 1, 22, "argument of another kind"),
    ("a: {b: int, if b {c: 1}}", 1, 16, "no boolean"),
    ("a: {b: int | int, c: b.d}", 1, 22, "has no fields"),
    ('import "list"\na: {b: list.MinItems(1), c: "\\(b)"}', 2, 29, "value of another kind"),
    ('import "list"\na: {b: list.MinItems(1), c: b + 1}', 2, 29, "value of another kind"),
    ("a: {b: bool, c: <b}", 1, 17, "value of another kind"),
]


@pytest.mark.parametrize(("policy", "line", "column", "said"), [*SYNTAX, *MEANING, *IMPOSSIBLE])
def test_refused_with_its_place(policy: str, line: int, column: int, said: str) -> None:
    with pytest.raises(CueProblem) as caught:
        CueCondition.read(policy)
    assert said in str(caught.value)
    before = policy[: caught.value.offset]
    assert (before.count("\n") + 1, len(before) - before.rfind("\n")) == (line, column)
