"""What was wrong once, found by attacking the verifier: each stays mended."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from local.signing import signer
from registry_verifier import manifest as manifests
from registry_verifier import strict_json
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.models import Digest, Look, State
from registry_verifier.proof import Prover
from registry_verifier.reasons import Reason, Status
from registry_verifier.verify import CONFIRM_SECONDS, Verification
from registry_verifier.verify_message import GIVE_UP_AFTER, Message, MessageTaker
from tests import material
from tests.fakes import FakeVerdicts, described
from tests.library.test_verify import DOWN, EVIDENCE, GRACE, POLICY, World, child, index_of, publish
from tests.material import CYCLONEDX, DIGEST, IMAGE, MANIFEST

LAX = replace(POLICY, name="lax", authorities=(replace(POLICY.authorities[0], attestations=()),))
STRICT_BY_TAG = replace(POLICY, globs=("ghcr.io/acme/app:v*",))


def drain(world: World, *, at_most: int = 60) -> None:
    """Take every message that waits, at its time."""
    for _ in range(at_most):
        if not world.looks.sent:
            return
        look, delay = world.looks.sent.pop(0)
        world.clock.advance(seconds=delay)
        world.look(look)


# ------------------------------------------------------------------------------------------- never VERIFIED


def test_retag_into_a_stricter_policy_does_not_keep_the_lax_verdict() -> None:
    world = World(LAX, STRICT_BY_TAG)
    world.sign()
    world.look(publish("d1", "dev"))
    assert status(world, DIGEST) == Status.VERIFIED
    world.clock.advance(days=2)
    world.look(publish("d2", "v1"))
    assert status(world, DIGEST) == Status.PENDING  # with a grace period of its own
    drain(world)
    assert status(world, DIGEST) == Status.FAILED


def test_retag_during_an_outage_is_not_forgotten() -> None:
    world = World(LAX, STRICT_BY_TAG)
    world.sign()
    world.look(publish("d1", "dev"))
    world.registry.down = DOWN
    world.take(publish("d2", "v1"), GIVE_UP_AFTER)
    world.registry.down = None
    drain(world)
    assert status(world, DIGEST) == Status.FAILED


def test_many_tags_do_not_push_out_the_policy_of_an_old_one() -> None:
    world = World(LAX, STRICT_BY_TAG)
    world.sign()
    world.look(publish("d0", "v1"))
    for number in range(60):
        world.look(publish(f"d{number + 1}", f"dev{number}"))
    drain(world)
    assert status(world, DIGEST) == Status.FAILED
    assert "v1" not in world.state.tags


def indexed(world: World) -> tuple[Digest, Digest]:
    untagged = world.registry.put(child())
    return untagged, index_of(world, untagged)


def sign_all(world: World, digest: Digest) -> None:
    leaf = material.leaf()
    world.registry.attach(digest, signer.bundle_signature(material.sigstore(), leaf, digest))
    world.registry.attach(digest, signer.bundle_attestation(material.sigstore(), leaf, digest, CYCLONEDX, {}))


def status(world: World, digest: Digest) -> Status | None:
    state = world.verdicts.state(IMAGE, digest)
    return state.status if state else None


def test_index_that_was_verified_by_other_policies_covers_nothing() -> None:
    world = World()
    untagged, index = indexed(world)
    sign_all(world, index)
    world.look(publish("d1", "v2", index))
    tightened = replace(world.verification, policies=(replace(POLICY, sha256="other"),))
    outcome = asyncio.run(tightened.look(publish("d2", None, untagged)))
    assert outcome.status == Status.PENDING


def test_children_follow_their_index_when_its_decision_turns() -> None:
    world = World()
    untagged, index = indexed(world)
    world.look(publish("d1", "v2", index))
    world.look(publish("d2", None, untagged))
    drain(world)
    assert (status(world, index), status(world, untagged)) == (Status.FAILED, Status.FAILED)
    sign_all(world, index)
    world.look(replace(EVIDENCE, digest=index))
    drain(world)
    assert (status(world, index), status(world, untagged)) == (Status.VERIFIED, Status.VERIFIED)


# ------------------------------------------------------------------------------------- never silent or stuck


def test_layer_with_a_key_of_an_unknown_kind_is_one_rejected_candidate() -> None:
    leaf = material.leaf()
    der = leaf.der.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209"), 1)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    payload, descriptor = signer.simple_signing_layer(material.sigstore(), leaf, str(IMAGE), DIGEST)
    annotations = descriptor["annotations"] | {"dev.sigstore.cosign/certificate": pem.decode()}
    candidate = Candidate("sha256-1.sig#0", "simplesigning", payload, annotations)
    with pytest.raises(EvidenceRejected) as caught:
        Prover({PUBLIC_GOOD: material.root()}).prove(candidate, DIGEST, Trust())
    assert caught.value.reason == Reason.CERT_INVALID
    assert x509.load_der_x509_certificate(leaf.der).public_bytes(Encoding.DER) != der


def test_two_hundred_thousand_keys_and_one_twice() -> None:
    keys = ",".join(f'"{number}":0' for number in range(200_000))
    with pytest.raises(ValueError, match="stands twice"):
        strict_json.parse(f'{{{keys},"7":1}}')


@pytest.mark.parametrize("bomb", ["[" + "[]," * 500_000 + "[]]", "[" + "{}," * 500_000 + "{}]"])
def test_more_lists_than_any_document_has(bomb: str) -> None:
    with pytest.raises(ValueError, match="lists and objects"):
        strict_json.parse(bomb)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_number_out_of_range(number: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        strict_json.parse(number)


def test_look_that_takes_too_long_comes_to_its_end() -> None:
    world = World()

    class Slow(Verification):
        async def look(self, look: Look, *, redelivered: bool = False) -> Any:
            await asyncio.sleep(60)

    slow = Slow(**vars(world.verification))
    with pytest.raises(Unavailable) as caught:
        asyncio.run(MessageTaker(slow, world.looks, look_seconds=0.01).take(Message(publish(), "receipt", 1)))
    assert (caught.value.reason, len(world.looks.returned)) == (Reason.REGISTRY_UNAVAILABLE, 1)


def test_tag_that_brings_the_first_policy_is_watched() -> None:
    world = World(STRICT_BY_TAG)
    world.look(publish("d1", "dev"))
    assert status(world, DIGEST) == Status.NO_POLICY
    world.look(publish("d2", "v1"))
    assert status(world, DIGEST) == Status.PENDING
    drain(world)
    assert status(world, DIGEST) == Status.FAILED


def test_artifact_with_an_ordinary_tag_is_watched_to_the_end() -> None:
    world = World()
    subject = described(MANIFEST, manifests.OCI_MANIFEST)
    layer = described(b"x", manifests.DSSE_ENVELOPE)
    config = described(b"{}", "application/vnd.oci.empty.v1+json")
    pushed = world.registry.put_manifest({"config": config, "layers": [layer], "subject": subject})
    world.look(publish("d1", "v2", pushed))
    drain(world)
    assert status(world, pushed) == Status.FAILED


def test_outage_that_meets_a_newer_record_still_sends_the_look_again() -> None:
    world = World()
    world.look(publish())
    world.looks.sent.clear()

    class Newer(FakeVerdicts):
        def record(self, old: State | None, new: State) -> None:
            raise Superseded("somebody was faster")

    newer = Newer()
    newer.states = world.verdicts.states
    story = replace(world.verification, verdicts=newer)
    asyncio.run(story.could_not_look(publish("d2", "latest"), DOWN))
    assert [look.tag for look, _ in world.looks.sent] == ["latest"]


def test_evidence_of_evidence_is_followed_once() -> None:
    world = World()
    first = world.registry.attach(DIGEST, b"one")
    second = world.registry.attach(first, b"two")
    assert world.look(publish("d1", None, second)).done == "evidence"
    again, _ = world.looks.sent.pop()
    assert world.look(again).done == "ignored"
    assert world.looks.sent == []


# ------------------------------------------------------------------------------------------ no false alarm


@pytest.mark.parametrize("tag", [manifests.fallback_tag(DIGEST), manifests.signature_tag(DIGEST)])
def test_outage_during_an_evidence_push_makes_no_image_of_it(tag: str) -> None:
    world = World()
    world.sign()
    evidence = world.registry.tags[manifests.fallback_tag(DIGEST)]
    world.registry.down = DOWN
    world.take(publish("e1", tag, evidence), GIVE_UP_AFTER)
    assert status(world, evidence) is None
    assert [look.tag for look, _ in world.looks.sent if look.cause == "publish"] == [tag]


def test_outage_of_an_index_does_not_forget_its_children() -> None:
    world = World()
    untagged, index = indexed(world)
    world.look(publish("d1", "v2", index))
    world.registry.down = DOWN
    world.take(replace(publish("d1", None, index), cause="recheck"), GIVE_UP_AFTER)
    state = world.verdicts.state(IMAGE, index)
    assert state is not None
    assert (state.status, state.document["children"], state.document["kind"]) == (Status.UNKNOWN, [untagged], "index")


def test_verified_index_covers_although_a_newer_unsigned_one_lists_the_same_child() -> None:
    world = World()
    untagged, index = indexed(world)
    sign_all(world, index)
    world.look(publish("d1", "v2", index))
    world.clock.advance(minutes=1)
    entry = described(child(), manifests.OCI_MANIFEST)
    other = world.registry.put_manifest({"manifests": [entry, entry]}, "v3")
    world.look(replace(publish("d2", "v3", other), first_seen=world.clock()))
    assert world.look(publish("d3", None, untagged)).status == Status.VERIFIED


def test_bad_descriptor_of_a_good_blob_does_not_spoil_it() -> None:
    world = World()
    world.sign()
    bundle = signer.bundle_attestation(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {})
    wrong = described(bundle, manifests.DSSE_ENVELOPE) | {"size": len(bundle) + 1}
    huge = described(b"y", manifests.DSSE_ENVELOPE) | {"size": 2**62}
    world.registry.attach_layers(manifests.attestation_tag(DIGEST), [(bundle, wrong), (b"y", huge)])
    world.registry.attach(DIGEST, bundle)
    assert world.look(publish()).status == Status.VERIFIED


def test_verified_is_demoted_only_by_two_looks() -> None:
    world = World()
    sign_all(world, DIGEST)
    world.look(publish())
    kept = world.registry.tags.pop(manifests.fallback_tag(DIGEST))
    world.clock.advance(days=1)
    assert world.look(publish("d2", "latest")).done == "to-be-confirmed"
    ((again, delay),) = world.looks.sent
    assert delay == CONFIRM_SECONDS
    assert status(world, DIGEST) == Status.VERIFIED
    world.registry.tags[manifests.fallback_tag(DIGEST)] = kept
    drain(world)
    assert (status(world, DIGEST), world.state.tags) == (Status.VERIFIED, ("v1", "latest"))
    del world.registry.tags[manifests.fallback_tag(DIGEST)]
    world.look(publish("d3", "newest"))
    drain(world)
    assert status(world, DIGEST) == Status.FAILED
    assert again.tag == "latest"


def test_promotion_by_tag_has_a_grace_period_of_its_own() -> None:
    world = World(STRICT_BY_TAG)
    world.look(publish("d1", "dev"))
    world.clock.advance(days=3)
    world.look(publish("d2", "v1"))
    assert world.state.deadline == world.clock() + GRACE


def test_attached_sbom_of_cosign_1_is_no_image() -> None:
    world = World()
    config = described(b"{}", "application/vnd.oci.image.config.v1+json")
    pushed = world.registry.put_manifest({"config": config, "layers": [described(b"spdx", "text/spdx")]})
    world.look(publish("d1", manifests.fallback_tag(DIGEST) + ".sbom", pushed))
    assert status(world, pushed) is None


def build_caches(world: World) -> Iterator[Digest]:
    config = described(b"{}", "application/vnd.buildkit.cacheconfig.v0")
    layer = described(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")
    yield world.registry.put_manifest({"manifests": [layer, config]}, "buildcache")
    yield world.registry.put_manifest({"config": config, "layers": [layer]}, "buildcache")


def test_build_cache_is_no_image() -> None:
    world = World()
    for number, cache in enumerate(build_caches(world)):
        assert world.look(publish(f"d{number}", "buildcache", cache)).done == "ignored"
    assert world.verdicts.states == {}


def test_index_of_real_images_is_no_build_cache_whatever_else_it_lists() -> None:
    world = World()
    config = described(b"{}", "application/vnd.buildkit.cacheconfig.v0")
    image = described(MANIFEST, manifests.OCI_MANIFEST)
    pushed = world.registry.put_manifest({"manifests": [image, config]}, "v2")
    assert world.look(publish("d1", "v2", pushed)).status == Status.PENDING


def test_evidence_that_is_too_large_is_told_as_such() -> None:
    world = World()
    world.sign()
    huge = described(b"y", manifests.DSSE_ENVELOPE) | {"size": 2**40}
    world.registry.attach_layers(manifests.attestation_tag(DIGEST), [(b"y", huge)])
    world.clock.advance(hours=1)
    assert world.look(publish()).reasons[0] == "EVIDENCE_TOO_LARGE"


# --------------------------------------------------------------------------------- after the first hardening


def lose_evidence(world: World, subject: Digest) -> None:
    world.registry.listed.clear()
    world.registry.tags.pop(manifests.fallback_tag(subject))


def covered(world: World) -> tuple[Digest, Digest]:
    """A child that its verified index covers."""
    untagged, index = indexed(world)
    sign_all(world, index)
    world.look(publish("i1", "v2", index))
    world.look(publish("c1", None, untagged))
    assert status(world, untagged) == Status.VERIFIED
    world.looks.sent.clear()
    return untagged, index


def test_publish_during_an_outage_of_a_digest_that_is_old_is_not_forgotten() -> None:
    world = World(LAX, STRICT_BY_TAG)
    world.sign()
    world.look(publish("d1", "dev"))
    world.clock.advance(days=4)
    world.registry.down = DOWN
    world.take(replace(publish("d2", "v1"), first_seen=world.clock()), GIVE_UP_AFTER)
    world.registry.down = None
    drain(world)
    assert status(world, DIGEST) == Status.FAILED


def test_children_are_told_although_the_function_is_killed_at_the_record_of_their_index() -> None:
    world = World()
    untagged, index = covered(world)
    lose_evidence(world, index)
    world.clock.advance(days=1)
    world.look(publish("i2", "latest", index))
    (again, _), *_ = world.looks.sent
    world.looks.sent.clear()
    world.looks.down = Unavailable(Reason.QUEUE_UNAVAILABLE, "killed")
    with pytest.raises(Unavailable):
        world.look(again)
    world.looks.down = None
    world.look(again, redelivered=True)
    drain(world)
    assert (status(world, index), status(world, untagged)) == (Status.FAILED, Status.FAILED)


def test_index_that_comes_after_its_childs_grace_period_covers_it_still() -> None:
    world = World()
    untagged = world.registry.put(child())
    world.look(publish("c1", None, untagged))
    drain(world)
    assert status(world, untagged) == Status.FAILED
    index = index_of(world, untagged)
    sign_all(world, index)
    world.look(replace(publish("i1", "v2", index), first_seen=world.clock()))
    drain(world)
    assert (status(world, index), status(world, untagged)) == (Status.VERIFIED, Status.VERIFIED)


@pytest.mark.parametrize("change", [{"trust_root_sha256": "b" * 64}, {"policies": (replace(POLICY, sha256="c" * 64),)}])
def test_index_that_is_verified_again_by_what_holds_now_covers_again(change: dict[str, Any]) -> None:
    world = World()
    untagged, index = covered(world)
    world.verification = replace(world.verification, **change)
    world.clock.advance(days=30)
    world.look(publish("i2", "latest", index))
    world.look(publish("c2", None, untagged))
    drain(world)
    assert (status(world, index), status(world, untagged)) == (Status.VERIFIED, Status.VERIFIED)


def test_covered_child_that_gets_a_tag_has_a_grace_period_of_its_own() -> None:
    world = World()
    untagged, _ = covered(world)
    world.clock.advance(hours=2)
    world.look(replace(publish("c9", "v2-amd64", untagged), first_seen=world.clock()))
    assert status(world, untagged) == Status.PENDING


def test_evidence_push_in_an_outage_stays_one_message() -> None:
    world = World()
    world.sign()
    pushed = world.registry.tags[manifests.fallback_tag(DIGEST)]
    world.registry.down = DOWN
    message = publish("e1", manifests.fallback_tag(DIGEST), pushed)
    for count in range(1, GIVE_UP_AFTER):
        with pytest.raises(Unavailable):
            world.take(message, count)
    world.take(message, GIVE_UP_AFTER)
    assert len(world.looks.sent) == 1


def test_what_is_no_image_has_no_record_after_an_outage() -> None:
    world = World()
    layer = described(b"{}", manifests.IN_TOTO)
    config = described(b"{}", "application/vnd.oci.image.config.v1+json")
    attestation = world.registry.put_manifest({"config": config, "layers": [layer]})
    world.registry.down = DOWN
    world.take(publish("a1", None, attestation), GIVE_UP_AFTER)
    world.registry.down = None
    drain(world)
    assert status(world, attestation) is None


def test_outage_past_the_deadline_is_followed_by_a_grace_period_and_not_by_a_failure() -> None:
    world = World()
    world.look(publish())
    ((again, delay),) = world.looks.sent
    world.looks.sent.clear()
    world.clock.advance(seconds=delay)
    world.registry.down = DOWN
    world.take(again, GIVE_UP_AFTER)
    world.clock.advance(minutes=45)
    world.registry.down = None
    ((again, _),) = world.looks.sent
    world.looks.sent.clear()
    world.look(again)
    assert status(world, DIGEST) == Status.PENDING
    drain(world)
    assert status(world, DIGEST) == Status.FAILED
