"""Attacks that were tried and that fail: each test is one way to get a wrong image through, or a right one stuck."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.signing import signer
from local.slack import blocks
from registry_verifier import manifest as manifests
from registry_verifier import message, stored_document
from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.incident import Ending, Key, Kind
from registry_verifier.models import Digest, ImageName, Look, State
from registry_verifier.policy.model import Policy
from registry_verifier.proof import Prover
from registry_verifier.query import gate as gates
from registry_verifier.reasons import Reason, Status
from tests import material
from tests.fakes import described
from tests.library.asking import Client
from tests.library.test_verify import EVIDENCE, POLICY, World, publish
from tests.material import CYCLONEDX, DIGEST, IMAGE, MANIFEST, NOW

CHILD = MANIFEST.replace(b'"layers": []', b'"layers":  []')


def sign_all(world: World, digest: Digest) -> None:
    """Everything that POLICY demands, for a digest of the repository."""
    sigstore, leaf = material.sigstore(), material.leaf()
    world.registry.attach(digest, signer.bundle_signature(sigstore, leaf, digest))
    world.registry.attach(digest, signer.bundle_attestation(sigstore, leaf, digest, CYCLONEDX, {}))


def push_index(world: World, *entries: bytes, tag: str | None = None, **more: Any) -> Digest:
    descriptors = [described(entry, json.loads(entry)["mediaType"]) for entry in entries]
    return world.registry.put_manifest({"manifests": descriptors, **more}, tag)


def run_out(world: World) -> None:
    """Take every message that is on the queue, at its time, until there is none."""
    for _ in range(60):
        if not world.looks.sent:
            return
        look, delay = world.looks.sent.pop(0)
        world.clock.advance(seconds=delay)
        world.look(look)
    raise AssertionError("the queue never ran empty")


def status(world: World, digest: Digest, image: ImageName = IMAGE) -> Status | None:
    state = world.verdicts.state(image, digest)
    return state.status if state else None


def gate(world: World, digest: Digest) -> int:
    asked = Client(gates.OPERATIONS)
    state = world.verdicts.state(IMAGE, digest)
    asked.stored.states = [state] if state else []
    return asked.get(f"/v1/gate/{digest}?image={IMAGE}").status_code


# ----------------------------------------------------------------------------------- an index and its children


def test_unsigned_index_of_signed_children_is_not_verified_by_them() -> None:
    world = World()
    child = world.registry.put(CHILD)
    sign_all(world, child)
    assert world.look(publish("d1", None, child)).status == Status.VERIFIED
    index = push_index(world, CHILD, tag="v2")
    world.look(publish("d2", "v2", index))
    run_out(world)
    assert (status(world, index), gate(world, index)) == (Status.FAILED, 403)


def test_unsigned_child_with_a_tag_of_its_own_is_not_covered() -> None:
    world = World()
    child = world.registry.put(CHILD, "v9")
    index = push_index(world, CHILD, tag="v2")
    sign_all(world, index)
    assert world.look(publish("d1", "v2", index)).status == Status.VERIFIED
    world.look(publish("d2", "v9", child))
    run_out(world)
    assert (status(world, child), gate(world, child)) == (Status.FAILED, 403)


def test_tag_that_comes_after_cover_ends_it() -> None:
    world = World()
    child = world.registry.put(CHILD)
    index = push_index(world, CHILD, tag="v2")
    sign_all(world, index)
    world.look(publish("d1", "v2", index))
    assert world.look(publish("d2", None, child)).status == Status.VERIFIED
    world.clock.advance(hours=1)
    assert world.look(publish("d3", "v9", child)).status == Status.PENDING
    run_out(world)
    assert status(world, child) == Status.FAILED


def test_unsigned_index_that_lists_an_unsigned_image_covers_nothing() -> None:
    world = World()
    child = world.registry.put(CHILD)
    index = push_index(world, CHILD, tag="v2")
    world.look(publish("d1", "v2", index))
    world.look(publish("d2", None, child))
    run_out(world)
    assert (status(world, index), status(world, child)) == (Status.FAILED, Status.FAILED)


def test_verified_index_of_another_repository_covers_nothing() -> None:
    elsewhere = ImageName("ghcr.io", "acme/base")
    world = World()
    child = world.registry.put(CHILD)
    index = push_index(world, CHILD, tag="v2")
    sign_all(world, index)
    assert world.look(Look(elsewhere, index, "publish", tag="v2", delivery="d1")).status == Status.VERIFIED
    world.look(publish("d2", None, child))
    run_out(world)
    assert status(world, child) == Status.FAILED


def test_index_within_an_index_is_covered_step_by_step() -> None:
    world = World()
    child = world.registry.put(CHILD)
    inner = push_index(world, CHILD)
    outer = push_index(world, world.registry.contents[inner], tag="v2")
    world.look(publish("d1", None, child))
    world.look(publish("d2", None, inner))
    sign_all(world, outer)
    world.look(publish("d3", "v2", outer))
    run_out(world)
    assert [status(world, digest) for digest in (outer, inner, child)] == [Status.VERIFIED] * 3


def test_child_that_differs_in_one_space_is_not_the_child() -> None:
    world = World()
    index = push_index(world, CHILD, tag="v2")
    sign_all(world, index)
    world.look(publish("d1", "v2", index))
    other = world.registry.put(CHILD.replace(b'"layers":  []', b'"layers":   []'))
    world.look(publish("d2", None, other))
    run_out(world)
    assert status(world, other) == Status.FAILED


# ---------------------------------------------------------------------------------------------- evidence tags


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_unsigned_image_behind_the_evidence_tag_of_a_verified_one_is_failed(suffix: str) -> None:
    world = World()
    sign_all(world, DIGEST)
    world.look(publish())
    hidden = world.registry.put(CHILD)  # the signatures of the other stay where they are: only the webhook lies
    world.look(publish("d2", manifests.fallback_tag(DIGEST) + suffix, hidden))
    run_out(world)
    assert (status(world, hidden), status(world, DIGEST)) == (Status.FAILED, Status.VERIFIED)


def test_genuine_evidence_of_a_signed_image_in_the_lists_of_an_unsigned_one_is_no_evidence() -> None:
    world = World()
    sign_all(world, DIGEST)
    unsigned = world.registry.put(CHILD, "v9")
    for referrer in tuple(world.registry.listed[DIGEST]):
        world.registry.list_referrer(unsigned, referrer)
    world.clock.advance(hours=1)
    assert world.look(publish("d1", "v9", unsigned)).status == Status.FAILED
    state = world.verdicts.state(IMAGE, unsigned)
    assert state is not None
    found = state.document["statements"]
    assert {statement["reason"] for statement in found} == {Reason.SUBJECT_DIGEST_MISMATCH}
    assert all(statement["detail"].startswith("referrer is about ") for statement in found)


def test_genuine_bundle_of_another_image_under_a_forged_subject_is_no_evidence() -> None:
    world = World()
    unsigned = world.registry.put(CHILD, "v9")
    world.registry.attach(unsigned, signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST))
    assert world.look(publish("d1", "v9", unsigned)).status == Status.FAILED
    assert gate(world, unsigned) == 403


def test_copy_of_a_verified_image_in_an_unsigned_repository_is_not_verified() -> None:
    world = World()
    sign_all(world, DIGEST)
    world.look(publish())
    copy = World()
    copy.look(Look(ImageName("ghcr.io", "acme/copy"), DIGEST, "publish", tag="v1", delivery="d1"))
    run_out(copy)
    assert status(copy, DIGEST, ImageName("ghcr.io", "acme/copy")) == Status.FAILED


# ------------------------------------------------------------------------------------------ which policies hold


@pytest.mark.parametrize("order", [("v1", "dev"), ("dev", "v1")])
def test_image_that_was_ever_tagged_into_a_stricter_policy_stays_in_it(order: tuple[str, str]) -> None:
    base = Policy(
        "base", ("ghcr.io/acme/app*",), (replace(POLICY.authorities[0], attestations=()),), grace=POLICY.grace
    )
    world = World(base, replace(POLICY, globs=("ghcr.io/acme/app:v*",)))
    world.sign()
    for number, tag in enumerate(order):
        world.look(publish(f"d{number}", tag))
    assert (world.state.status, gate(world, DIGEST)) == (Status.PENDING, 409)
    run_out(world)
    assert (world.state.status, gate(world, DIGEST)) == (Status.FAILED, 403)
    world.look(EVIDENCE)
    assert world.state.status == Status.FAILED


def test_every_status_but_verified_closes_the_gate() -> None:
    world = World()
    sign_all(world, DIGEST)
    world.look(publish())
    verified = world.state
    answers = {}
    for one in Status:
        world.verdicts.states[(IMAGE, DIGEST)] = replace(verified, status=one)
        answers[one] = gate(world, DIGEST)
    assert [one for one, code in answers.items() if code < 300] == [Status.VERIFIED]
    assert gate(world, material.digest("never heard of")) == 404


# ------------------------------------------------------------------------------------------------ bytes of any shape


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from places(inner, (*path, key))


@pytest.mark.parametrize("odd", [None, [], {}, "", 0, -1, 1.5, 10**30, [1], True, "\0", "١"])
def test_whatever_stands_anywhere_in_a_bundle_is_refused_or_harmless(odd: object) -> None:
    leaf = material.leaf()
    bundle = json.loads(signer.bundle_attestation(material.sigstore(), leaf, DIGEST, CYCLONEDX, {}))
    prover = Prover({PUBLIC_GOOD: material.root()})
    for path in places(bundle):
        changed = material.changed(bundle, ".".join(map(str, path)), odd)
        try:
            found = prover.prove(material.of_bundle(json.dumps(changed).encode()), DIGEST, Trust())
        except EvidenceRejected:
            continue
        assert found.identity is not None
        assert found.identity.subject == material.SUBJECT


@pytest.mark.parametrize("length", [-1, 0, 1])
def test_document_at_the_very_limit_is_read_back(length: int) -> None:
    document = {"status": "FAILED", "reasons": [], "kind": "image", "statements": [{"detail": ""}]}
    room = stored_document.WRITTEN_LIMIT - len(json.dumps(document, separators=(",", ":")))
    document["statements"] = [{"detail": "a" * (room + length)}]
    assert stored_document.read(stored_document.write(document))["status"] == "FAILED"


HOSTILE = "<!channel> `*_~ :tada: @here <https://evil.example|ok>\r\n\t\u202e\u200b\U000e0041\0😀&<>"


@pytest.mark.parametrize("times", [0, 1, 400])
def test_slack_takes_a_message_about_whatever_strangers_wrote(times: int) -> None:
    text = HOSTILE * times
    requirement = {"name": text, "used": text, "cause": {"code": text, "text": text}}
    policy = {
        "name": text,
        "mode": text,
        "holds": False,
        "authorities": [{"name": text, "requirements": [requirement]}],
    }
    who = {"subject": text, "issuer": text}
    document = {
        "reasons": [text],
        "causes": [{"code": text, "text": text}] * 30,
        "policies": [policy] * 30,
        "nearest_miss": {"expected": who, "found": who, "place": text},
        "reproduce": [text],
        "statements": [],
        "verified_at": text,
        "trust_root": {"sha256": text},
    }
    image = ImageName("ghcr.io", "acme/" + "a" * 240)
    tags = tuple(f"{number:03d}" + "t" * 125 for number in range(50))
    state = State(image, DIGEST, 1, Status.FAILED, document, NOW, NOW, tags, actor=text)
    keys = [Key(kind, text) for kind in Kind]
    opened = [message.opened(state, key, api_url="https://api.example") for key in keys]
    ended = [message.ended(state, key, ending, api_url="https://api.example") for key in keys for ending in Ending]
    for written in (*opened, *ended):
        assert blocks.refusal({**written, "channel": "#releases"}) is None
        assert "<!channel>" not in json.dumps(written["blocks"])
