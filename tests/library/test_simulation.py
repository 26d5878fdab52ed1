"""Stored verdicts under other policies: the same statements judged again, and what is not stored never guessed."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.interop.trust_root_document import trust_root
from local.signing import signer
from local.sigstore.keys import KeySource
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier import configuration, manifest, verdict, verdict_document
from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.command_line import main
from registry_verifier.configuration import Configuration
from registry_verifier.errors import BadRequest
from registry_verifier.judgement.simulation import Replay, Simulation
from registry_verifier.policy.load import load, load_files
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason, Status
from tests import finding, material
from tests.fakes import FakeRegistry
from tests.library import verdicts
from tests.library.test_children import Pushed
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
    return Simulation(read(text), {PUBLIC_GOOD: material.root()}).replay(document)


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
        ({"sources": []}, "nobody looked beside the image"),
        ({"policy_controller": None}, "nobody could look"),
        ({"status": "UNKNOWN", "reasons": ["REGISTRY_UNAVAILABLE"]}, "nobody could look"),
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
        {"tags": ["\ud800"]},
        {"tags": [1]},
        {"policies": [{"name": 1}]},
        {"trust_root": {"sha256": 1}},
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
    root = policy.with_name("trusted_root.json")
    root.write_text(json.dumps(material.sigstore().trusted_root()))
    return main(["policy", "test", str(policy), "--trusted-root", str(root), "--against", *map(str, arguments)])


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


# ----------------------------------------------------------------- roots


def rooted(of: PrivateSigstore, *authorities: dict[str, Any]) -> str:
    wanted = authorities or (under_acme(),)
    return str(yaml.safe_dump(json.loads(json.dumps(trust_root(of, "acme"))))) + "---\n" + policies(*wanted)


def under_acme(**said: Any) -> dict[str, Any]:
    made = keyless(**said)
    return {**made, "keyless": {**made["keyless"], "trustRootRef": "acme"}, "ctlog": {"trustRootRef": "acme"}}


def configured(text: str) -> Configuration:
    return configuration.configured(load_files({"p.yaml": text.encode()}), material.root())


def stored_under(text: str, fake: FakeRegistry) -> dict[str, Any]:
    loaded = configured(text)
    roots = {name: root for name, root in loaded.roots.items() if name}
    question = verdict.Question(IMAGE, DIGEST, loaded.policies, material.root().sha256, NOW)
    judged = verdict.judge(question, finding.found(fake, *loaded.policies, roots=roots), waiting=False)
    document: dict[str, Any] = json.loads(json.dumps(verdict_document.write(judged)))
    return document


def under(document: dict[str, Any], text: str) -> Replay:
    loaded = configured(text)
    return Simulation(loaded.policies, loaded.roots).replay(document)


def test_trust_root_of_the_same_name_with_other_keys_cannot_be_told() -> None:
    document = stored_under(rooted(material.sigstore()), registry(SMALL))
    assert document["status"] == "VERIFIED"
    assert under(document, rooted(material.sigstore())).after == Status.VERIFIED
    replay = under(document, rooted(material.stranger()))
    assert (replay.after, "TrustRoot acme is another one" in replay.why) == (None, True)


def test_trust_root_is_known_from_what_held_though_the_policy_changes() -> None:
    document = stored_under(rooted(material.sigstore()), registry(SMALL))
    assert under(document, rooted(material.sigstore(), under_acme(subject="x"))).after == Status.FAILED


def test_trust_root_under_which_nothing_held_is_known_from_the_unchanged_policy_only() -> None:
    document = stored_under(rooted(material.stranger()), registry(SMALL))
    assert under(document, rooted(material.stranger())).after == Status.FAILED
    replay = under(document, rooted(material.sigstore()))
    assert (replay.after, "nothing says which TrustRoot acme" in replay.why) == (None, True)


def test_other_public_root_cannot_be_told() -> None:
    text = policies()
    simulation = Simulation(read(text), {PUBLIC_GOOD: material.root(material.stranger())})
    replay = simulation.replay(stored(text))
    assert (replay.after, "trusted root is another one" in replay.why) == (None, True)


def test_key_without_a_log_needs_no_root() -> None:
    key, fake = material.key(), FakeRegistry()
    fake.put(MANIFEST, "v1")
    layer = signer.simple_signing_layer(material.sigstore(), key, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    text = policies({"key": {"data": key.pem}})
    simulation = Simulation(read(text), {PUBLIC_GOOD: material.root(material.stranger())})
    assert simulation.replay(stored_under(text, fake)).after == Status.VERIFIED


def test_command_refuses_to_tell_by_another_trusted_root(files: tuple[Path, Path]) -> None:
    policy, result = files
    other = result.with_name("other.json")
    other.write_text(json.dumps(material.stranger().trusted_root()))
    arguments = ["policy", "test", str(policy), "--trusted-root", str(other), "--against", str(result)]
    assert main(arguments) == 3


@pytest.mark.parametrize("condition", [None, "authorityMatches: here: signatures: [...]"])
def test_condition_on_an_authority_that_only_a_fetch_can_judge_cannot_be_told(condition: str | None) -> None:
    here, there = {**keyless(), "name": "here"}, {**under_acme(), "name": "there"}
    asked = {"policy": {"type": "cue", "data": condition}} if condition else {}
    text = str(yaml.safe_dump(json.loads(json.dumps(trust_root(material.sigstore(), "acme")))))
    (one,) = read(f"{text}---\n{policies(here, there, spec=asked)}")
    unfetched = tuple(replace(a, cannot="was not fetched") if a.trust_roots else a for a in one.authorities)
    simulation = Simulation([replace(one, authorities=unfetched)], {PUBLIC_GOOD: material.root()})
    replay = simulation.replay(stored(policies()))
    assert replay.after == (None if condition else Status.VERIFIED)
    assert ("spec.policy looks at it" in replay.why) == bool(condition)


# ---------------------------------------------------------------- sources


def test_statements_of_another_source_are_none_of_an_authoritys(files: tuple[Path, Path]) -> None:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    layer = signer.simple_signing_layer(material.sigstore(), material.leaf(), str(IMAGE), DIGEST)
    fake.attach_layers("team-" + manifest.signature_tag(DIGEST), [layer])
    theirs = keyless(source=[{"tagPrefix": "team-"}])
    document = stored_under(policies(keyless(), {**theirs, "name": "theirs"}), fake)
    assert document["status"] == "VERIFIED"
    assert replayed(document, policies()).after == Status.FAILED
    assert replayed(document, policies(theirs)).after == Status.VERIFIED


def test_statement_that_does_not_say_where_it_is_from_cannot_be_told() -> None:
    document = stored(policies())
    for statement in document["statements"]:
        del statement["sources"]
    assert "did not say where it is from" in replayed(document, policies()).why


def test_static_policy_needs_no_source() -> None:
    text = policies({"static": {"action": "pass"}})
    assert replayed(stored(text), text).after == Status.VERIFIED
    assert "nobody looked" in replayed(stored(text), policies()).why


# ------------------------------------------------------------------- tags

BY_TAG = policies(glob="ghcr.io/acme/app:v*")


def test_tags_of_the_result_are_matched() -> None:
    assert replayed(stored(policies()) | {"tags": ["v1"]}, BY_TAG).after == Status.VERIFIED
    assert replayed(stored(policies(name="q")) | {"tags": ["w1"]}, BY_TAG).after == Status.NO_POLICY


def test_unchanged_policy_by_tag_matches_whatever_tags_were_kept() -> None:
    assert replayed(stored(BY_TAG), BY_TAG).after == Status.VERIFIED


@pytest.mark.parametrize("glob", ["ghcr.io/acme/app:v*", "ghcr.io/acme/*:*-rc", "**:latest", "ghcr.io/acme/ap*v1"])
def test_policy_by_tag_cannot_be_told_of_a_result_without_tags(glob: str) -> None:
    replay = replayed(stored(policies(name="q")), policies(glob=glob))
    assert (replay.after, "matches by tag" in replay.why) == (None, True)


@pytest.mark.parametrize("glob", ["ghcr.io/other/**", "ghcr.io/acme/other:v*", "ghcr.io/acme/app", "ghcr.io/*:v1"])
def test_policy_that_matches_by_no_tag_whatever_does_not_match(glob: str) -> None:
    assert replayed(stored(policies(name="q")), policies(glob=glob)).after == Status.NO_POLICY


def test_record_of_the_table_is_judged_for_ever_by_what_matched_it_once() -> None:
    record = stored(policies()) | {"tags": ["v1"], "first_seen": "2026-11-22T12:00:00Z"}
    assert replayed(record, policies(keyless(subject="x"), glob="ghcr.io/other/**")).after == Status.FAILED


# ---------------------------------------------------------------- signers


def test_condition_on_an_id_is_answered_from_the_verdict() -> None:
    asked = 'authorityMatches: "authority-0": signatures: [{id: =~"^[0-9a-f]{64}$"}]'
    text = policies(spec={"policy": {"type": "cue", "data": asked}})
    assert replayed(stored(text), text).after == Status.VERIFIED


def test_signature_by_a_key_and_a_certificate_is_either_ones() -> None:
    key, fake = material.key(), FakeRegistry()
    fake.put(MANIFEST, "v1")
    leaf = material.leaf(key=KeySource("tests").p256("release"))
    layer = signer.simple_signing_layer(material.sigstore(), leaf, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    keyed = {"name": "k", "key": {"data": key.pem}}
    document = stored_under(policies(keyed, {**keyless(), "name": "c"}), fake)
    assert replayed(document, policies()).after == Status.VERIFIED
    assert replayed(document, policies(keyed)).after == Status.VERIFIED
    assert replayed(document, policies(keyless(subject="x"))).after == Status.FAILED


# -------------------------------------------------------- what is kept


def attested(count: int, characters: int) -> dict[str, Any]:
    fake, leaf = FakeRegistry(), material.leaf()
    fake.put(MANIFEST, "v1")
    for number in range(count):
        predicate = {"n": number, "filler": "x" * characters}
        fake.attach(DIGEST, signer.bundle_attestation(material.sigstore(), leaf, DIGEST, CYCLONEDX, predicate))
    return stored_under(policies(keyless(None), annotations=NO_SIGNATURE), fake)


NO_SIGNATURE = {"registry-verifier/require-signature": "false"}


def test_documents_are_kept_up_to_a_total_and_what_is_left_out_is_said() -> None:
    document = attested(10, 12_000)
    kept = [s for s in document["statements"] if s["document"]]
    assert 0 < sum(len(json.dumps(s["document"])) for s in kept) <= verdict_document.DOCUMENTS_LIMIT
    assert [s["document_omitted"] for s in document["statements"]].count(True) == 10 - len(kept) > 0
    same = policies(keyless(None), annotations=NO_SIGNATURE)
    assert replayed(document, same).after == Status.VERIFIED
    replay = replayed(document, policies(keyless("predicate: n: 11"), annotations=NO_SIGNATURE))
    assert (replay.after, "is not kept in the verdict" in replay.why) == (None, True)


def test_document_that_is_very_deep_is_not_kept() -> None:
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"a": deep}
    judged = verdicts.verdict(Status.VERIFIED, statements=(verdicts.statement(1, document=deep),))
    written = verdict_document.write(judged)["statements"][0]
    assert (written["document"], written["document_omitted"]) == (None, True)


def test_document_that_is_very_deep_in_a_result_is_refused() -> None:
    document = stored(policies(keyless(None)))
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    document["statements"][0]["document"] = {"a": deep}
    with pytest.raises(BadRequest, match="nested deeper"):
        replayed(document, policies())


# ---------------------------------------------------------- hostile results

ODD: list[Any] = [
    None,
    0,
    1,
    "x",
    [],
    [1],
    {},
    {"a": 1},
    True,
    "\ud800",
    [[]],
    [{}],
    {"code": 3},
    1e9,
    [None],
    ["VERIFIED"],
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from paths(one, (*path, name))


def test_result_that_is_malformed_anywhere_is_refused_or_judged_and_nothing_else() -> None:
    base = stored(policies(keyless("predicate: a: 1")))
    tried = [read(policies(keyless(c))) for c in ("predicate: a: 1", "predicate: a: 2", None)]
    simulations = [Simulation(rules, {PUBLIC_GOOD: material.root()}) for rules in tried]
    places, chance = [path for path in paths(base) if path], random.Random(1)
    refused = 0
    for path in chance.sample(places, min(len(places), 150)):
        for odd in chance.sample(ODD, 6):
            document = copy.deepcopy(base)
            target: Any = document
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = odd
            for simulation in simulations:
                try:
                    simulation.replay(document)
                except BadRequest:
                    refused += 1
    assert refused > 100


@pytest.mark.parametrize("content", ['{"image": 1}', '[{"image": "\\ud800"}]', '{"items": [1]}', "[" * 10_000])
def test_command_says_which_file_is_malformed(
    files: tuple[Path, Path], content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, result = files
    result.write_text(content)
    assert run(policy, result) == 2
    assert result.name in capsys.readouterr().err


def test_thousand_results_under_a_hundred_policies_take_seconds() -> None:
    text = "---\n".join(policies(keyless("predicate: a: 1"), name=f"p-{n}") for n in range(100))
    simulation, document = Simulation(read(text), {PUBLIC_GOOD: material.root()}), stored(policies(keyless(None)))
    began = time.process_time()
    assert {simulation.replay(document).after for _ in range(50)} == {Status.VERIFIED}
    assert time.process_time() - began < 5  # a twentieth of the thousand; an idle machine takes a tenth of it


# ---------------------------------------------------------------------------------------------- children of an index


def counting(mode: str, subject: str = SUBJECT) -> tuple[Policy, ...]:
    return read(policies(keyless(subject=subject), annotations={"registry-verifier/children": mode}))


def of_index(mode: str, *, signed: str = "", looked: bool = False, lost: bool = False, waiting: bool = False) -> Any:
    """The stored verdict about an index whose `index` or `leaves` are signed."""
    pushed = Pushed(attestations=False)
    if signed == "index":
        pushed.sign(pushed.index)
    if signed == "leaves":
        pushed.sign_leaves()
    if lost:
        pushed.remove(pushed.leaves["linux/arm64"])
    return verdict_document.write(pushed.judged(*counting(mode), waiting=waiting, looked=looked))


def again(document: Any, new: tuple[Policy, ...]) -> Replay:
    return Simulation(new, {PUBLIC_GOOD: material.root()}).replay(json.loads(json.dumps(document)))


@pytest.mark.parametrize("mode", ["index", "leaves", "index-or-every-leaf"])
@pytest.mark.parametrize("signed", ["index", "leaves", ""])
def test_same_policy_on_an_index_changes_nothing(mode: str, signed: str) -> None:
    for waiting in (False, True):
        document = of_index(mode, signed=signed, waiting=waiting)
        found = again(document, counting(mode))
        assert (found.after, [cause.code for cause in found.causes]) == (document["status"], document["reasons"])


@pytest.mark.parametrize(
    ("then", "now"), [("index", "leaves"), ("index", "index-or-every-leaf"), ("index-or-every-leaf", "leaves")]
)
def test_children_that_count_now_and_did_not_then_cannot_be_told(then: str, now: str) -> None:
    found = again(of_index(then, signed="index"), counting(now))
    assert (found.after, found.why) == (None, "policy p counts the evidence of children, which is not kept")


def test_other_demand_on_children_cannot_be_told() -> None:
    assert again(of_index("leaves", signed="leaves"), counting("leaves", SUBJECT + "x")).after is None


@pytest.mark.parametrize("then", ["leaves", "index-or-every-leaf"])
def test_evidence_of_the_index_is_kept_whatever_counted(then: str) -> None:
    assert again(of_index(then, signed="index"), counting("index")).after == Status.VERIFIED
    assert again(of_index(then, signed="leaves"), counting("index")).after == Status.FAILED


@pytest.mark.parametrize("mode", ["leaves", "index-or-every-leaf"])
def test_whose_evidence_counts_is_nothing_to_an_image(mode: str) -> None:
    pushed = Pushed(attestations=False)
    alone = pushed.leaves["linux/amd64"]
    pushed.sign(alone)
    document = verdict_document.write(pushed.judged(*counting("index"), digest=alone))
    assert again(document, counting(mode)).after == Status.VERIFIED
    assert again({**document, "media_type": None}, counting(mode)).after is None


def test_missing_child_is_missing_by_any_policy() -> None:
    document = of_index("index", signed="index", looked=True, lost=True)
    found = again(document, counting("index"))
    assert (found.before, found.after, found.flips) == (Status.FAILED, Status.FAILED, False)
    assert [cause.code for cause in found.causes] == [Reason.CHILD_MISSING]


def test_verdict_of_a_version_that_knew_no_children_is_judged_by_the_index() -> None:
    document = of_index("index", signed="index")
    for name in ("children", "leaves", "presence", "slack_channel"):
        del document["policies"][0][name]
    del document["children_table"]
    assert again(document, counting("index")).after == Status.VERIFIED
    assert again(document, counting("leaves")).after is None


@pytest.mark.parametrize(
    "leaves",
    [
        {"used": None, "cause": None},
        {"used": "x", "cause": {"code": "NO_SIGNATURE", "text": "x"}},
        {"used": None, "cause": {"code": "NO_SUCH_CODE", "text": "x"}},
        {"used": None, "cause": {"code": "NO_SIGNATURE"}},
        "x",
    ],
)
def test_demand_on_children_that_is_malformed_is_refused(leaves: Any) -> None:
    document = of_index("leaves", signed="leaves")
    document["policies"][0]["leaves"] = leaves
    with pytest.raises(BadRequest, match="result is no verdict"):
        again(document, counting("leaves"))
