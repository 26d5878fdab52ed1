"""The bookkeeping of `make interop` and `make policy-tester`: who is asked, and what counts as a disagreement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.interop import first_user, policies, policy_tester, public_root
from local.interop.compare import Table
from local.interop.cosign import CosignFailed, find
from local.interop.cosign_session import BUNDLE
from local.interop.first_user import Mix
from local.interop.material import ByCosign
from local.interop.our_answer import Ours
from local.interop.pair import Difference, Pair
from local.interop.policy_pieces import keyless, policy, static
from local.interop.policy_tester import Answer, PolicyTester, PolicyTesterFailed, Question, write_policies
from local.sigstore.private_sigstore import PrivateSigstore

GOOD = ByCosign("good", 3, BUNDLE)
BAD = ByCosign("bad", 3, BUNDLE, good=False)
NOT_LOADED = Difference("invalid", "we do not load it")
DIFFERENT = ByCosign("different", 3, BUNDLE, known_difference="we are stricter")


@pytest.mark.parametrize(
    ("row", "cosign", "ours", "wrong"),
    [
        (GOOD, "yes", "yes", 0),
        (GOOD, "yes", "-", 0),
        (GOOD, "-", "yes", 0),
        (GOOD, "yes", "no", 1),
        (GOOD, "partly", "yes", 1),
        (GOOD, "yes", "exit 3", 1),
        (BAD, "no", "no", 0),
        (BAD, "yes", "no", 1),
        (BAD, "no", "yes", 1),
        (BAD, "no", "exit 3", 1),
        (DIFFERENT, "yes", "no", 0),
        (DIFFERENT, "yes", "yes", 1),
        (DIFFERENT, "no", "no", 1),
    ],
)
def test_disagreements_are_counted(row: ByCosign, cosign: str, ours: str, wrong: int) -> None:
    table = Table()
    table.add("a registry", row, {"cosign": cosign, "registry-verifier": ours})
    assert table.wrong == wrong


def _program(path: Path, version: str) -> Path:
    return _script(path, f'echo \'{{"gitVersion": "{version}"}}\'')


def _script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def test_cosign_that_was_built_is_found(tmp_path: Path) -> None:
    found = find(9, built=_program(tmp_path / "cosign9", "v9.1.2").parent)
    assert found is not None
    assert (found.version, found.major) == ("v9.1.2", 9)


def test_cosign_of_another_version_is_not_taken(tmp_path: Path) -> None:
    assert find(9, built=_program(tmp_path / "cosign9", "v8.0.0").parent) is None


def test_cosign_runs_without_our_environment(tmp_path: Path) -> None:
    found = find(9, built=_program(tmp_path / "cosign9", "v9.1.2").parent)
    assert found is not None
    found.path.write_text('#!/bin/sh\necho "$HOME $SIGSTORE_ID_TOKEN $EXTRA"\n[ "$1" = yes ]\n')
    accepted = found.run("yes", home=tmp_path, environment={"EXTRA": "extra"})
    assert (accepted.accepted, accepted.stdout.split()) == (True, [str(tmp_path), "extra"])
    assert (found.run("no", home=tmp_path).accepted, found.run("no", home=tmp_path).complaint) == (False, "no word")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No policy-tester named, and nothing on PATH."""
    monkeypatch.delenv("POLICY_TESTER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    return tmp_path


def test_policy_tester_is_found_where_it_was_built(bare: Path) -> None:
    assert policy_tester.find(built=bare) is None
    built = _script(bare / "policy-tester")
    assert policy_tester.find(built=bare) == built


def test_policy_tester_that_is_named_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(bare / "policy-tester")
    monkeypatch.setenv("POLICY_TESTER", str(named := _script(bare / "named")))
    assert policy_tester.find(built=bare) == named


def test_policy_tester_is_not_built_without_go(bare: Path) -> None:
    with pytest.raises(PolicyTesterFailed, match="no go to build policy-tester with"):
        policy_tester.build(built=bare)


def test_policy_tester_that_does_not_build_is_told(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(bare / "go", "echo no such module >&2", "exit 1")
    monkeypatch.setenv("PATH", f"{bare}:/bin:/usr/bin")
    with pytest.raises(PolicyTesterFailed, match="no such module"):
        policy_tester.build(built=bare / "built")


def _tester(folder: Path, *lines: str) -> PolicyTester:
    return PolicyTester(_script(folder / "policy-tester", *lines), {"EXTRA": "extra"})


def _question(*policies: Mapping[str, Any]) -> Question:
    return Question("127.0.0.1:1/acme/app@sha256:0", policies or (policy(keyless()),))


_DENIES = """echo '{"errors": ["one", "two"]}'; exit 1"""


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        ("exit 0", Answer("admit")),
        (_DENIES, Answer("deny", "one | two")),
        ("echo '1 CIP is invalid: no images' >&2; exit 1", Answer("invalid", "CIP is invalid: no images")),
    ],
)
def test_answers_of_policy_tester_are_understood(tmp_path: Path, says: str, answer: Answer) -> None:
    assert _tester(tmp_path, says).ask(_question()) == answer


