"""Conditions in Rego: what is refused when a policy is loaded, what each kind of answer means, and no hanging."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from registry_verifier import opa
from registry_verifier.errors import Unavailable
from registry_verifier.policy.rego import RegoCondition, RegoProblem
from registry_verifier.policy.rego.condition import TEXT_LIMIT
from registry_verifier.reasons import Reason
from tests.library.rego_engine import NEEDS_OPA, OPA, answering, put_on_path

STATEMENT = {"predicateType": "https://example.com/x", "predicate": {"passed": True, "count": 12}}
HOLDS = "package sigstore\nisCompliant { true }"


@pytest.fixture
def _opa(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OPA is not None
    put_on_path(monkeypatch, OPA)


REAL = [NEEDS_OPA, pytest.mark.usefixtures("_opa")]


def real(test: Any) -> Any:
    """A test with OPA itself."""
    for mark in REAL:
        test = mark(test)
    return test


def of(body: str) -> RegoCondition:
    return RegoCondition.read(f"package sigstore\n{body}")


def refused(text: str) -> tuple[int, str]:
    with pytest.raises(RegoProblem) as caught:
        RegoCondition.read(text)
    return caught.value.line, str(caught.value)


# ---- with OPA itself: loading

REFUSED = {
    "no package": ("isCompliant { true }", 1, "package expected"),
    "nothing": ("", 1, "empty module"),
    "no rego": ("package sigstore\nisCompliant { foo( }", 2, "unexpected } token"),
    "another package": (
        "# ours\npackage signature\nisCompliant { true }",
        2,
        "package is 'signature' (expected 'sigstore')",
    ),
    "a package below": ("package sigstore.more\nisCompliant { true }", 1, "package is 'sigstore.more'"),
    "another rule": ("package sigstore\nallow { true }", 1, "has no rule isCompliant (got allow)"),
    "no rule": ("package sigstore", 1, "has no rule isCompliant (got none)"),
    "a function": ("package sigstore\nisCompliant(x) { x }", 1, "has no rule isCompliant (got none)"),
    "an unknown function": ("package sigstore\nisCompliant {\n  foo(1)\n}", 3, "undefined function foo"),
    "an unsafe variable": ("package sigstore\nisCompliant { x }", 2, "var x is unsafe"),
    "a wrong type": ("package sigstore\nisCompliant { count(5) == 1 }", 2, "count: invalid argument(s)"),
    "recursion": ("package sigstore\nisCompliant { isCompliant }", 2, "rule data.sigstore.isCompliant is recursive"),
    "version 1 without its keywords": (
        "package sigstore\nisCompliant if { true }",
        2,
        "var cannot be used for rule name",
    ),
    "the network": (
        'package sigstore\nisCompliant { http.send({"method": "get", "url": "http://127.0.0.1"}) }',
        2,
        "http.send is refused: a condition is about the document alone",
    ),
    "the network, where it is not called": (
        'package sigstore\nisCompliant { true }\nother { http.send({"url": "x"}) }',
        3,
        "http.send is refused",
    ),
    "the network, by way of with": (
        "package sigstore\nisCompliant { count(1) with count as http.send }",
        2,
        "var http is unsafe",
    ),
    "names of hosts": ("package sigstore\nisCompliant { net.lookup_ip_addr(`x`) }", 2, "net.lookup_ip_addr is refused"),
    "the environment": ("package sigstore\nisCompliant { opa.runtime().env.HOME }", 2, "opa.runtime is refused"),
    "nested too deep": ("package sigstore\nisCompliant { x := " + "(" * 100_000, 2, "max parsing recursion depth"),
    "half a character": ("package sigstore\n# \ud800\nisCompliant { true }", 1, "the policy is not Unicode"),
    "a function that only newer clusters know": (
        "package sigstore\nisCompliant { array.flatten([1]) }",
        2,
        "undefined function",
    ),
}


@real
@pytest.mark.parametrize(("text", "line", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_evaluated_is_refused_when_it_is_loaded(text: str, line: int, says: str) -> None:
    where, what = refused(text)
    assert says in what
    assert where == line
    assert "\n" not in what and len(what) <= 300


def test_a_long_policy_is_refused_before_it_is_read() -> None:
    line, text = refused("package sigstore\n#" + "x" * TEXT_LIMIT)
    assert (line, text) == (1, f"has {TEXT_LIMIT + 18} characters (expected at most {TEXT_LIMIT})")


@real
def test_a_policy_that_takes_long_to_read_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opa, "SECONDS", 2.0)
    start = time.monotonic()
    refused("package sigstore\nisCompliant { x := " + "[" * 30_000 + "]" * 30_000 + " }")
    assert time.monotonic() - start < 5


@real
def test_the_text_is_kept() -> None:
    assert RegoCondition.read(HOLDS) == RegoCondition(HOLDS)


# ---- with OPA itself: what a condition says

SAYS: dict[str, tuple[str, str | None]] = {
    "true": ("isCompliant { input.predicate.passed }", None),
    "undefined": ("isCompliant { input.predicate.count > 100 }", "isCompliant is undefined (expected true)"),
    "false": ("default isCompliant = false", "isCompliant is false (expected true)"),
    "an entry": ('isCompliant[r] { r := {"result": input.predicate.passed} }', None),
    "an entry with an error": (
        'isCompliant[r] { n := input.predicate.count; r := {"result": n > 100, "error": sprintf("only %d", [n])} }',
        "isCompliant says: only 12",
    ),
    "an entry with a warning": (
        'isCompliant[r] { r := {"result": true, "warning": "old scanner"} }',
        "isCompliant warns: old scanner",
    ),
    "entries in the order of their members": (
        'isCompliant[r] { r := {"result": true, "warning": ["w", ""][_]} }',
        None,
    ),
    "no entry": (
        "isCompliant[r] { r := input.nothing }",
        "isCompliant has no entry (expected one whose result is true)",
    ),
    "text": ('isCompliant = "yes" { true }', 'isCompliant is "yes" (expected true)'),
    "two values": (
        "isCompliant = x { x := [1, 2][_] }",
        "could not be evaluated: rule data.sigstore.isCompliant produced conflicting values: 1 at sigstore.rego:2 2",
    ),
    "an error in a function is undefined": ("isCompliant { not broken }\nbroken { 1 / (1 - 1) }", None),
    "not of a missing field is undefined": (
        'isCompliant { not startswith(input.missing, "x") }',
        "isCompliant is undefined (expected true)",
    ),
    "print": ('isCompliant { print("here", input.missing) }', None),
    "future keywords": ("import future.keywords\nisCompliant if { every x in [1] { x > 0 } }", None),
    "version 1": ("import rego.v1\nisCompliant if { input.predicate.passed }", None),
    "RE2": ('isCompliant { not regex.match(`^\\d$`, "\N{ARABIC-INDIC DIGIT THREE}") }', None),
}


@real
@pytest.mark.parametrize(("body", "sentence"), SAYS.values(), ids=SAYS)
def test_what_a_condition_says(body: str, sentence: str | None) -> None:
    said = of(body).check(STATEMENT)
    assert said is None if sentence is None else said is not None and said.startswith(sentence)


@real
def test_the_cluster_says_the_same() -> None:
    condition = of("isCompliant { input.predicate.passed }")
    assert condition.check_as_cluster(STATEMENT) is None
    assert condition.check_as_cluster({}) == "isCompliant is undefined (expected true)"


def holds(condition: RegoCondition) -> bool:
    """Whether it holds for the statement; what is stopped does not."""
    try:
        return condition.check(STATEMENT) is None
    except Unavailable:
        return False


BOMBS = {
    "time": "isCompliant { numbers.range(1, 5000)[_] * numbers.range(1, 5000)[_] == -1 }",
    "a long list": "isCompliant { count(numbers.range(1, 1000000000)) == 1 }",
    "a long text": "isCompliant { x := concat(``, [`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` | numbers.range(1, 1000)[_]]); "
    "count(replace(replace(x, `a`, x), `a`, x)) == 1 }",
    "a long answer": "isCompliant = numbers.range(1, 3000000) { true }",
    "a greedy expression": "isCompliant { x := concat(``, [`a` | numbers.range(1, 100000)[_]]); "
    "regex.match(`^(([a-z]+)+)+$`, concat(``, [x, `1`])) }",
}


@real
@pytest.mark.slow
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_a_few_seconds_and_does_not_hold(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    condition = of(body)
    monkeypatch.setattr(opa, "SECONDS", 2.0)
    start = time.monotonic()
    assert not holds(condition)
    assert time.monotonic() - start < 5


@real
@pytest.mark.slow
def test_a_document_of_16_megabytes_is_evaluated() -> None:
    packages = [{"name": f"p{n}", "text": "a" * 250} for n in range(60_000)]
    condition = of("isCompliant { count([p | p := input.packages[_]; p.name == `p7`]) == 1 }")
    assert condition.check({"packages": packages}) is None


@real
@pytest.mark.parametrize("document", [{"a": float("nan")}, {"a": float("inf")}], ids=["nan", "infinity"])
def test_what_is_no_json_does_not_hold(document: Any) -> None:
    assert (
        of("isCompliant { true }").check(document) == "could not be evaluated: the document cannot be written as json"
    )


@real
def test_a_document_nested_too_deep_does_not_hold() -> None:
    nested: Any = 1
    for _ in range(100_000):
        nested = [nested]
    said = of("isCompliant { true }").check({"a": nested})
    assert said == "could not be evaluated: the document cannot be written as json"


@real
def test_no_schema_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        schema = f'{{"$ref": "http://127.0.0.1:{server.getsockname()[1]}/schema"}}'
        assert of(f"isCompliant {{ json.match_schema(input, {schema})[0] }}").check(STATEMENT) is not None
        with pytest.raises(BlockingIOError):
            server.accept()


# ---- with a command in OPA's place


def test_without_opa_a_condition_is_refused_and_the_fix_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    line, text = refused(HOLDS)
    assert line == 1
    assert text == "rego needs the command opa: deploy the layer with RegoSupport=true, or put opa on PATH"


def test_opa_that_went_away_says_nothing_about_the_statement(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="rego needs the command opa") as caught:
        RegoCondition(HOLDS).check(STATEMENT)
    assert caught.value.reason == Reason.POLICY_UNSUPPORTED


BROKEN = {
    "hangs": ("exec sleep 60", "takes longer than 1 seconds"),
    "ends badly": ("exit 3", "opa ends with code 3 and answers ''"),
    "is ended": ("kill -9 $$", "opa ends with code -9 and answers ''"),
    "is no opa": ("echo hello", r"opa ends with code 0 and answers 'hello\n'"),
    "does not know the option": (
        "echo 'unknown flag: --v0-compatible' >&2; exit 1",
        "opa ends with code 1 and answers '",
    ),
    "fails without a reason": ("echo '{}'; exit 2", "opa ends with code 2 and does not say why"),
    "says nothing of errors": ("echo '{\"errors\": []}'", "opa ends with code 0 and does not say why"),
    "has errors of another shape": ("echo '{\"errors\": [7]}'", "opa ends with code 0 and does not say why"),
    "answers a list": ("echo '[]'", "opa answers what cannot be read"),
    "answers a number": ("echo 7", "opa answers what cannot be read"),
    "answers nothing": ("exit 0", "opa answers what cannot be read"),
    "answers nesting": (
        "head -c 100000 /dev/zero | tr '\\0' '['",
        "opa ends with code 0 and answers '[[[",
    ),
    "answers without end": ("exec cat /dev/zero", ""),
}


@pytest.mark.parametrize(("script", "says"), BROKEN.values(), ids=BROKEN)
def test_an_opa_that_is_broken_says_nothing_about_the_statement(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, says: str
) -> None:
    monkeypatch.setattr(opa, "SECONDS", 1.0)
    put_on_path(monkeypatch, answering(tmp_path, script))
    assert says in refused(HOLDS)[1]
    with pytest.raises(Unavailable) as caught:
        RegoCondition(HOLDS).check(STATEMENT)
    assert says in str(caught.value)


def test_a_command_that_cannot_be_started_is_no_yes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_on_path(monkeypatch, answering(tmp_path, "exit 0"))
    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", None)
    assert refused(HOLDS)[1].startswith("opa ")


def test_the_command_gets_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    put_on_path(
        monkeypatch, answering(tmp_path, 'echo "{\\"errors\\": [{\\"message\\": \\"<${AWS_SECRET_ACCESS_KEY:-}>\\"}]}"')
    )
    assert refused(HOLDS) == (1, "<>")


def test_the_command_has_limits_on_memory_time_and_what_it_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = 'echo "{\\"errors\\": [{\\"message\\": \\"$(ulimit -v) $(ulimit -t) $(ulimit -f)\\"}]}"'
    put_on_path(monkeypatch, answering(tmp_path, script))
    assert refused(HOLDS) == (1, f"{2 << 20} 20 {opa.ANSWER_LIMIT // 512}")


def test_loading_the_room_starts_nothing_and_needs_no_engine() -> None:
    code = "import registry_verifier.policy.rego, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PATH": "", "PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == 0
