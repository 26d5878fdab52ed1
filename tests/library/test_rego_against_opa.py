"""Conditions in Rego against `opa eval` without our limits, capabilities and files: the same answer for every pair."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from registry_verifier.policy.rego import RegoCondition, answer
from tests.library.rego_engine import NEEDS_OPA, OPA, put_on_path

pytestmark = [NEEDS_OPA, pytest.mark.slow]

DOCUMENTS: dict[str, dict[str, Any]] = {
    "provenance": {
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": "ghcr.io/acme/app", "digest": {"sha256": "ab" * 32}}],
        "predicate": {
            "workflow": {"ref": "refs/tags/v1.2.3", "path": ".github/workflows/release.yml"},
            "materials": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.2.3"}],
        },
    },
    "scan": {
        "predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1",
        "predicate": {
            "finished": "2022-05-05T02:00:00.5Z",
            "version": "0.29.2",
            "results": [{"found": [{"id": "CVE-1", "severity": "LOW"}, {"id": "CVE-2", "severity": "CRITICAL"}]}, {}],
        },
    },
    "odd": {"predicateType": 7, "predicate": ["a", 1, 1.5, True, None, {"x": 1}], "text": "äöü€𝄞", "n": 1e3},
    "empty": {},
}

BODIES = [
    'isCompliant { input.predicateType == "https://slsa.dev/provenance/v1" }',
    "isCompliant { not critical }\ncritical { input.predicate.results[_].found[_].severity == `CRITICAL` }",
    "isCompliant { not contains(input.predicateType, `slsa`) }",
    "isCompliant { input.predicateType != 7 }",
    'isCompliant[r] { v := input.predicate.results[_].found[_]; r := {"result": v.severity == "LOW", "error": v.id} }',
    'isCompliant[r] { r := {"result": input.predicateType == 7, "warning": ["", "w"][_]} }',
    'isCompliant[r] { r := {"result": count(input) > 2, "error": sprintf("%v of %d", [input.predicateType, 3])} }',
    'isCompliant = [{"result": false, "error": "no"}, {"result": true}] { input.predicate }',
    "default isCompliant = false\nisCompliant { count(input.subject) == 1 }",
    "isCompliant { regex.match(`^refs/tags/v\\d+\\.\\d+\\.\\d+$`, input.predicate.workflow.ref) }",
    "isCompliant { re_match(`acme`, input.subject[_].name) }",
    "isCompliant { glob.match(`ghcr.io/acme/*`, [`/`], input.subject[_].name) }",
    "isCompliant { startswith(input.predicate.materials[_].uri, `git+https://github.com/acme/`) }",
    "isCompliant { time.parse_rfc3339_ns(input.predicate.finished) < time.now_ns() }",
    "isCompliant { semver.compare(input.predicate.version, `0.3.0`) > 0 }",
    "isCompliant { walk(input, [path, `CRITICAL`]); count(path) == 6 }",
    "isCompliant { type_name(input.predicateType) == `number` }",
    "isCompliant { is_array(input.predicate); input.predicate[2] == 1.5 }",
    "isCompliant { count(input.text) == 5; substring(input.text, 1, 2) == `öü` }",
    "isCompliant { sprintf(`%v`, [input.n]) == `1000` }",
    "isCompliant { not broken }\nbroken { 1 / (count(input) - count(input)) == 1 }",
    "isCompliant { object.get(input, [`predicate`, `version`], `none`) == `none` }",
    "isCompliant { f(input) == `b` }\nf(x) = `a` { count(x) > 3 } else = `b` { count(x) > 1 }",
    "isCompliant { inner with input as {`a`: 1} }\ninner { input.a == 1 }",
    "isCompliant { {s | s := input.predicate.results[_].found[_].severity} == {`LOW`, `CRITICAL`} }",
    "import future.keywords\nisCompliant if { every r in input.subject { startswith(r.name, `ghcr.io/`) } }",
    "import future.keywords\nisCompliant if { `CRITICAL` in [v | v := input.predicate.results[_].found[_].severity] }",
    "import rego.v1\nisCompliant if { input.predicate.workflow }",
    "isCompliant = x { x := input.predicate.results[_].found[_].severity }",
    "isCompliant { crypto.sha256(`a`); io.jwt.decode(`eyJhbGciOiJub25lIn0.e30.`) }",
    "isCompliant { null < false; false < 0; 0 < ``; `` < []; [] < {}; 0.1 + 0.2 == 0.3 }",
]


@pytest.fixture(autouse=True)
def _opa(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OPA is not None
    put_on_path(monkeypatch, OPA)


def plainly(policy: Path, document: dict[str, Any]) -> bool:
    """Whether `isCompliant` holds when OPA is asked as policy-controller asks it; an error is a no."""
    assert OPA is not None
    command = [OPA, "eval", "--v0-compatible", "-d", str(policy), "--stdin-input", "x = data.sigstore.isCompliant"]
    done = subprocess.run(command, input=json.dumps(document).encode(), capture_output=True, check=False)
    said = json.loads(done.stdout)
    return "errors" not in said and answer.unmet([r["bindings"]["x"] for r in said.get("result", [])]) is None


@pytest.mark.parametrize("body", BODIES)
def test_the_answer_is_that_of_opa_asked_plainly(tmp_path: Path, body: str) -> None:
    policy = tmp_path / "policy.rego"
    policy.write_text(f"package sigstore\n{body}")
    condition = RegoCondition.read(policy.read_text())
    ours = {name: condition.check(document) is None for name, document in DOCUMENTS.items()}
    assert ours == {name: plainly(policy, document) for name, document in DOCUMENTS.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_and_conditions_tell_yes_from_no(name: str) -> None:
    held = {RegoCondition(f"package sigstore\n{body}").check(DOCUMENTS[name]) is None for body in BODIES}
    assert held == {True, False}