def test_policy_tester_is_asked_by_file(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    lines = [f'echo "$@" "$EXTRA" > {seen}', 'cat "${1#-policy=}" "${3#-resource=}" >> ' + str(seen)]
    question = Question("an.image/it@sha256:0", (policy(keyless()),), tmp_path / "root.yaml", {"kind": "Pod"})
    assert _tester(tmp_path, *lines).ask(question) == Answer("admit")
    options, _, files = seen.read_text().partition("\n")
    assert f"-trustroot={tmp_path / 'root.yaml'}" in options
    assert "-image=an.image/it@sha256:0 -log-level=error extra" in options
    assert "ClusterImagePolicy" in files
    assert "Pod" in files


@pytest.mark.parametrize(
    "says",
    [
        "echo open /nowhere: no such file >&2; exit 1",
        """echo '{"errors": ["fetching: initializing tuf: resource temporarily unavailable"]}'; exit 1""",
        "exit 2",
    ],
)
def test_failures_of_policy_tester_are_no_answers(tmp_path: Path, says: str) -> None:
    with pytest.raises(PolicyTesterFailed):
        _tester(tmp_path, says).ask(_question())


def test_warnings_are_what_would_be_refused_if_enforced(tmp_path: Path) -> None:
    tester = _tester(tmp_path, f'grep -q warn "${{1#-policy=}}" || {{ {_DENIES}; }}')
    assert tester.ask(_question(policy(static("fail"), mode="warn"))) == Answer("warn", "one | two")
    assert tester.ask(_question(policy(static("fail")))) == Answer("deny", "one | two")


def test_a_policy_that_warns_and_holds_is_admitted(tmp_path: Path) -> None:
    assert _tester(tmp_path, "exit 0").ask(_question(policy(static("pass"), mode="warn"))) == Answer("admit")


def test_policies_are_written_as_documents_of_one_file(tmp_path: Path) -> None:
    documents = [policy(static("pass"), name="a"), policy(keyless(), name="b")]
    text = write_policies(documents, tmp_path / "policies.yaml").read_text()
    assert list(yaml.safe_load_all(text)) == documents
    assert text.count("\n---\n") == 1


def test_a_cache_that_cosign_does_not_fill_is_told(tmp_path: Path) -> None:
    cosign = find(9, built=_program(tmp_path / "cosign9", "v9.1.2").parent)
    assert cosign is not None
    _script(cosign.path, "echo no root >&2", "exit 1")
    with pytest.raises(CosignFailed, match="initialize: no root"):
        public_root.initialize(cosign, PrivateSigstore(), tmp_path)


@pytest.mark.parametrize(
    ("difference", "recorded", "theirs", "ours", "wrong"),
    [
        (None, "deny", "deny", "deny", 0),
        (None, "deny", "-", "deny", 0),
        (None, "deny", "-", "admit", 1),
        (None, "deny", "admit", "deny", 1),
        (None, "deny", "deny", "admit", 1),
        (None, "deny", "deny", "invalid", 1),
        (None, "deny", "deny", "unknown", 1),
        (NOT_LOADED, "deny", "deny", "invalid", 0),
        (NOT_LOADED, "deny", "deny", "deny", 0),
        (NOT_LOADED, "deny", "deny", "admit", 1),
        (None, "new", "admit", "admit", 0),
    ],
)
def test_disagreements_with_policy_tester_are_counted(
    difference: Difference | None, recorded: str, theirs: str, ours: str, wrong: int
) -> None:
    table = policies.Table({} if recorded == "new" else {"row": recorded})
    table.add(Pair("row", (), difference=difference), Answer(theirs), Answer(ours))
    assert table.wrong == wrong
    assert table.differences == ({NOT_LOADED.why} if difference and ours == "invalid" else set())


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (Ours(0, {"policy_controller": {"answer": "warn", "text": "t"}}), Answer("warn", "t")),
        (Ours(2, {}, "policy.yaml:1:1: no images"), Answer("invalid", "policy.yaml:1:1: no images")),
        (Ours(3, {"policy_controller": None}), Answer("unknown")),
        (Ours(1, {"policy_controller": None}), Answer("exit 1")),
    ],
)
def test_our_answer_is_read_from_the_document(ours: Ours, word: Answer) -> None:
    assert ours.as_cluster == word


def test_only_the_mix_of_three_good_ones_is_to_be_verified() -> None:
    mixes = list(first_user.all_mixes())
    verified = [mix for mix in mixes if mix.expected[0] == "VERIFIED"]
    assert (len(set(mixes)), verified) == (27, [Mix("good", "good", "good")])


def test_every_demand_has_its_own_reason() -> None:
    assert Mix("wrong", "wrong", "missing").expected == (
        "FAILED",
        {
            "signature": "IDENTITY_MISMATCH",
            "cyclonedx-sbom": "PREDICATE_POLICY_FAILED",
            "slsa-provenance": "NO_ATTESTATION",
        },
    )


def test_the_first_users_policy_names_these_demands() -> None:
    [document] = yaml.safe_load_all(first_user.POLICY.read_text())
    named = [each["name"] for each in document["spec"]["authorities"][0]["attestations"]]
    assert ["signature", *named] == list(Mix("good", "good", "good").expected[1])
    assert json.dumps(document).count(first_user.NAME) > 1
