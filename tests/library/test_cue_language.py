"""What cue makes of each construct, and what we do: both answers, asked of cuelang.org/go v0.12.1 (the cluster's)."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.policy.cue.condition import CueCondition

TIMES = """
import "time"
before: time.Parse(time.RFC3339, "2030-01-31T12:00:00Z")
after: time.Parse(time.RFC3339, "2020-01-31T12:00:00+02:00")
predicate: scan: {
  began: >after
  ended: <before & >=began
  began: string
}
"""
MATCHES = """
import "struct"
import "list"
authorityMatches: {
  byKey: attestations: struct.MaxFields(2) & struct.MinFields(1)
  bySigner: signatures: list.MinItems(1) & list.MaxItems(1)
  if (len(authorityMatches.byTeam.attestations) < 2) {
    tooFew: 1
    tooFew: "fewer than two"
  },
}
"""
PACKAGES = """
import (
  "list"
  "strings"
)
let names = ["log4j-core", "log4j-api"]
predicate: components: [...{
  name: name
  if list.Contains(names, name) {
    name: strings.Join([name, "is vulnerable"], " ")
  }
}]
"""
CLOSED = "#Level: {name: string, at?: int}\npredicate: level: #Level"
LISTED = "predicate: [{id: 1}, ...{id: int}]"


def answers(policy: str, document: dict[str, Any]) -> tuple[str | None, str | None]:
    condition = CueCondition.read(policy)
    return condition.check(document), condition.check_as_cluster(document)


def matches(**changed: Any) -> dict[str, Any]:
    good = {
        "byKey": {"attestations": {"a": []}, "signatures": None},
        "bySigner": {"signatures": [{"subject": "x"}], "attestations": None},
        "byTeam": {"attestations": {"a": [], "b": []}},
    }
    return {"authorityMatches": good | changed}


@pytest.mark.parametrize(
    ("policy", "document"),
    [
        (TIMES, {"predicate": {"scan": {"began": "2025-01-31T12:00:00Z", "ended": "2025-01-31T12:30:00Z"}}}),
        (MATCHES, matches()),
        (PACKAGES, {"predicate": {"components": [{"name": "zlib"}, {"name": "curl", "version": "8"}]}}),
        (PACKAGES, {"predicate": {"components": []}}),
        (CLOSED, {"predicate": {"level": {"name": "x"}, "more": 1}}),
        (CLOSED, {"predicate": {"level": {"name": "x", "at": 1}}}),
        (LISTED, {"predicate": [{"id": 1}, {"id": 2, "more": 3}]}),
        ("a: string", {"a": "x"}),
        ("a: int", {"a": 1}),
        ("a: float", {"a": 1.5}),
        ("a: number", {"a": 1}),
        ("a: bool", {"a": False}),
        ("a: _", {"a": None}),
        ("a: uint8", {"a": 255}),
        ("a: 1.50", {"a": 1.5}),
        ("a: <5", {"a": 4.5}),
        ("a: >=1.0 & <=2", {"a": 1}),
        ('a: >="b"', {"a": "c"}),
        ("a: !=1.5", {"a": 1}),
        ('a: "x" | "y"', {"a": "y"}),
        ('a: *"x" | string', {"a": "z"}),
        ('a: {kind: "n", value: int} | {kind: "s", value: string}', {"a": {"kind": "s", "value": "x"}}),
        ("a: {b: 1} | {c: 2}", {"a": {"c": 2}}),
        ("a: and([int, >5])", {"a": 6}),
        ("a: or([1, 2])", {"a": 2}),
        ("a?: int\nb: 1", {"b": 1}),
        ("a!: int", {"a": 1}),
        ("a: {[string]: int}", {"a": {"x": 1, "y": 2}}),
        ("a: {[N=string]: N}", {"a": {"x": "x"}}),
        ('a: {[=~"^x"]: int, ...}', {"a": {"x1": 1, "y": "z"}}),
        ("a: close({b: int})", {"a": {"b": 1}}),
        ("#A: {b: int}\na: {#A, c: int}", {"a": {"b": 1, "c": 2}}),
        ("#A: {b: int}\n#C: {c: int}\na: {#A, #C}", {"a": {"b": 1, "c": 2}}),
        ("#A: {b: int, ...}\na: #A", {"a": {"b": 1, "c": 2}}),
        ("#T: {left?: #T, at: int}\na: #T", {"a": {"left": {"left": {"at": 1}, "at": 2}, "at": 3}}),
        ("_low: 3\na: >_low", {"a": 4}),
        ("let low = 3\na: >low", {"a": 4}),
        ("X=a: int\nb: X", {"a": 1, "b": 1}),
        ("a: X={b: int, c: X.b}", {"a": {"b": 1, "c": 1}}),
        ("a: {b: c}\nc: int", {"a": {"b": 1}, "c": 1}),
        ('a: "x-\\(b.c)"\nb: c: string', {"a": "x-y", "b": {"c": "y"}}),
        ("a: b[0]\nb: [...int]", {"a": 5, "b": [5, 4]}),
        ('a: b["x y"]\nb: {...}', {"a": 5, "b": {"x y": 5}}),
        ("a: b + 1 - 2 * 3\nb: int", {"a": -3, "b": 2}),
        ("a: b / 4\nb: int", {"a": 0.5, "b": 2}),
        ("a: div(b, 2)\nb: int", {"a": -4, "b": -7}),
        ("a: rem(b, 2)\nb: int", {"a": -1, "b": -7}),
        ('a: b == "x" && !c || d > 1\nb: string\nc: bool\nd: int', {"a": True, "b": "x", "c": False, "d": 0}),
        ('a: b =~ "^x"\nb: string', {"a": True, "b": "xy"}),
        ("p: {a: int, if a > 1 {b: int}}", {"p": {"a": 1}}),
        ("p: {if p.a != _|_ {b: 1}, ...}", {"p": {"a": 2, "b": 1}}),
        ("p: {for k, v in q {(k): v}}\nq: {...}\nq: x: int", {"p": {"x": 1}, "q": {"x": 1}}),
        ("p: [for v in q if v > 1 {v}]\nq: [...int]", {"p": [2, 3], "q": [1, 2, 3]}),
        ("p: [for v in q let w = v + 1 {w}]\nq: [...int]", {"p": [2], "q": [1]}),
        ('import "strings"\na: strings.HasPrefix("x") & strings.MinRunes(2)', {"a": "xé"}),
        ('import "strings"\na: true & strings.Contains(b, "x")\nb: *"x" | string', {"a": True, "b": "yx"}),
        ('import "strings"\na: strings.Split(b, "/")\nb: string', {"a": ["x", "y"], "b": "x/y"}),
        ('import s "strings"\na: s.ToLower(b)\nb: string', {"a": "x", "b": "X"}),
        ('import "list"\na: list.Contains("x")', {"a": ["y", "x"]}),
        ("a: {b: _, if b != null {c: 1}}", {"a": {"b": [], "c": 1}}),
        ('import "time"\n#D: 1\nlet L = 2\na: #D | L | time.Time | null', {"a": None}),
        ('a: {b: string, if !(b == "x") {c: 1}}', {"a": {"b": "y", "c": 1}}),
        ('a: {b: string, if len(b + "x") > 2 {c: 1}}', {"a": {"b": "yy", "c": 1}}),
        ('import "list"\na: list.UniqueItems', {"a": [1, True, "1", 1.0]}),
        ('import "time"\na: time.Time', {"a": "2025-01-31T12:00:00.5+02:00"}),
        ('import "regexp"\na: regexp.Match("^x", b)\nb: string', {"a": True, "b": "xy"}),
        ('a: """\n  x\n    y\n  """', {"a": "x\n  y"}),
        ("package any\na: 0x1F", {"a": 31}),
        ("a: 2Ki", {"a": 2048}),
        ("a: 1_000", {"a": 1000}),
        ("{a: 1}", {"a": 1}),
        ("a: ((1))", {"a": 1}),
        ("a: len(b)\nb: string", {"a": 2, "b": "é"}),
    ],
)
def test_holds(policy: str, document: dict[str, Any]) -> None:
    assert answers(policy, document) == (None, None)


@pytest.mark.parametrize(
    ("policy", "document", "said"),
    [
        (
            TIMES,
            {"predicate": {"scan": {"began": "2019-01-31T12:00:00Z", "ended": "2025-01-31T12:30:00Z"}}},
            "began is",
        ),
        (
            TIMES,
            {"predicate": {"scan": {"began": "2025-01-31T12:00:00Z", "ended": "2031-01-31T12:00:00Z"}}},
            "ended is",
        ),
        (MATCHES, matches(byTeam={"attestations": {"a": []}}), "conflicting demands"),
        (MATCHES, matches(bySigner={"signatures": []}), "has 0 elements (expected list.MinItems(1))"),
        (MATCHES, matches(byKey={"attestations": dict.fromkeys("abc")}), "3 fields (expected struct.MaxFields(2))"),
        (MATCHES, matches(byKey={"attestations": None}), "is null"),
        (CLOSED, {"predicate": {"level": {"name": "x", "also": 1}}}, "'also' is a field that is not allowed"),
        (CLOSED, {"predicate": {"level": {"name": 1}}}, "level.name is 1 (expected a string)"),
        (LISTED, {"predicate": []}, "has 0 elements (expected 1)"),
        (LISTED, {"predicate": [{"id": 1}, {"id": "2"}]}, 'predicate[1].id is "2" (expected a whole number)'),
        ("a: [1, 2]", {"a": [1]}, "has 1 elements (expected 2)"),
        ("a: [...int]", {"a": {}}, "an object (expected a list)"),
        ("a: int", {"a": 1.0}, "is 1.0 (expected a whole number)"),
        ("a: float", {"a": 1}, "is 1 (expected a fraction)"),
        ("a: 1.0", {"a": 1}, "expected 1.0"),
        ("a: <5", {"a": 5}, "is 5 (expected < 5)"),
        ('a: <"b"', {"a": 1}, 'expected < "b"'),
        ("a: !=1", {"a": 1.0}, "expected any value but 1"),
        ("a: uint8", {"a": 256}, "expected <= 255"),
        ("a: bytes", {"a": "x"}, "expected bytes"),
        ('a: "x" | "y"', {"a": "z"}, 'is "z" (expected "x" or "y")'),
        ('a: {kind: "n", value: int} | {kind: "s", value: string}', {"a": {"kind": "n", "value": "x"}}, "a.value is"),
        ("a?: int\nb: 1", {"a": "x", "b": 1}, "a is"),
        ("a: {[string]: int}", {"a": {"x": 1, "y": "z"}}, "a.y is"),
        ("a: close({b: int})", {"a": {"b": 1, "c": 2}}, "'c' is a field that is not allowed"),
        ("#A: {b: int}\na: {#A, c: int}", {"a": {"b": 1, "d": 2}}, "'d' is a field"),
        ("#A: {b: {c: int}}\na: #A", {"a": {"b": {"d": 1}}}, "a.b.'d' is a field"),
        ("#A: [...{c: int}]\na: #A", {"a": [{"d": 1}]}, "a[0].'d' is a field"),
        ("#A: {b: int}\n#A", {"b": 1, "c": 2}, "'c' is a field"),
        ("a: {b?: a, ...}", {"a": {"b": {}}}, "holds itself"),
        ("_low: 3\na: >_low", {"a": 3}, "expected > 3"),
        ("a: b\nb: string", {"a": "x", "b": "y"}, "a is"),
        ("a: b + 1\nb: int", {"a": 3, "b": 3}, "a is 3 (expected 4)"),
        ("a: b / c\nb: int\nc: int", {"a": 1, "b": 1, "c": 0}, "division by zero"),
        ("a: b[0]\nb: [...int]", {"a": 5, "b": []}, "has 0 elements"),
        ("p: {a: int, if a > 1 {b: 1}}", {"p": {"a": 2, "b": 2}}, "p.b is 2"),
        ("p: {for k, v in q {(k): v}}\nq: {...}", {"p": {"x": 2}, "q": {"x": 1}}, "p.x is 2"),
        ('import "strings"\na: strings.HasPrefix("x")', {"a": "yx"}, 'expected strings.HasPrefix("x")'),
        ('import "strings"\na: strings.ToLower(b)\nb: _', {"a": "x", "b": 1}, "argument of another kind"),
        ("a: {b: _, if b != null {c: 1}}", {"a": {"b": [], "c": 2}}, "a.c is 2"),
        ('import "list"\na: list.UniqueItems', {"a": [1, 1]}, "an element twice"),
        ('import "time"\na: time.Time', {"a": "2025-02-30T12:00:00Z"}, "expected a time"),
        ('import "time"\na: time.Parse(time.RFC3339, b)\nb: string', {"a": "x", "b": "today"}, "is no time"),
        ("a: =~b\nb: string", {"a": "x", "b": "("}, "refused by RE2"),
        ('a: "x\\(b)"\nb: _', {"a": "x", "b": None}, "interpolation takes"),
        ("a: int | {}\na: {...}", {"a": 5}, "a is 5"),
    ],
)
def test_fails_in_both_readings(policy: str, document: dict[str, Any], said: str) -> None:
    strict, cluster = answers(policy, document)
    assert said in (strict or "")
    assert cluster is not None


@pytest.mark.parametrize(
    ("policy", "document", "said"),
    [
        (TIMES, {"predicate": {"scan": {"began": "2025-01-31T12:00:00Z"}}}, "predicate.scan.ended is missing"),
        (MATCHES, matches(byTeam={}), "could not be decided"),
        (MATCHES, {}, "authorityMatches is missing (expected an object)"),
        (MATCHES, matches(byKey={"attestations": {}}), "has 0 fields (expected struct.MinFields(1))"),
        ("a!: int", {}, "a is missing (expected a whole number)"),
        ('a: *"x" | string', {}, 'a is missing (expected "x" or a string)'),
        ("a: {b: 1} | {c: 2}", {"a": {}}, "a.b is missing"),
        ("a: {b: c}\nc: int", {"a": {}}, "a.b is missing"),
        ("a: b + 1\nb: int", {"a": 1}, "could not be decided: b is not known"),
        ("p: {a: int, if a > 1 {b: 1}}", {"p": {"a": 2}}, "p.b is missing (expected 1)"),
        ("predicate: a: int\nb: predicate.a", {"predicate": {"a": 1}}, "b is missing (expected 1)"),
        ("#A: {b: int}\na: #A", {"a": {}}, "a.b is missing"),
        ("a: [{b: 1}, ...]", {"a": [{}]}, "a[0].b is missing"),
    ],
)
def test_what_is_missing_fails_here_and_passes_there(policy: str, document: dict[str, Any], said: str) -> None:
    strict, cluster = answers(policy, document)
    assert said in (strict or "")
    assert cluster is None


@pytest.mark.parametrize(
    "policy",
    [
        "limit: 3\npredicate: a: <limit",
        "limit?: 3\npredicate: a: 1",
        "_limit: 3\npredicate: a: <_limit",
        "#limit: {a: 1}\npredicate: a: 1",
        "let limit = 3\npredicate: a: <limit",
    ],
)
def test_what_only_the_condition_needs_is_no_demand(policy: str) -> None:
    assert answers(policy, {"predicate": {"a": 1}}) == (None, None)


def test_field_of_a_statement_is_a_demand_although_the_condition_refers_to_it() -> None:
    strict, _ = answers("predicateType: string\npredicate: kind: predicateType", {"predicate": {"kind": "x"}})
    assert strict == "predicateType is missing (expected a string)"


def test_vulnerable_package_fails() -> None:
    strict, cluster = answers(PACKAGES, {"predicate": {"components": [{"name": "zlib"}, {"name": "log4j-core"}]}})
    assert strict is not None
    assert cluster is not None
