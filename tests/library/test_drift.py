"""Drift: what changed since a digest was verified, told once, and never without a second look where it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.signing import signer
from registry_verifier import drift, verdict_document
from registry_verifier import manifest as manifests
from registry_verifier.errors import Unavailable
from registry_verifier.grace import PATIENCE
from registry_verifier.models import Digest, Look, State
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import AuthorityResult, Cause, PolicyResult, RequirementResult
from registry_verifier.verify import Outcome
from registry_verifier.verify_message import GIVE_UP_AFTER
from tests import material
from tests.fakes import described
from tests.library import verdicts
from tests.library.test_verify import DOWN, POLICY, World, publish
from tests.material import CYCLONEDX, DIGEST, IMAGE, MANIFEST, SUBJECT

SWEEP = Look(IMAGE, DIGEST, "sweep")
ANOTHER = SUBJECT.replace("main", "release")
EITHER = replace(
    POLICY,
    authorities=tuple(
        replace(POLICY.authorities[0], name=name, identities=(replace(rule, subject=subject),), attestations=())
        for rule in POLICY.authorities[0].identities
        for name, subject in (("main", SUBJECT), ("release", ANOTHER))
    ),
)
BY_ANYBODY = replace(
    POLICY,
    authorities=(
        replace(
            POLICY.authorities[0],
            identities=tuple(
                replace(rule, subject=subject)
                for rule in POLICY.authorities[0].identities
                for subject in (SUBJECT, ANOTHER)
            ),
            attestations=(),
        ),
    ),
)


def verified(*policies: Policy) -> World:
    world = World(*policies)
    world.sign()
    world.attest()
    assert world.look(publish()).status == Status.VERIFIED
    world.clock.advance(days=1)
    return world


def sweep(world: World) -> Outcome:
    """The sweep's look, and the one that confirms what it found."""
    outcome = world.look(SWEEP)
    while world.looks.sent:
        look, delay = world.looks.sent.pop(0)
        assert (look.cause, delay) == ("sweep", 60)
        world.clock.advance(seconds=delay)
        outcome = world.look(look)
    return outcome


def lose_everything(world: World) -> None:
    del world.registry.tags[manifests.fallback_tag(DIGEST)]
    world.registry.listed.clear()


def codes(world: World, name: str = "drift") -> list[str]:
    return [entry["code"] for entry in world.state.document[name]]


def test_verified_digest_of_which_nothing_changed_is_left_as_it_is() -> None:
    world = verified()
    before = world.state
    assert sweep(world) == Outcome("unchanged", Status.VERIFIED)
    assert (world.state, world.verdicts.writes, len(world.verdicts.runs)) == (before, 1, 0)


def test_lost_evidence_fails_after_a_second_look_and_says_what_is_lost() -> None:
    world = verified()
    places = sorted(s["place"] for s in world.state.document["statements"])
    lose_everything(world)
    assert world.look(SWEEP).done == "to-be-confirmed"
    before = world.state
    ((again, delay),) = world.looks.sent
    assert (before.status, delay) == (Status.VERIFIED, 60)
    assert world.look(again).drift == ("EVIDENCE_LOST",)
    after = world.state
    assert after.status == Status.FAILED
    assert world.state.document["reasons"] == ["NO_SIGNATURE", "NO_ATTESTATION", "EVIDENCE_LOST"]
    assert all(place in world.state.document["causes"][-1]["text"] for place in places)


def test_lost_evidence_goes_on_being_told_while_the_digest_fails_and_is_over_when_it_holds() -> None:
    world = verified()
    lose_everything(world)
    sweep(world)
    failed = world.state
    world.clock.advance(days=1)
    assert sweep(world) == Outcome("unchanged", Status.FAILED, tuple(failed.document["reasons"]))
    assert world.state == failed
    world.sign()
    world.attest()
    assert sweep(world) == Outcome("verdict", Status.VERIFIED)
    assert (codes(world), codes(world, "causes")) == ([], [])


def test_evidence_that_comes_back_before_the_second_look_was_never_lost() -> None:
    world = verified()
    kept = world.registry.tags.pop(manifests.fallback_tag(DIGEST))
    assert world.look(SWEEP).done == "to-be-confirmed"
    world.registry.tags[manifests.fallback_tag(DIGEST)] = kept
    assert world.look(world.looks.sent.pop()[0]) == Outcome("unchanged", Status.VERIFIED)


