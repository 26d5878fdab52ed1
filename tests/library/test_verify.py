"""The story of a look, from a message to a stored verdict, on fakes that behave as the real ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from local.signing import signer
from registry_verifier import manifest as manifests
from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, Look, State
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Key, Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.verify import PATIENCE, Outcome, Verification
from registry_verifier.verify_message import GIVE_UP_AFTER, Message, MessageTaker
from tests import finding, material
from tests.fakes import EMPTY, FakeClock, FakeLooks, FakeRegistry, FakeVerdicts, described
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

GRACE = timedelta(minutes=30)
POLICY = Policy(
    "release",
    ("ghcr.io/acme/**",),
    (Authority("publisher", (IdentityRule(issuer=ISSUER, subject=SUBJECT),), (AttestationRule("sbom", CYCLONEDX),)),),
    grace=GRACE,
)
DOWN = Unavailable(Reason.REGISTRY_THROTTLED, "429 for GET", retry_after=7)


class World:
    """One verifier with a registry, a queue, a table and a clock of its own."""

    def __init__(self, *policies: Policy, keys: finding.FakeKeys | None = None) -> None:
        root = material.root()
        self.registry, self.looks, self.verdicts, self.clock = (
            FakeRegistry(),
            FakeLooks(),
            FakeVerdicts(),
            FakeClock(NOW),
        )
        self.registry.put(MANIFEST, "v1")
        self.verification = Verification(
            finding.finder(self.registry, keys=keys),
            policies or (POLICY,),
            root.sha256,
            self.verdicts,
            self.looks,
            self.clock,
        )

    def look(self, look: Look, *, redelivered: bool = False) -> Outcome:
        return asyncio.run(self.verification.look(look, redelivered=redelivered))

    def take(self, look: Look, count: int) -> Outcome:
        taker = MessageTaker(self.verification, self.looks)
        return asyncio.run(taker.take(Message(look, "receipt", count)))

    @property
    def state(self) -> State:
        state = self.verdicts.state(IMAGE, DIGEST)
        assert state is not None
        return state

    def sign(self, subject: str = SUBJECT) -> None:
        self.registry.attach(DIGEST, signer.bundle_signature(material.sigstore(), material.leaf(subject), DIGEST))

    def attest(self, subject: str = SUBJECT) -> None:
        bundle = signer.bundle_attestation(material.sigstore(), material.leaf(subject), DIGEST, CYCLONEDX, {})
        self.registry.attach(DIGEST, bundle)


def publish(delivery: str = "d1", tag: str | None = "v1", digest: Digest = DIGEST) -> Look:
    return Look(IMAGE, digest, "publish", tag=tag, delivery=delivery, actor="octocat", first_seen=NOW)


EVIDENCE = Look(IMAGE, DIGEST, "evidence", delivery="e1", actor="robot")


def test_signed_before_the_webhook_is_verified_at_once() -> None:
    world = World()
    world.sign()
    world.attest()
    assert world.look(publish()) == Outcome("verdict", Status.VERIFIED)
    assert (world.state.tags, world.state.actor, world.state.deliveries) == (("v1",), "octocat", ("d1",))
    assert (world.state.document["status"], len(world.verdicts.runs), world.looks.sent) == ("VERIFIED", 0, [])


def test_unsigned_is_pending_and_looked_at_again() -> None:
    world = World()
    assert world.look(publish()).status == Status.PENDING
    ((again, delay),) = world.looks.sent
    assert (again.cause, again.attempt, again.tag, again.first_seen) == ("recheck", 1, None, NOW)
    assert 0 < delay <= 900
    assert world.state.deadline == NOW + GRACE


def test_rechecks_grow_and_end_at_the_deadline_with_a_failure() -> None:
    world = World()
    world.look(publish())
    delays = []
    while world.looks.sent:
        again, delay = world.looks.sent.pop()
        delays.append(delay)
        world.clock.advance(seconds=delay)
        world.look(again)
    assert delays[:-1] == sorted(delays[:-1])
    assert max(delays) <= 900
    assert len(delays) < 15
    assert world.state.status == Status.FAILED
    assert world.state.document["reasons"] == ["NO_SIGNATURE", "NO_ATTESTATION", "UNSIGNED_AFTER_GRACE"]
    assert timedelta() <= world.clock() - (NOW + GRACE) <= timedelta(seconds=2)


def test_evidence_push_looks_at_its_subject_at_once() -> None:
    world = World()
    world.look(publish())
    world.looks.sent.clear()
    world.sign()
    world.attest()
    assert world.look(publish("d2", manifests.fallback_tag(DIGEST), material.digest("list"))).done == "evidence"
    ((again, delay),) = world.looks.sent
    assert (again.cause, again.digest, delay) == ("evidence", DIGEST, 0)
    assert world.look(again).status == Status.VERIFIED
    assert world.state.tags == ("v1",)


def test_untagged_referrer_looks_at_its_subject() -> None:
    world = World()
    referrer = world.registry.attach(DIGEST, b"bundle")
    assert world.look(publish("d2", None, referrer)).done == "evidence"
    assert world.looks.sent[0][0].digest == DIGEST


def test_partial_evidence_stays_pending_and_starts_no_second_watch() -> None:
    world = World()
    world.look(publish())
    world.sign()
    assert world.look(EVIDENCE).status == Status.PENDING
    assert world.state.document["reasons"] == ["NO_ATTESTATION"]
    assert len(world.looks.sent) == 1


def test_wrong_workflow_fails_at_once_with_the_nearest_miss() -> None:
    world = World()
    wrong = SUBJECT.replace("main", "dev")
    world.sign(wrong)
    assert world.look(publish()).status == Status.FAILED
    assert world.state.document["nearest_miss"]["found"]["subject"] == wrong
    assert world.state.document["reproduce"][0].startswith(f"cosign verify {IMAGE}@{DIGEST} ")
    assert world.looks.sent == []


def test_failed_digest_becomes_verified_when_evidence_arrives() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=1)
    world.look(replace(publish(), cause="recheck"))
    assert world.state.status == Status.FAILED
    world.sign()
    world.attest()
    assert world.look(EVIDENCE).status == Status.VERIFIED


def test_ten_copies_of_one_delivery_give_one_verdict_and_one_watch() -> None:
    world = World()

    async def all_at_once() -> list[Outcome]:
        return list(await asyncio.gather(*(world.verification.look(publish()) for _ in range(10))))

    outcomes = asyncio.run(all_at_once())
    assert {outcome.status for outcome in outcomes} == {Status.PENDING}
    assert (world.verdicts.writes, len(world.looks.sent)) == (1, 1)
    world.sign()
    world.attest()
    outcomes = asyncio.run(all_at_once())
    assert {outcome.status for outcome in outcomes} == {Status.VERIFIED}
    assert (world.verdicts.writes, len(world.verdicts.runs)) == (2, 0)


def test_second_tag_of_a_verified_digest_is_remembered() -> None:
    world = World()
    world.sign()
    world.attest()
    world.look(publish())
    world.look(publish("d2", "latest"))
    assert (world.state.tags, world.state.version, world.state.status) == (("v1", "latest"), 2, Status.VERIFIED)
    assert world.verdicts.runs == {}


def test_slow_old_run_never_overwrites_a_newer_verdict() -> None:
    world = World()
    world.look(publish())
    pending = world.state
    world.sign()
    world.attest()
    world.look(EVIDENCE)
    newer = world.state
    world.verdicts.states[(IMAGE, DIGEST)] = pending
    world.verdicts.before_record = [newer]
    world.registry.tags.clear()
    world.clock.advance(hours=1)  # this run saw neither the evidence nor the newer verdict when it began
    assert world.look(replace(EVIDENCE, delivery="e2")).done == "decided-already"
    assert world.state == newer


def test_record_that_never_stands_still_goes_back_to_the_queue() -> None:
    world = World()
    world.look(publish())
    world.sign()
    world.attest()
    others = [replace(world.state, version=number) for number in range(2, 40)]

    class Restless(FakeVerdicts):
        def record(self, old: State | None, new: State) -> None:
            self.before_record = [others.pop(0)]
            super().record(old, new)

    restless = Restless()
    restless.states = world.verdicts.states
    with pytest.raises(Unavailable) as caught:
        asyncio.run(replace(world.verification, verdicts=restless).look(EVIDENCE))
    assert caught.value.reason == Reason.STORE_UNAVAILABLE


def test_verified_is_not_put_back_to_waiting() -> None:
    world = World()
    world.sign()
    world.attest()
    world.look(publish())
    world.registry.tags.pop(manifests.fallback_tag(DIGEST))
    world.look(publish("d2", "latest"))
    assert world.state.status == Status.VERIFIED


def test_killed_between_verdict_and_watch_is_mended_by_the_redelivery() -> None:
    world = World()
    world.looks.down = Unavailable(Reason.QUEUE_UNAVAILABLE, "killed")
    with pytest.raises(Unavailable):
        world.look(publish())
    world.looks.down = None
    world.look(publish(), redelivered=True)
    assert (world.verdicts.writes, len(world.looks.sent)) == (1, 1)


def test_decision_is_kept_as_a_run_before_another_replaces_it() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=1)
    world.look(replace(publish(), cause="recheck"))
    failed = world.state
    world.sign()
    world.attest()
    world.verdicts.before_record = [replace(failed, version=9)]  # killed there, or slower than somebody else
    world.look(EVIDENCE)
    assert [run.status for run in world.verdicts.runs.values()] == [Status.FAILED]
    assert world.state.status == Status.VERIFIED


def test_no_policy() -> None:
    world = World(replace(POLICY, globs=("ghcr.io/other/**",)))
    assert world.look(publish()).status == Status.NO_POLICY


def test_policy_by_tag() -> None:
    world = World(replace(POLICY, globs=("ghcr.io/acme/app:v*",)))
    assert world.look(publish()).status == Status.PENDING
    assert world.look(Look(IMAGE, DIGEST, "recheck", first_seen=NOW)).status == Status.PENDING


def test_ghsa_2r43_6962_xcw5_the_digest_is_judged_and_not_what_its_tag_points_to_now() -> None:
    world = World()
    world.sign()
    world.attest()
    moved = world.registry.put(child(), "v1")
    world.look(publish())
    world.look(publish("d2", "v1", moved))
    assert world.state.status == Status.VERIFIED
    assert world.verdicts.states[(IMAGE, moved)].status == Status.PENDING


# ------------------------------------------------------------------------------------------- could not look


def test_outage_goes_back_to_the_queue_and_says_how_long_to_wait() -> None:
    world = World()
    world.registry.down = DOWN
    with pytest.raises(Unavailable):
        world.take(publish(), 1)
    with pytest.raises(Unavailable):
        world.take(publish(), 3)
    assert world.looks.returned == [("receipt", 7), ("receipt", 20)]
    assert world.verdicts.states == {}


def test_outage_that_lasts_is_unknown_and_looked_at_again() -> None:
    world = World()
    world.registry.down = DOWN
    assert world.take(publish(), GIVE_UP_AFTER).status == Status.UNKNOWN
    assert (world.state.status, world.state.document["reasons"]) == (Status.UNKNOWN, ["REGISTRY_THROTTLED"])
    ((again, delay),) = world.looks.sent
    assert (again, delay) == (publish(), 900)
    assert (world.state.tags, world.state.deliveries) == ((), ())
    world.registry.down = None
    world.sign()
    world.attest()
    assert world.look(again).status == Status.VERIFIED


def test_outage_after_the_deadline_is_unknown_and_never_failed() -> None:
    world = World()
    world.look(publish())
    world.clock.advance(hours=2)
    world.registry.down = DOWN
    assert world.take(replace(publish(), cause="recheck"), GIVE_UP_AFTER).status == Status.UNKNOWN
    assert world.state.status == Status.UNKNOWN


@pytest.mark.parametrize("subject", [SUBJECT, SUBJECT.replace("main", "dev")])
def test_outage_changes_no_decision(subject: str) -> None:
    world = World()
    world.sign(subject)
    world.attest()
    decided = world.look(publish()).status
    world.registry.down = DOWN
    world.take(publish("d2", "latest"), GIVE_UP_AFTER)
    assert (world.state.status, world.state.tags) == (decided, ("v1",))
    ((again, _),) = world.looks.sent
    world.registry.down = None
    world.look(again)
    assert (world.state.status, world.state.tags) == (decided, ("v1", "latest"))


KMS = "awskms:///alias/release"
BY_KMS = Policy("kms", ("ghcr.io/acme/**",), (Authority("release", (), key=Key(kms=KMS)),), grace=GRACE)


def test_key_that_cannot_be_asked_for_is_an_outage_and_is_tried_again() -> None:
    keys = finding.FakeKeys()
    world = World(BY_KMS, keys=keys)
    with pytest.raises(Unavailable, match="awskms") as caught:
        world.take(publish(), 1)
    assert caught.value.reason == Reason.KEY_UNAVAILABLE
    assert (world.looks.returned, world.verdicts.states) == ([("receipt", 5)], {})
    assert world.take(publish(), GIVE_UP_AFTER).status == Status.UNKNOWN
    keys.keys[KMS] = material.key().pem
    ((again, _),) = world.looks.sent
    assert world.look(again).status == Status.PENDING


def test_key_that_cannot_be_asked_for_changes_no_decision() -> None:
    keys = finding.FakeKeys({KMS: material.key().pem})
    world = World(BY_KMS, keys=keys)
    world.look(publish())
    world.clock.advance(minutes=31)
    assert world.look(replace(publish(), cause="recheck")).status == Status.FAILED
    keys.keys.clear()
    world.take(publish("d2", "v2"), GIVE_UP_AFTER)
    assert (world.state.status, world.state.tags) == (Status.FAILED, ("v1",))


def cannot_tell() -> World:
    """A world whose policy has an authority that nobody can judge, beside one that holds."""
    foreign = Authority("foreign", (), key=Key(), cannot="key is in the secretRef 'x'")
    publisher = replace(POLICY.authorities[0], attestations=())
    return World(replace(POLICY, authorities=(publisher, foreign)))


def test_lost_evidence_beside_what_nobody_can_judge_is_confirmed_too() -> None:
    world = cannot_tell()
    world.sign()
    assert world.look(publish()).status == Status.VERIFIED
    kept = world.registry.tags.pop(manifests.fallback_tag(DIGEST))
    assert world.look(publish("d2", "v2")).done == "to-be-confirmed"
    world.registry.tags[manifests.fallback_tag(DIGEST)] = kept
    ((again, _),) = world.looks.sent
    world.look(again)
    assert world.state.status == Status.VERIFIED


def test_policy_that_nobody_can_judge_gives_no_new_grace_period_at_each_look() -> None:
    world = cannot_tell()
    assert world.look(publish()).status == Status.PENDING
    deadline = world.state.deadline
    world.clock.advance(minutes=31)
    for delivery in ("d2", "d3"):
        assert world.look(publish(delivery, delivery)).status == Status.UNKNOWN
        assert (world.state.status, world.state.deadline) == (Status.UNKNOWN, deadline)
        world.clock.advance(hours=5)


def test_child_that_nobody_can_judge_is_what_its_index_is() -> None:
    world = cannot_tell()
    untagged = world.registry.put(child())
    index = index_of(world, untagged)
    world.registry.attach(index, signer.bundle_signature(material.sigstore(), material.leaf(), index))
    assert world.look(publish("d2", "v2", index)).status == Status.VERIFIED
    world.clock.advance(hours=1)
    outcome = world.look(publish("d1", None, untagged))
    assert (outcome.status, outcome.reasons) == (Status.VERIFIED, ("COVERED_BY_INDEX",))


def test_outage_is_given_up_after_three_days() -> None:
    world = World()
    world.registry.down = DOWN
    world.clock.advance(days=PATIENCE.days, seconds=1)
    world.take(publish(), GIVE_UP_AFTER)
    assert world.looks.sent == []


def test_manifest_that_is_not_there_yet_is_could_not_look() -> None:
    world = World()
    with pytest.raises(Unavailable) as caught:
        world.look(publish("d1", "v2", material.digest("not pushed")))
    assert caught.value.reason == Reason.MANIFEST_NOT_FOUND


def test_registry_that_lies_about_the_manifest_is_could_not_look() -> None:
    world = World()
    world.registry.contents[DIGEST] = b"nonsense"
    with pytest.raises(Unavailable) as caught:
        world.look(publish())
    assert caught.value.reason == Reason.CONTENT_MISMATCH


def test_bytes_that_are_no_manifest_are_wrong_and_no_outage() -> None:
    world = World()
    odd = world.registry.put(MANIFEST.replace(b'"layers"', b'"layers": [], "layers"', 1))
    for tag, delivery in (("v9", "d1"), (None, "d2")):
        assert world.look(publish(delivery, tag, odd)).status == Status.FAILED
    state = world.verdicts.state(IMAGE, odd)
    assert state is not None
    assert state.document["reasons"] == ["MANIFEST_INVALID"]


def test_evidence_for_a_digest_that_nobody_pushed_is_nothing() -> None:
    world = World()
    made_up = replace(EVIDENCE, digest=material.digest("made up"))
    assert world.look(made_up).done == "ignored"
    assert world.verdicts.states == {}


# ------------------------------------------------------------------------------------- what is not an image


def child() -> bytes:
    return MANIFEST.replace(b'"layers": []', b'"layers":  []')


def test_buildkit_attestation_is_recorded_nowhere() -> None:
    world = World()
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    layers = [described(statement, "application/vnd.in-toto+json")]
    pushed = world.registry.put_manifest({"config": EMPTY, "layers": layers})
    assert world.look(publish("d1", None, pushed)).done == "ignored"
    assert world.verdicts.states == {}


def index_of(world: World, digest: Digest) -> Digest:
    entry = described(child(), manifests.OCI_MANIFEST)
    assert entry["digest"] == digest
    return world.registry.put_manifest({"manifests": [entry]}, "v2")


def test_unsigned_child_is_what_its_index_is() -> None:
    world = World()
    untagged = world.registry.put(child())
    index = index_of(world, untagged)
    assert world.look(publish("d1", None, untagged)).status == Status.PENDING
    for make in (
        signer.bundle_signature(material.sigstore(), material.leaf(), index),
        signer.bundle_attestation(material.sigstore(), material.leaf(), index, CYCLONEDX, {}),
    ):
        world.registry.attach(index, make)
    assert world.look(publish("d2", "v2", index)).status == Status.VERIFIED
    again = world.looks.sent[0][0]
    outcome = world.look(again)
    assert (outcome.status, outcome.reasons) == (Status.VERIFIED, ("COVERED_BY_INDEX",))
    state = world.verdicts.state(IMAGE, untagged)
    assert state is not None
    assert state.document["kind"] == "child"


def test_child_waits_while_its_index_does() -> None:
    world = World()
    untagged = world.registry.put(child())
    index = index_of(world, untagged)
    world.look(publish("d2", "v2", index))
    world.looks.sent.clear()
    assert world.look(publish("d1", None, untagged)).status == Status.PENDING
    again, _ = world.looks.sent.pop()
    world.clock.advance(hours=1)
    assert world.look(again).status == Status.PENDING
    assert world.looks.sent[0][1] > 1


def test_untagged_image_that_no_index_lists_is_judged_by_itself() -> None:
    world = World()
    untagged = world.registry.put(child())
    world.look(publish("d1", None, untagged))
    world.clock.advance(hours=1, minutes=59)
    assert world.look(world.looks.sent[0][0]).status == Status.PENDING  # its index may still be heard of
    world.clock.advance(minutes=1)
    assert world.look(world.looks.sent[0][0]).status == Status.FAILED


def test_untagged_image_that_is_first_looked_at_late_has_a_grace_period_from_then() -> None:
    world = World()
    untagged = world.registry.put(child())
    world.clock.advance(hours=5)
    assert world.look(publish("d1", None, untagged)).status == Status.PENDING
    world.clock.advance(hours=1)
    assert world.look(world.looks.sent[0][0]).status == Status.FAILED


def test_runnable_image_that_calls_itself_evidence_is_judged() -> None:
    world = World()
    subject = described(MANIFEST, manifests.OCI_MANIFEST)
    config = described(b"{}", "application/vnd.oci.image.config.v1+json")
    hidden = world.registry.put_manifest({"config": config, "layers": [], "subject": subject})
    for delivery, tag in enumerate((None, "v2", manifests.fallback_tag(DIGEST), manifests.signature_tag(DIGEST))):
        assert world.look(publish(f"d{delivery}", tag, hidden)).status == Status.PENDING


def test_artifact_with_an_ordinary_tag_is_judged() -> None:
    world = World()
    subject = described(MANIFEST, manifests.OCI_MANIFEST)
    pushed = world.registry.put_manifest({"config": EMPTY, "layers": [], "subject": subject})
    assert world.look(publish("d1", "v2", pushed)).status == Status.PENDING


def test_child_of_an_index_that_is_never_decided_is_judged_by_itself() -> None:
    world = World()
    untagged = world.registry.put(child())
    index = index_of(world, untagged)
    world.look(publish("d2", "v2", index))
    world.looks.sent.clear()
    world.look(publish("d1", None, untagged))
    again, _ = world.looks.sent.pop()
    world.clock.advance(days=PATIENCE.days, seconds=1)
    assert world.look(again).reasons[-1] == "UNSIGNED_AFTER_GRACE"


def test_child_stays_covered_when_its_index_is_no_longer_among_the_newest_records() -> None:
    world = World()
    untagged = world.registry.put(child())
    index = index_of(world, untagged)
    for make in (
        signer.bundle_signature(material.sigstore(), material.leaf(), index),
        signer.bundle_attestation(material.sigstore(), material.leaf(), index, CYCLONEDX, {}),
    ):
        world.registry.attach(index, make)
    world.look(publish("d2", "v2", index))
    world.look(publish("d1", None, untagged))
    there = world.verdicts.states[(IMAGE, index)]
    for number in range(100):
        newer = replace(there, digest=material.digest(f"{number}"), first_seen=NOW + timedelta(hours=1))
        newer = replace(newer, document={**there.document, "children": []})
        world.verdicts.states[(IMAGE, newer.digest)] = newer
    world.clock.advance(days=9)
    outcome = world.look(Look(IMAGE, untagged, "index"))
    assert (outcome.done, outcome.reasons) == ("unchanged", ("COVERED_BY_INDEX",))


# ------------------------------------------------------------------------------------------- missed publishes

MISSED = Look(IMAGE, DIGEST, "missed", tag="v1", first_seen=NOW)


def test_missed_publish_is_judged_as_one_that_a_webhook_told_of() -> None:
    world = World()
    assert world.look(MISSED).status == Status.PENDING
    assert (world.state.tags, world.state.first_seen, world.state.deliveries) == (("v1",), NOW, ())
    assert [look.cause for look, _ in world.looks.sent] == ["recheck"]


def test_missed_publish_whose_grace_period_is_long_over_fails_at_once() -> None:
    world = World()
    world.clock.advance(hours=2)
    assert world.look(MISSED).reasons[-1] == "UNSIGNED_AFTER_GRACE"


def test_missed_publish_of_a_decided_digest_is_looked_at_for_a_new_tag_only() -> None:
    world = World()
    world.sign()
    world.attest()
    world.look(publish())
    assert world.look(MISSED).done == "decided-already"
    assert world.look(replace(MISSED, tag=None)).done == "decided-already"
    assert world.look(replace(MISSED, tag="v2")).done == "verdict"
    assert world.state.tags == ("v1", "v2")


def test_missed_evidence_is_a_reason_to_look_at_its_subject() -> None:
    world = World()
    referrer = world.registry.attach(DIGEST, b"bundle")
    assert world.look(Look(IMAGE, referrer, "missed")).done == "evidence"
    assert world.looks.sent[0][0].digest == DIGEST


def test_missed_publish_that_nobody_can_look_at_is_sent_again_as_it_is() -> None:
    world = World()
    world.registry.down = DOWN
    assert world.take(MISSED, GIVE_UP_AFTER).status == Status.UNKNOWN
    assert world.looks.sent == [(MISSED, 900)]


def test_killed_between_verdict_and_tag_and_watch_is_mended_by_the_redelivery() -> None:
    world = World()
    real = world.verdicts.point

    def killed(old: object, new: object) -> None:
        raise Unavailable(Reason.STORE_UNAVAILABLE, "killed")

    world.verdicts.point = killed  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        world.look(publish())
    world.verdicts.point = real  # type: ignore[method-assign]
    assert world.looks.sent == []
    assert world.look(publish(), redelivered=True).status == Status.PENDING
    assert (len(world.looks.sent), world.verdicts.writes, len(world.verdicts.pointers)) == (1, 1, 1)
