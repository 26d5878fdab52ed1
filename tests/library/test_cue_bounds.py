"""Conditions and documents that are meant to hurt: refused, or answered in bounded time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem

SECONDS = 20
"""of computing: far more than any of these takes, far less than an evaluation without bounds"""


@pytest.fixture(autouse=True)
def bounded() -> Any:
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


def doubling(mark: str) -> str:
    steps = [f"{mark}a{n + 1}: {{l: {mark}a{n}, r: {mark}a{n}}}" for n in range(40)]
    return "\n".join([f"{mark}a0: {{x: 1}}", *steps, f"p: {mark}a40"])


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("a: 1\n" * 60_000, "characters"),
        ("a: 1\n" * 20_000, "words"),
        ("[" * 70_000, "words"),
        ("a: {" * 100, "deep"),
        ("a: " * 100 + "1", "deep"),
        ("a: " + "(" * 100 + "1" + ")" * 100, "deep"),
        ("a: " + "1+" * 5000 + "1", "deep"),
        ("a: " + "-" * 5000 + "1", "deep"),
        ("a: x" + ".b" * 3000 + "\nx: _", "deep"),
        ("a: " + '"\\(' * 200 + "1" + ')"' * 200, "deep"),
        (doubling(""), "steps"),
        (doubling("#"), "steps"),
        ("\n".join(f"a: {{x{n}: 1}} | {{y{n}: 1}} | {{z{n}: 2}}" for n in range(15)), "steps"),
        ("#T: {l: #T}\na: #T", "holds itself"),
        ("\n".join(f"a{n}: a{(n + 1) % 900}" for n in range(900)), "demands nothing"),
        ("\n".join(f"a{n}: a{(n + 1) % 4000}" for n in range(4000)), "names refer to others"),
        ("a: " + "|".join(f'"{n}"' for n in range(9000)), "steps"),
        ("a: " + "(int | string | *1) & " * 300 + "1", "steps"),
        ('import "strings"\na: strings.Repeat("x", 1000000000)', "not supported"),
        ("a: " + "9" * 200_000, "digits"),
    ],
)
def test_hostile_condition_is_refused(policy: str, said: str) -> None:
    with pytest.raises(CueProblem, match=said):
        CueCondition.read(policy)


@pytest.mark.parametrize(
    ("policy", "document"),
    [
        ("a: [...int]\nb: [for x in a for y in a for z in a {x + y + z}]", {"a": list(range(100)), "b": []}),
        ("a: {[=~'x']: int}".replace("'", '"'), {"a": {f"x{n}": n for n in range(200_000)}}),
        ("a: [...{b: int}]", {"a": [{"b": 1}] * 200_000}),
        ('import "strings"\na: string\nb: strings.Split(a, "x")', {"a": "x" * 200_000, "b": []}),
        ("a: close({[string]: int})", {"a": {f"x{n}": n for n in range(200_000)}}),
        ("a0: string\n" + "\n".join(f"a{n + 1}: a{n} + a{n}" for n in range(40)), {"a0": "x" * 100}),
        ("a0: int\n" + "\n".join(f"a{n + 1}: a{n} * a{n}" for n in range(40)), {"a0": 12345}),
    ],
)
def test_what_costs_too_much_is_a_failure_and_no_pass(policy: str, document: dict[str, Any]) -> None:
    condition = CueCondition.read(policy)
    answers = condition.check(document), condition.check_as_cluster(document)
    assert all(answer and answer.startswith("could not be evaluated: ") for answer in answers)


def test_document_that_is_deeper_than_the_condition_goes_is_no_trouble() -> None:
    document: dict[str, Any] = {}
    for _ in range(500):
        document = {"next": document, "at": 1}
    assert CueCondition.read("at: 1\nnext: {...}").check(document) is None
    recursive = CueCondition.read("#N: {at: 1, next?: #N}\n#N\n...")
    assert (recursive.check(document) or "").startswith("could not be evaluated: ")


def test_hundreds_of_thousands_of_values_that_nobody_asks_for_cost_nothing() -> None:
    document = {"bomFormat": "x", "components": [{"name": str(n)} for n in range(300_000)]}
    condition = CueCondition.read('bomFormat: "x"\ncomponents: [...]')
    began = time.process_time()
    assert condition.check(document) is None
    assert time.process_time() - began < 1


def test_thousands_of_components_are_looked_at_one_by_one() -> None:
    condition = CueCondition.read('components: [...{name: string, version: =~"^[0-9]"}]')
    good = {"components": [{"name": str(n), "version": "1"} for n in range(8000)]}
    assert condition.check(good) is None
    good["components"][7999]["version"] = "x"
    assert (condition.check(good) or "").startswith("components[7999].version is")


def test_long_alternatives_are_answered() -> None:
    condition = CueCondition.read("a: " + " | ".join(f'"v{n}"' for n in range(4000)))
    assert condition.check({"a": "v3999"}) is None
    assert condition.check({"a": "v4000"}) is not None


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "x\ud83d"])
def test_what_cue_cannot_hold_never_passes(value: Any) -> None:
    condition = CueCondition.read("a: _")
    assert (condition.check({"a": value}) or "").startswith("could not be evaluated: ")