def test_lost_evidence_beside_other_evidence_that_does_is_told_once() -> None:
    world = verified(EITHER)
    lose_everything(world)
    world.sign(ANOTHER)
    assert sweep(world) == Outcome("verdict", Status.VERIFIED, (), ("EVIDENCE_LOST", "IDENTITY_CHANGED"))
    assert codes(world) == ["EVIDENCE_LOST", "IDENTITY_CHANGED"]
    told = world.state
    assert sweep(world) == Outcome("unchanged", Status.VERIFIED)
    assert world.state == told


def test_evidence_now_under_another_identity_that_does_too() -> None:
    world = verified(BY_ANYBODY)
    lose_everything(world)
    world.sign(ANOTHER)
    assert sweep(world).drift == ("EVIDENCE_LOST", "IDENTITY_CHANGED")
    assert world.state.status == Status.VERIFIED
    text = world.state.document["drift"][1]["text"]
    assert text.startswith("policy release: signature was by ")
    assert SUBJECT in text.partition(" now")[0]
    assert ANOTHER in text


def test_evidence_now_under_another_identity_that_does_not() -> None:
    world = verified(replace(POLICY, authorities=(replace(POLICY.authorities[0], attestations=()),)))
    lose_everything(world)
    world.sign(ANOTHER)
    sweep(world)
    assert world.state.status == Status.FAILED
    assert codes(world, "causes") == ["IDENTITY_MISMATCH", "EVIDENCE_LOST", "IDENTITY_CHANGED"]


def test_another_signature_beside_the_old_one_changes_nothing() -> None:
    world = verified(BY_ANYBODY)
    world.registry.listed.clear()  # the list names the new one first
    own = [one["place"].removeprefix("referrer ") for one in world.state.document["statements"]]
    world.sign(ANOTHER)
    for digest in own:
        world.registry.list_referrer(DIGEST, Digest(digest))
    assert sweep(world) == Outcome("unchanged", Status.VERIFIED)


def test_another_trust_root_under_which_all_holds_is_recorded_once() -> None:
    world = verified()
    world.verification = replace(world.verification, trust_root_sha256="f" * 64)
    assert sweep(world) == Outcome("verdict", Status.VERIFIED, (), ("TRUST_ROOT_CHANGED",))
    assert world.state.document["trust_root"]["sha256"] == "f" * 64
    assert len(world.verdicts.runs) == 1
    assert sweep(world) == Outcome("unchanged", Status.VERIFIED)


def test_another_policy_that_holds_too_is_recorded_once() -> None:
    world = verified()
    world.verification = replace(world.verification, policies=(replace(POLICY, sha256="f" * 64),))
    assert sweep(world) == Outcome("verdict", Status.VERIFIED, (), ("POLICY_CHANGED",))
    assert "release" in world.state.document["drift"][0]["text"]
    assert sweep(world) == Outcome("unchanged", Status.VERIFIED)


def test_policy_that_demands_more_fails_and_says_that_it_changed() -> None:
    world = verified(replace(POLICY, authorities=(replace(POLICY.authorities[0], attestations=()),)))
    more = replace(POLICY.authorities[0].attestations[0], predicate_type="https://spdx.dev/Document")
    authority = replace(POLICY.authorities[0], attestations=(more,))
    world.verification = replace(
        world.verification, policies=(replace(POLICY, authorities=(authority,), sha256="f" * 64),)
    )
    sweep(world)
    assert codes(world, "causes") == ["NO_ATTESTATION", "POLICY_CHANGED"]


def test_policy_that_begins_to_match_gives_its_grace_period() -> None:
    world = World(replace(POLICY, globs=("ghcr.io/other/**",)))
    assert world.look(publish()).status == Status.NO_POLICY
    world.clock.advance(days=1)
    world.verification = replace(world.verification, policies=(POLICY,))
    assert world.look(SWEEP).status == Status.PENDING
    ((again, _),) = world.looks.sent
    assert again.cause == "recheck"


