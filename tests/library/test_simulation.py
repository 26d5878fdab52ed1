"""Stored verdicts under other policies: the same statements judged again, and what is not stored never guessed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.signing import signer
from registry_verifier import verdict, verdict_document
from registry_verifier.command_line import main
from registry_verifier.errors import BadRequest
from registry_verifier.judgement import simulation
from registry_verifier.judgement.simulation import Replay
from registry_verifier.policy.load import load
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Status
from tests import finding, material
from tests.fakes import FakeRegistry
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

SMALL, LARGE = {"a": 1, "b": "x"}, {"a": 1, "filler": ["x" * 100] * 1000}


def policies(*authorities: dict[str, Any], name: str = "p", glob: str = "ghcr.io/acme/**", **more: Any) -> str:
    spec = {"images": [{"glob": glob}], "authorities": authorities or [keyless()], **more.pop("spec", {})}
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    document = {**head, "metadata": {"name": name, **more}, "spec": spec}
    return str(yaml.safe_dump(json.loads(json.dumps(document))))


def keyless(*conditions: str | None, subject: str = SUBJECT, **more: Any) -> dict[str, Any]:
    attestations = [
        {"name": f"sbom-{n}", "predicateType": CYCLONEDX} | ({"policy": {"type": "cue", "data": c}} if c else {})
        for n, c in enumerate(conditions)
    ]
    who = {"identities": [{"issuer": ISSUER, "subject": subject}]}
    return {"keyless": who, **({"attestations": attestations} if attestations else {}), **more}


def read(text: str) -> tuple[Policy, ...]:
    return load(text.encode(), file="p.yaml")


def registry(predicate: dict[str, Any] | None) -> FakeRegistry:
    fake, leaf = FakeRegistry(), material.leaf()
    fake.put(MANIFEST, "v1")
    fake.attach(DIGEST, signer.bundle_signature(material.sigstore(), leaf, DIGEST))
    if predicate is not None:
        fake.attach(DIGEST, signer.bundle_attestation(material.sigstore(), leaf, DIGEST, CYCLONEDX, predicate))
    return fake


def stored(text: str, predicate: dict[str, Any] | None = SMALL, *, waiting: bool = False) -> dict[str, Any]:
    """What a look under these policies leaves in the table, through JSON."""
    matching = read(text)
    question = verdict.Question(IMAGE, DIGEST, matching, material.root().sha256, NOW + timedelta(minutes=1))
    judged = verdict.judge(question, finding.found(registry(predicate), *matching), waiting=waiting)
    document: dict[str, Any] = json.loads(json.dumps(verdict_document.write(judged)))
    return document


def replayed(document: dict[str, Any], text: str) -> Replay:
    return simulation.replay(document, read(text))


def test_same_policy_changes_nothing() -> None:
    text = policies(keyless("predicate: a: 1"))
    replay = replayed(stored(text), text)
    assert (replay.before, replay.after, replay.flips) == (Status.VERIFIED, Status.VERIFIED, False)


@pytest.mark.parametrize(
    ("new", "after"),
    [
        (policies(keyless(subject=SUBJECT + "x")), Status.FAILED),
        (policies(keyless(None)), Status.VERIFIED),
        (policies(keyless("predicate: a: 1")), Status.VERIFIED),
        (policies(keyless("predicate: a: 2")), Status.FAILED),
        (policies(keyless(), glob="ghcr.io/other/**"), Status.NO_POLICY),
        (policies({"static": {"action": "fail"}}), Status.FAILED),
        (policies({"static": {"action": "pass"}}), Status.VERIFIED),
        (policies() + "---\n" + policies(keyless(subject="x"), name="q"), Status.FAILED),
        (
            policies(spec={"policy": {"type": "cue", "data": 'authorityMatches: "authority-0": static: true'}}),
            Status.FAILED,
        ),
    ],
)
def test_other_policy(new: str, after: Status) -> None:
    replay = replayed(stored(policies()), new)
    assert (replay.after, replay.flips) == (after, after != Status.VERIFIED)


def test_failed_verdict_that_would_be_verified() -> None:
    replay = replayed(stored(policies(keyless(subject="x"))), policies())
    assert (replay.before, replay.after, replay.flips) == (Status.FAILED, Status.VERIFIED, True)


def test_pending_verdict_goes_on_waiting() -> None:
    replay = replayed(stored(policies(keyless(None)), None, waiting=True), policies(keyless(None, None)))
    assert (replay.before, replay.after) == (Status.PENDING, Status.PENDING)


def test_condition_that_was_asked_is_answered_without_the_statement() -> None:
    text = policies(keyless("predicate: a: 1"))
    document = stored(text, LARGE)
    assert [statement["document"] for statement in document["statements"] if not statement["is_signature"]] == [None]
    assert replayed(document, text.replace("sbom-0", "renamed")).after == Status.VERIFIED


def test_other_condition_on_a_statement_that_is_not_kept_cannot_be_told() -> None:
    replay = replayed(stored(policies(keyless("predicate: a: 1")), LARGE), policies(keyless("predicate: a: 2")))
    assert replay.after is None
    assert "is not kept in the verdict" in replay.why


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (policies(keyless(rfc3161timestamp={})), "was never tried as"),
        (policies(keyless(source=[{"oci": "ghcr.io/acme/signatures"}])), "nobody looked in ghcr.io/acme/signatures"),
        (policies({"key": {"kms": "hashivault://x"}}), "hashivault"),
        (policies({"key": {"kms": "awskms:///arn:aws:kms:us-east-2:111122223333:alias/x"}}), "its key is in KMS"),
        (policies(spec={"policy": {"type": "cue", "data": "config: x: 1", "fetchConfigFile": True}}), "configuration"),
    ],
)
def test_what_was_not_looked_for_cannot_be_told(new: str, why: str) -> None:
    replay = replayed(stored(policies()), new)
    assert (replay.after, replay.flips) == (None, False)
    assert why in replay.why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dropped": {"statements": 3}}, "was cut"),
        ({"kind": "child"}, "verdict of its index"),
        ({"sources": []}, "no evidence was looked for"),
    ],
)
def test_verdict_that_holds_not_everything_cannot_be_told(change: dict[str, Any], why: str) -> None:
    assert why in replayed({**stored(policies()), **change}, policies()).why


@pytest.mark.parametrize(
    "change",
    [
        {"image": "x"},
        {"digest": "sha256:1"},
        {"status": "GOOD"},
        {"tags": 1},
        {"statements": [1]},
        {"statements": [{}]},
        {"statements": [{"place": "p", "format": "f", "is_signature": True, "predicate_type": None, "reason": "x"}]},
        {"statements": 7},
    ],
)
def test_document_that_is_no_verdict_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="verdict|malformed"):
        replayed({**stored(policies()), **change}, policies())


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    policy, result = tmp_path / "p.yaml", tmp_path / "r.json"
    policy.write_text(policies())
    result.write_text(json.dumps(stored(policies())))
    return policy, result


def run(policy: Path, *arguments: object) -> int:
    return main(["policy", "test", str(policy), "--against", *map(str, arguments)])


def test_command_prints_what_would_flip(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    policy, result = files
    assert run(policy, result) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 verdicts: 0 would flip, 1 would stay, 0 cannot be told"
    policy.write_text(policies(keyless(subject=SUBJECT + "x")))
    assert run(policy, result, result) == 1
    out = capsys.readouterr().out
    assert f"FLIP  {IMAGE}@{DIGEST}  VERIFIED -> FAILED" in out
    assert "IDENTITY_MISMATCH" in out
    assert "2 verdicts: 2 would flip" in out


def test_command_says_what_it_cannot_tell(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    policy, result = files
    policy.write_text(policies(keyless(rfc3161timestamp={})))
    assert run(policy, result) == 3
    assert "cannot tell: " in capsys.readouterr().out


def test_command_in_json(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    policy, result = files
    policy.write_text(policies({"static": {"action": "fail"}}))
    assert run(policy, result, "--output", "json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["counts"] == {"flip": 1, "stay": 0, "untold": 0}
    assert (said["verdicts"][0]["before"], said["verdicts"][0]["after"]) == ("VERIFIED", "FAILED")


def test_command_takes_lists_and_the_apis_pages(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    policy, result = files
    one = json.loads(result.read_text())
    for many in ([one, one], {"items": [one, one], "next_cursor": None}):
        result.write_text(json.dumps(many))
        assert run(policy, result) == 0
        assert "2 verdicts" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "x", "1", "[1]", '{"items": 1}', "{}"])
def test_command_refuses_what_is_no_result(
    files: tuple[Path, Path], content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, result = files
    result.write_text(content)
    assert run(policy, result) == 2
    assert "result" in capsys.readouterr().err


def test_command_refuses_a_file_that_is_not_there(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    policy, result = files
    assert run(policy, result.with_name("no.json")) == 2
    assert "cannot read the result" in capsys.readouterr().err