def test_child_that_is_gone_fails_the_index_and_stays_missing_for_other_looks() -> None:
    world = World()
    child = world.registry.put(MANIFEST.replace(b'"layers": []', b'"layers":  []'))
    entry = described(world.registry.contents[child], manifests.OCI_MANIFEST)
    index = world.registry.put_manifest({"manifests": [entry]}, "v2")
    world.registry.attach(index, signer.bundle_signature(material.sigstore(), material.leaf(), index))
    world.registry.attach(index, signer.bundle_attestation(material.sigstore(), material.leaf(), index, CYCLONEDX, {}))
    assert world.look(publish("d1", "v2", index)).status == Status.VERIFIED
    world.looks.sent.clear()
    world.clock.advance(days=1)
    kept = world.registry.contents.pop(child)
    assert world.look(replace(SWEEP, digest=index)).done == "to-be-confirmed"
    assert world.look(world.looks.sent.pop()[0]).reasons == ("CHILD_MISSING",)
    world.look(publish("d2", "v3", index))
    state = world.verdicts.state(IMAGE, index)
    assert state
    assert (state.status, state.document["reasons"]) == (Status.FAILED, ["CHILD_MISSING"])
    world.registry.contents[child] = kept
    assert world.look(replace(SWEEP, digest=index)).status == Status.VERIFIED


def test_late_signature_of_which_no_webhook_told_is_found() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=1)
    assert world.look(replace(publish(), cause="recheck")).status == Status.FAILED
    world.looks.sent.clear()
    world.sign()
    world.attest()
    assert sweep(world) == Outcome("verdict", Status.VERIFIED)


# ------------------------------------------------------------------------------------------- could not look


def outage(world: World, error: Unavailable = DOWN) -> Outcome:
    world.registry.down = error
    try:
        return world.take(SWEEP, GIVE_UP_AFTER)
    finally:
        world.registry.down = None


def test_outage_in_the_sweep_changes_no_decision_and_sends_nothing() -> None:
    world = verified()
    before = world.state
    assert outage(world) == Outcome("unchanged", Status.VERIFIED, ("REGISTRY_THROTTLED",))
    assert (world.state, world.looks.sent) == (before, [])


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.FAILED])
def test_outage_that_lasts_three_days_makes_unknown_and_never_failed(status: Status) -> None:
    world = verified()
    if status == Status.FAILED:
        lose_everything(world)
        sweep(world)
    for _ in range(PATIENCE.days):
        assert outage(world).status == status
        world.clock.advance(days=1)
    assert outage(world).status == Status.UNKNOWN
    assert (world.state.status, world.state.document["reasons"]) == (Status.UNKNOWN, ["REGISTRY_THROTTLED"])
    assert world.look(SWEEP).status == (Status.VERIFIED if status == Status.VERIFIED else Status.PENDING)


def test_look_that_takes_place_between_two_outages_ends_the_first() -> None:
    world = verified()
    outage(world)
    world.clock.advance(days=2)
    sweep(world)
    outage(world)
    world.clock.advance(days=2)
    assert outage(world).status == Status.VERIFIED


def test_evidence_that_is_lost_in_an_outage_of_days_fails_after_a_grace_period() -> None:
    world = verified()
    for _ in range(PATIENCE.days + 1):
        outage(world)
        world.clock.advance(days=1)
    lose_everything(world)
    assert world.look(SWEEP).status == Status.PENDING
    again, _ = world.looks.sent.pop()
    world.clock.advance(hours=1)
    world.look(again)
    assert world.state.status == Status.FAILED
    assert "EVIDENCE_LOST" in world.state.document["reasons"]


def test_outage_of_a_waiting_digest_in_the_sweep_starts_no_chain_of_looks() -> None:
    world = World()
    world.look(publish())
    world.looks.sent.clear()
    assert outage(world).status == Status.UNKNOWN
    assert world.looks.sent == []


def test_digest_that_the_registry_has_no_more_keeps_its_verdict() -> None:
    world = verified()
    before = world.state
    del world.registry.contents[DIGEST]
    assert world.look(SWEEP) == Outcome("gone", Status.VERIFIED)
    assert (world.state, world.looks.sent) == (before, [])


def test_sweep_begins_no_record() -> None:
    world = World()
    assert world.look(SWEEP).done == "ignored"
    assert outage(world).done == "ignored"
    assert world.verdicts.states == {}


def test_killed_before_the_new_verdict_is_mended_by_the_redelivery() -> None:
    world = verified()
    world.verification = replace(world.verification, trust_root_sha256="f" * 64)
    real = world.verdicts.record

    def killed(old: State | None, new: State) -> None:
        raise Unavailable(Reason.STORE_UNAVAILABLE, "killed")

    world.verdicts.record = killed  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        world.look(SWEEP)
    world.verdicts.record = real  # type: ignore[method-assign]
    assert world.look(SWEEP, redelivered=True).done == "verdict"
    assert [run.document["trust_root"]["sha256"] for run in world.verdicts.runs.values()] != ["f" * 64]
    assert len(world.verdicts.runs) == 1


# ------------------------------------------------------------------------------------------- values


def _verdict(**changes: Any) -> Any:
    return verdicts.verdict(Status.VERIFIED, **changes)


def test_place_that_could_not_be_asked_has_lost_nothing() -> None:
    old = verdicts.state(Status.VERIFIED)
    assert [cause.code for cause in drift.since(old, _verdict(statements=()))] == [Reason.EVIDENCE_LOST]
    assert drift.since(old, _verdict(statements=(), unread=DOWN)) == ()


def test_statement_that_nobody_used_is_no_loss() -> None:
    old = verdicts.state(Status.VERIFIED)
    assert drift.since(old, _verdict(statements=tuple(map(verdicts.statement, range(2))))) == ()


def test_statement_that_an_authority_used_in_vain_is_no_loss() -> None:
    vain = RequirementResult("signature", None, verdicts.statement(2).place, None)
    in_vain = AuthorityResult("qa", (vain, RequirementResult("sbom", CYCLONEDX, None, None)))
    policy = verdicts.policy(holds=True)
    before = _verdict(policies=(replace(policy, authorities=(*policy.authorities, in_vain)),))
    old = replace(verdicts.state(Status.VERIFIED), document=verdict_document.write(before))
    assert drift.since(old, _verdict(statements=tuple(map(verdicts.statement, range(2))))) == ()


@pytest.mark.parametrize("status", [Status.FAILED, Status.PENDING, Status.NO_POLICY])
def test_what_never_held_does_not_drift(status: Status) -> None:
    assert drift.since(verdicts.state(status), _verdict(statements=(), trust_root_sha256="0" * 64)) == ()


def test_document_that_was_cut_to_the_bone_tells_nothing_wrong() -> None:
    whole = verdicts.state(Status.VERIFIED)
    bare = {name: whole.document[name] for name in ("status", "reasons", "image", "digest", "kind", "verified_at")}
    told = drift.told(replace(whole, document=bare), _verdict(policies=()), {})
    assert (told.causes, told.drift) == ((), ())


def test_key_that_signs_instead_of_another_is_another_identity() -> None:
    by_key = replace(verdicts.statement(), identity=None, key="sha256:1")
    old = replace(
        verdicts.state(Status.VERIFIED),
        document={
            **verdicts.state(Status.VERIFIED).document,
            "statements": [{"place": by_key.place, "holds": True, "identity": None, "key": "sha256:1"}],
        },
    )
    new = replace(by_key, place="referrer sha256:2", key="sha256:2")
    met = RequirementResult("signature", None, new.place, None)
    policy = PolicyResult("acme-signatures", "enforce", verdicts.digest(3)[7:], (AuthorityResult("keyless", (met,)),))
    causes = drift.since(old, _verdict(statements=(new,), policies=(policy,)))
    assert causes[-1] == Cause(
        Reason.IDENTITY_CHANGED, "policy acme-signatures: signature was by key sha256:1, and is by key sha256:2 now"
    )


def test_records_from_before_drift_was_told_are_not_written_anew() -> None:
    world = verified()
    old = {name: value for name, value in world.state.document.items() if name not in ("drift", "superseded_by")}
    world.verdicts.states[(IMAGE, DIGEST)] = replace(world.state, document=old)
    assert sweep(world).done == "unchanged"
    assert world.state.document == old


def test_deadline_outlives_the_process() -> None:
    world = World()
    world.look(publish())
    again, _ = world.looks.sent.pop()
    anew = World()
    anew.registry, anew.verdicts = world.registry, world.verdicts
    longer = replace(POLICY, grace=timedelta(hours=9))
    anew.verification = replace(world.verification, policies=(longer,), now=anew.clock)
    anew.clock.advance(minutes=31)
    assert asyncio.run(anew.verification.look(again)).status == Status.FAILED
    assert world.state.deadline == publish().first_seen + timedelta(minutes=30)  # type: ignore[operator]
