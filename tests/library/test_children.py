"""Children of an index: who needs the evidence, what becomes of each, and what a push of many may cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from local.signing import signer
from registry_verifier import manifest as manifests
from registry_verifier import report, verdict, verdict_document
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence import children
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, Verdict, digest_of
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.model import Authority, IdentityRule, Key, Policy, PolicyCondition
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import EITHER, INDEX, LEAVES, Answer
from tests import finding, material
from tests.fakes import EMPTY, FakeRegistry, described
from tests.finding import FakeKeys
from tests.material import IMAGE, ISSUER, NOW, SUBJECT

OTHER_SUBJECT = SUBJECT.replace("main", "dev")
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
AMD64, ARM64 = "linux/amd64", "linux/arm64"


def policy(mode: str, name: str = "p", **more: Any) -> Policy:
    authority = Authority("a", (IdentityRule(issuer=ISSUER, subject=SUBJECT),))
    return Policy(name, ("**",), (authority,), children=mode, **more)


class Pushed:
    """A multi-arch push as buildx makes it: two images, an attestation beside each, and the index."""

    def __init__(self, *platforms: str, attestations: bool = True, listed: tuple[dict[str, Any], ...] = ()) -> None:
        self.registry = FakeRegistry()
        self.leaves: dict[str, Digest] = {}
        self.beside: list[Digest] = []
        entries = list(listed)
        for platform in platforms or (AMD64, ARM64):
            self.leaves[platform] = self.image(platform)
            entries.append(entry(self.registry, self.leaves[platform], platform))
            if attestations:
                self.beside.append(self.attestation(self.leaves[platform]))
                note = {"vnd.docker.reference.type": "attestation-manifest"}
                entries.append(entry(self.registry, self.beside[-1], "unknown/unknown") | {"annotations": note})
        self.index = self.registry.put_manifest({"manifests": entries}, "v1")

    def image(self, content: str) -> Digest:
        config, layer = f'{{"os":"{content}"}}'.encode(), content.encode()
        self.registry.put(config)
        self.registry.put(layer)
        return self.registry.put_manifest({"config": described(config, CONFIG), "layers": [described(layer, LAYER)]})

    def attestation(self, about: Digest) -> Digest:
        layers = [described(about.encode(), "application/vnd.in-toto+json")]
        return self.registry.put_manifest({"config": described(b"{}", CONFIG), "layers": layers})

    def sign(self, digest: Digest, subject: str = SUBJECT) -> None:
        bundle = signer.bundle_signature(material.sigstore(), material.leaf(subject), digest)
        self.registry.attach(digest, bundle)

    def sign_leaves(self, subject: str = SUBJECT) -> None:
        for leaf in self.leaves.values():
            self.sign(leaf, subject)

    def remove(self, digest: Digest) -> None:
        del self.registry.contents[digest]

    def judged(
        self, *policies: Policy, waiting: bool = False, looked: bool = False, digest: Digest | None = None, **how: Any
    ) -> Verdict:
        digest = digest or self.index
        finder = finding.finder(how.pop("through", self.registry), **how)
        found = asyncio.run(finder.find(IMAGE, digest, policies, children=looked))
        return verdict.judge(verdict.Question(IMAGE, digest, policies, "", NOW), found, waiting=waiting)


def entry(registry: FakeRegistry, digest: Digest, platform: str | None) -> dict[str, Any]:
    system, _, machine = (platform or "").partition("/")
    said = {"platform": {"os": system, "architecture": machine}} if platform else {}
    content = registry.contents.get(digest, b"")
    return {"mediaType": manifests.OCI_MANIFEST, "digest": digest, "size": len(content), **said}


def states(verdict: Verdict) -> list[tuple[str | None, str]]:
    return [(row.platform, row.state.value) for row in verdict.children_table]


def codes(verdict: Verdict) -> list[Reason]:
    return [cause.code for cause in verdict.causes]


# -------------------------------------------------------------------------------------------- who needs the evidence


@pytest.mark.parametrize(
    ("mode", "of_index", "of_leaves", "status"),
    [
        (INDEX, True, False, Status.VERIFIED),
        (INDEX, False, True, Status.FAILED),
        (LEAVES, True, False, Status.FAILED),
        (LEAVES, False, True, Status.VERIFIED),
        (LEAVES, False, False, Status.FAILED),
        (EITHER, True, False, Status.VERIFIED),
        (EITHER, False, True, Status.VERIFIED),
        (EITHER, False, False, Status.FAILED),
    ],
)
def test_who_needs_the_evidence(mode: str, of_index: bool, of_leaves: bool, status: Status) -> None:
    pushed = Pushed()
    if of_index:
        pushed.sign(pushed.index)
    if of_leaves:
        pushed.sign_leaves()
    assert pushed.judged(policy(mode)).status == status


@pytest.mark.parametrize("mode", [INDEX, LEAVES, EITHER])
def test_for_an_image_that_is_no_index_all_modes_are_the_same(mode: str) -> None:
    pushed = Pushed()
    alone = pushed.leaves[AMD64]
    assert codes(pushed.judged(policy(mode), digest=alone)) == [Reason.NO_SIGNATURE]
    pushed.sign(alone)
    judged = pushed.judged(policy(mode), digest=alone, looked=True)
    assert (judged.status, judged.children_table) == (Status.VERIFIED, ())


def test_one_unsigned_leaf_is_missing_evidence_and_is_named() -> None:
    pushed = Pushed()
    pushed.sign(pushed.leaves[AMD64])
    judged = pushed.judged(policy(LEAVES))
    assert codes(judged) == [Reason.CHILD_UNVERIFIED]
    text = judged.causes[0].text
    assert text == f"linux/arm64 {pushed.leaves[ARM64]}: NO_SIGNATURE: no signature of the image was found"
    assert pushed.judged(policy(LEAVES), waiting=True).status == Status.PENDING
    assert verdict.after_grace(judged).causes[-1].code == Reason.UNSIGNED_AFTER_GRACE
    assert states(judged) == [
        (AMD64, "verified"),
        ("unknown/unknown", "attestation"),
        (ARM64, "unsigned"),
        ("unknown/unknown", "attestation"),
    ]


def test_all_leaves_that_fail_are_counted() -> None:
    assert "(2 of 2 children do not hold)" in Pushed().judged(policy(LEAVES)).causes[0].text


def test_leaf_signed_by_another_is_wrong_at_once_and_says_who() -> None:
    pushed = Pushed()
    pushed.sign(pushed.leaves[AMD64])
    pushed.sign(pushed.leaves[ARM64], OTHER_SUBJECT)
    judged = pushed.judged(policy(LEAVES), waiting=True)
    assert (judged.status, codes(judged)) == (Status.FAILED, [Reason.CHILD_UNVERIFIED])
    assert "IDENTITY_MISMATCH" in judged.causes[0].text
    assert judged.nearest_miss is not None
    assert judged.nearest_miss.found_subject == OTHER_SUBJECT
    assert dict(states(judged))[ARM64] == "wrong"
    assert verdict.after_grace(judged) == judged


def test_one_wrong_leaf_is_told_before_those_that_are_missing() -> None:
    pushed = Pushed(AMD64, ARM64, "linux/s390x")
    pushed.sign(pushed.leaves["linux/s390x"], OTHER_SUBJECT)
    pushed.remove(pushed.leaves[ARM64])
    judged = pushed.judged(policy(LEAVES), waiting=True)
    assert (judged.status, codes(judged)) == (Status.FAILED, [Reason.CHILD_UNVERIFIED])
    assert judged.causes[0].text.startswith("linux/s390x ")
    assert "(3 of 3 children do not hold)" in judged.causes[0].text


def test_wrong_evidence_of_the_index_is_nothing_to_leaves() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index, OTHER_SUBJECT)
    assert pushed.judged(policy(LEAVES), waiting=True).status == Status.PENDING
    pushed.sign_leaves()
    assert pushed.judged(policy(LEAVES)).status == Status.VERIFIED


def test_either_waits_while_one_way_may_still_hold() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index, OTHER_SUBJECT)
    assert pushed.judged(policy(EITHER), waiting=True).status == Status.PENDING
    pushed.sign_leaves(OTHER_SUBJECT)
    judged = pushed.judged(policy(EITHER), waiting=True)
    assert (judged.status, codes(judged)) == (Status.FAILED, [Reason.IDENTITY_MISMATCH, Reason.CHILD_UNVERIFIED])


def test_either_by_the_index_covers_what_is_unsigned() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    pushed.sign(pushed.leaves[AMD64])
    judged = pushed.judged(policy(EITHER))
    assert [state for _, state in states(judged)] == ["verified", "attestation", "covered", "attestation"]


def test_signature_of_the_index_is_no_signature_of_a_leaf() -> None:
    pushed = Pushed()
    bundle = signer.bundle_signature(material.sigstore(), material.leaf(), pushed.index)
    for leaf in pushed.leaves.values():
        pushed.registry.attach(leaf, bundle)
    assert pushed.judged(policy(LEAVES)).status == Status.FAILED


def test_every_policy_asks_by_itself() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    judged = pushed.judged(policy(INDEX, "i"), policy(LEAVES, "l"))
    assert [(result.name, result.holds) for result in judged.policies] == [("i", True), ("l", False)]
    pushed.sign_leaves()
    assert pushed.judged(policy(INDEX, "i"), policy(LEAVES, "l")).status == Status.VERIFIED


def test_what_the_cluster_would_say_is_about_the_index() -> None:
    pushed = Pushed()
    layer = signer.simple_signing_layer(material.sigstore(), material.leaf(), str(IMAGE), pushed.index)
    pushed.registry.attach_layers(manifests.signature_tag(pushed.index), [layer])
    judged = pushed.judged(policy(LEAVES))
    assert judged.status == Status.FAILED
    assert judged.cluster is not None
    assert judged.cluster.answer == Answer.ADMIT


def test_statements_of_leaves_are_no_statements_about_the_index() -> None:
    pushed = Pushed()
    pushed.sign_leaves()
    assert pushed.judged(policy(LEAVES)).statements == ()


def test_condition_of_a_policy_is_asked_of_each_leaf() -> None:
    asks = CueCondition.read('config: "linux/arm64/": os: "linux/arm64"')
    pushed = Pushed(ARM64)
    pushed.sign_leaves()
    wanted = policy(LEAVES, condition=PolicyCondition(asks, fetch_config_file=True))
    assert "POLICY_CONDITION_FAILED" in pushed.judged(wanted).causes[0].text
    holds = CueCondition.read('config: "linux/arm64": os: "linux/arm64"')
    assert pushed.judged(policy(LEAVES, condition=PolicyCondition(holds, fetch_config_file=True))).status == "VERIFIED"


def test_condition_is_not_asked_of_an_index_whose_evidence_does_not_count() -> None:
    asks = CueCondition.read('config: "linux/arm64": os: "linux/other"')
    pushed = Pushed(ARM64)
    pushed.sign(pushed.index)
    judged = pushed.judged(policy(LEAVES, condition=PolicyCondition(asks, fetch_config_file=True)))
    assert codes(judged) == [Reason.CHILD_UNVERIFIED]


def test_index_covers_nothing_where_leaves_count() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    assert dict(states(pushed.judged(policy(LEAVES))))[AMD64] == "unsigned"


def test_key_is_asked_for_once_for_all_leaves() -> None:
    pushed, reference = (
        Pushed(),
        "awskms:///arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-123456789012",
    )
    key = material.key()
    for leaf in pushed.leaves.values():
        layer = signer.simple_signing_layer(material.sigstore(), key, str(IMAGE), leaf)
        pushed.registry.attach_layers(manifests.signature_tag(leaf), [layer])
    keys = FakeKeys({reference: key.pem})
    by_key = Policy("p", ("**",), (Authority("a", (), key=Key(kms=reference)),), children=LEAVES)
    assert pushed.judged(by_key, keys=keys).status == Status.VERIFIED
    assert keys.asked == [reference]
    unknown = pushed.judged(by_key)
    assert (unknown.status, codes(unknown)) == (Status.UNKNOWN, [Reason.KEY_UNAVAILABLE])
    with pytest.raises(Unavailable):
        verdict.refuse_outage(unknown)


def test_authority_that_nobody_can_judge_makes_no_leaf_fail() -> None:
    pushed = Pushed()
    cannot = Authority("a", (IdentityRule(issuer=ISSUER, subject=SUBJECT),), cannot="its TrustRoot is not here")
    judged = pushed.judged(Policy("p", ("**",), (cannot,), children=LEAVES))
    assert (judged.status, codes(judged)) == (Status.UNKNOWN, [Reason.POLICY_UNSUPPORTED])
    assert dict(states(judged))[AMD64] == "not looked at"


# ------------------------------------------------------------------------------------------------ what counts as a leaf


def test_index_without_any_child_has_not_every_leaf_signed() -> None:
    pushed = Pushed()
    empty = pushed.registry.put_manifest({"manifests": []})
    judged = pushed.judged(policy(LEAVES), digest=empty, waiting=True)
    assert (judged.status, judged.causes[0].text) == (Status.FAILED, "index lists no child that can be run")
    pushed.sign(empty)
    assert pushed.judged(policy(EITHER), digest=empty).status == Status.VERIFIED


def test_index_of_attestations_alone_has_not_every_leaf_signed() -> None:
    pushed = Pushed()
    entries = [entry(pushed.registry, one, "unknown/unknown") for one in pushed.beside]
    only = pushed.registry.put_manifest({"manifests": entries})
    assert pushed.judged(policy(LEAVES), digest=only).causes[0].text == "index lists no child that can be run"


@pytest.mark.parametrize("platform", ["unknown/unknown", None])
def test_image_that_hides_behind_a_platform_must_be_signed(platform: str | None) -> None:
    pushed = Pushed()
    pushed.sign_leaves()
    note = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    hidden = entry(pushed.registry, pushed.image("hidden"), platform) | note
    listed = [entry(pushed.registry, digest, name) for name, digest in pushed.leaves.items()]
    index = pushed.registry.put_manifest({"manifests": [*listed, hidden]})
    assert codes(pushed.judged(policy(LEAVES), digest=index)) == [Reason.CHILD_UNVERIFIED]


def test_nested_index_is_a_leaf_that_needs_evidence_of_its_own() -> None:
    pushed = Pushed()
    pushed.sign_leaves()
    inner = described(pushed.registry.contents[pushed.index], manifests.OCI_INDEX)
    outer = pushed.registry.put_manifest({"manifests": [inner]})
    assert codes(pushed.judged(policy(LEAVES), digest=outer)) == [Reason.CHILD_UNVERIFIED]
    pushed.sign(pushed.index)
    judged = pushed.judged(policy(LEAVES), digest=outer)
    assert (judged.status, states(judged)) == (Status.VERIFIED, [(None, "verified")])


def test_one_image_for_two_platforms_is_looked_at_once() -> None:
    pushed = Pushed(AMD64, attestations=False)
    leaf = pushed.leaves[AMD64]
    entries = [entry(pushed.registry, leaf, platform) for platform in (AMD64, "linux/386")]
    index = pushed.registry.put_manifest({"manifests": entries})
    pushed.sign(leaf)
    judged = pushed.judged(policy(LEAVES), digest=index)
    assert states(judged) == [(AMD64, "verified"), ("linux/386", "verified")]
    assert pushed.registry.asked.count(f"manifest {leaf}") == 1


def test_unread_manifest_may_be_that_of_an_index() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    for mode, status in ((INDEX, Status.VERIFIED), (LEAVES, Status.UNKNOWN), (EITHER, Status.VERIFIED)):
        found = asyncio.run(
            finding.finder(pushed.registry).find(IMAGE, pushed.index, [policy(mode)], evidence_only=True)
        )
        question = verdict.Question(IMAGE, pushed.index, [policy(mode)], "", NOW)
        assert verdict.judge(question, found, waiting=False).status == status


# ----------------------------------------------------------------------------------------- children that are not there


@pytest.mark.parametrize("mode", [INDEX, LEAVES, EITHER])
def test_missing_child_is_told_where_somebody_looks(mode: str) -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    pushed.sign_leaves()
    pushed.remove(pushed.leaves[ARM64])
    judged = pushed.judged(policy(mode), looked=True)
    assert (judged.status, set(codes(judged))) == (Status.FAILED, {Reason.CHILD_MISSING})
    expected = f"linux/arm64 {pushed.leaves[ARM64]} is listed by the index and not in the registry"
    assert judged.causes[0].text == expected
    assert dict(states(judged))[ARM64] == "missing"
    assert pushed.judged(policy(mode), looked=True, waiting=True).status == Status.PENDING


def test_missing_child_is_not_looked_for_unless_asked() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    pushed.remove(pushed.leaves[ARM64])
    judged = pushed.judged(policy(INDEX))
    assert (judged.status, dict(states(judged))[ARM64]) == (Status.VERIFIED, "covered")
    assert not any(str(pushed.leaves[ARM64]) in asked for asked in pushed.registry.asked)


def test_missing_leaf_is_missing_evidence_where_leaves_count() -> None:
    pushed = Pushed()
    pushed.sign_leaves()
    pushed.remove(pushed.leaves[ARM64])
    judged = pushed.judged(policy(LEAVES))
    assert (judged.status, codes(judged)) == (Status.FAILED, [Reason.CHILD_MISSING])
    assert pushed.judged(policy(LEAVES), waiting=True).status == Status.PENDING
    assert verdict.after_grace(judged).causes[-1].code == Reason.UNSIGNED_AFTER_GRACE


def test_missing_attestation_of_buildkit_is_shown_and_no_failure() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    pushed.sign_leaves()
    pushed.remove(pushed.beside[0])
    judged = pushed.judged(policy(LEAVES), policy(INDEX, "i"), looked=True)
    assert judged.status == Status.VERIFIED
    assert [state for _, state in states(judged)] == ["verified", "missing", "verified", "attestation"]


def test_entry_that_is_no_manifest_is_no_missing_child() -> None:
    blob = {**described(b"layer", LAYER), "platform": {"os": "linux", "architecture": "amd64"}}
    pushed = Pushed(listed=(blob,))
    pushed.sign(pushed.index)
    assert pushed.judged(policy(INDEX), looked=True).status == Status.VERIFIED


def test_children_that_are_there_are_covered_or_not_looked_at() -> None:
    pushed = Pushed()
    before = pushed.judged(policy(INDEX), looked=True)
    assert (before.children_table[0].state, before.children_table[0].text) == ("not looked at", "in the registry")
    pushed.sign(pushed.index)
    after = pushed.judged(policy(INDEX), looked=True)
    assert [state for _, state in states(after)] == ["covered", "attestation"] * 2


def test_child_that_is_no_manifest_is_wrong() -> None:
    pushed = Pushed()
    pushed.sign(pushed.index)
    broken = pushed.registry.put(b"{}")
    index = pushed.registry.put_manifest({"manifests": [entry(pushed.registry, broken, AMD64)]})
    judged = pushed.judged(policy(LEAVES), digest=index, waiting=True)
    assert (judged.status, states(judged)) == (Status.FAILED, [(AMD64, "wrong")])
    assert "manifest is malformed" in judged.causes[0].text


class Troubled(FakeRegistry):
    """The same registry, where one digest makes trouble."""

    def __init__(self, other: FakeRegistry, digest: Digest, trouble: Exception) -> None:
        super().__init__()
        self.__dict__.update(other.__dict__)
        self.digest, self.trouble = digest, trouble

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        if reference in (self.digest, manifests.signature_tag(self.digest)):
            raise self.trouble
        return await super().manifest(image, reference)


@pytest.mark.parametrize("mode", [INDEX, LEAVES, EITHER])
@pytest.mark.parametrize(
    "trouble",
    [
        Unavailable(Reason.REGISTRY_THROTTLED, "429"),
        EvidenceRejected(Reason.CONTENT_MISMATCH, "other bytes than asked for"),
    ],
)
def test_child_that_could_not_be_looked_at_is_an_outage(mode: str, trouble: Exception) -> None:
    pushed = Pushed()
    troubled = Troubled(pushed.registry, pushed.leaves[ARM64], trouble)
    with pytest.raises(Unavailable):
        pushed.judged(policy(mode), through=troubled, looked=True)


# ---------------------------------------------------------------------------------------------------------- bounds


def many(count: int) -> Pushed:
    return Pushed(*(f"linux/m{number}" for number in range(count)), attestations=False)


def test_more_children_than_are_examined_fail_closed() -> None:
    pushed = many(children.CHILDREN_LIMIT + 1)
    judged = pushed.judged(policy(LEAVES), waiting=True)
    assert (judged.status, judged.causes[0].text) == (Status.FAILED, "index has 65 children (at most 64)")
    assert judged.nearest_miss is None
    leaf = next(iter(pushed.leaves.values()))
    assert [asked for asked in pushed.registry.asked if leaf in asked] == [f"manifest {leaf}"]


def test_as_many_children_as_are_examined_may_all_hold() -> None:
    pushed = many(children.CHILDREN_LIMIT)
    keyed = material.key()
    for leaf in pushed.leaves.values():
        layer = signer.simple_signing_layer(material.sigstore(), keyed, str(IMAGE), leaf)
        pushed.registry.attach_layers(manifests.signature_tag(leaf), [layer])
    by_key = Policy("p", ("**",), (Authority("a", (), key=Key((keyed.pem,))),), children=LEAVES)
    assert pushed.judged(by_key).status == Status.VERIFIED


def test_only_the_first_children_are_looked_for_in_a_larger_index() -> None:
    pushed = many(children.CHILDREN_LIMIT + 1)
    pushed.sign(pushed.index)
    judged = pushed.judged(policy(INDEX), looked=True)
    assert judged.status == Status.VERIFIED
    asked = [digest for digest in pushed.leaves.values() if f"manifest {digest}" in pushed.registry.asked]
    assert len(asked) == children.CHILDREN_LIMIT


def test_table_has_an_end() -> None:
    judged = many(200).judged(policy(INDEX))
    assert len(judged.children_table) == 128
    assert len(judged.children) == 200


def test_candidates_about_one_child_have_an_end() -> None:
    pushed = Pushed(AMD64)
    layers = [
        (b"%d" % number, described(b"%d" % number, manifests.SIMPLE_SIGNING))
        for number in range(children.CANDIDATES_LIMIT + 1)
    ]
    pushed.registry.attach_layers(manifests.signature_tag(pushed.leaves[AMD64]), layers)
    finder = finding.finder(pushed.registry)
    found = asyncio.run(finder.find(IMAGE, pushed.index, [policy(LEAVES)]))
    leaf = found.children[pushed.leaves[AMD64]].found
    assert leaf is not None
    (source,) = leaf.proofs.sources.values()
    assert len(source.candidates) == children.CANDIDATES_LIMIT
    assert [refused.reason for refused in source.refused] == [Reason.TOO_MANY_CANDIDATES]


def test_requests_for_all_children_together_have_an_end() -> None:
    pushed = Pushed(AMD64, ARM64, "linux/s390x")
    pushed.sign_leaves()
    judged = pushed.judged(policy(LEAVES), ration=children.Ration(requests=9))
    assert (judged.status, codes(judged)) == (Status.FAILED, [Reason.CHILD_UNVERIFIED])
    assert "requests together" in judged.causes[0].text


def test_manifests_of_the_children_themselves_are_read_whatever_their_evidence_takes() -> None:
    judged = Pushed().judged(policy(LEAVES), ration=children.Ration(requests=0))
    assert dict(states(judged)) == {AMD64: "unsigned", ARM64: "unsigned", "unknown/unknown": "attestation"}


def test_bytes_of_all_children_together_have_an_end() -> None:
    pushed = Pushed()
    pushed.sign_leaves()
    judged = pushed.judged(policy(LEAVES), ration=children.Ration(size=9000))
    assert judged.status == Status.FAILED
    assert "EVIDENCE_TOO_LARGE" in judged.causes[0].text


def test_children_are_looked_at_a_few_at_a_time() -> None:
    pushed, busy = many(children.CHILDREN_LIMIT), [0, 0]

    class Slow(FakeRegistry):
        async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
            busy[0] += 1
            busy[1] = max(busy)
            await asyncio.sleep(0)
            busy[0] -= 1
            return await super().manifest(image, reference)

    slow = Slow()
    slow.__dict__.update(pushed.registry.__dict__)
    pushed.judged(policy(INDEX), through=slow, looked=True)
    assert busy[1] == children.AT_ONCE


class GitHub:
    """GitHub's attestations: about each digest, these."""

    def __init__(self, kept: dict[Digest, bytes], *, down: bool = False) -> None:
        self.kept, self.down = kept, down

    def bundles(self, image: ImageName, digest: Digest) -> tuple[bytes | EvidenceRejected, ...]:
        """As ports.Attestations."""
        if self.down and digest not in self.kept:
            raise Unavailable(Reason.GITHUB_THROTTLED, "429")
        return (self.kept[digest],) if digest in self.kept else ()


def with_github(pushed: Pushed, github: GitHub, **how: Any) -> Verdict:
    finder = finding.finder(pushed.registry, **how)
    finder = replace(finder, gatherer=replace(finder.gatherer, attestations=github))
    found = asyncio.run(finder.find(IMAGE, pushed.index, [policy(LEAVES)]))
    return verdict.judge(verdict.Question(IMAGE, pushed.index, [policy(LEAVES)], "", NOW), found, waiting=False)


def test_evidence_of_leaves_beside_the_registry_counts_within_the_ration() -> None:
    pushed = Pushed()
    kept = {
        leaf: signer.bundle_signature(material.sigstore(), material.leaf(), leaf) for leaf in pushed.leaves.values()
    }
    assert with_github(pushed, GitHub(kept)).status == Status.VERIFIED
    assert "EVIDENCE_TOO_LARGE" in str(with_github(pushed, GitHub(kept), ration=children.Ration(size=100)).causes)


def test_place_beside_the_registry_that_cannot_be_asked_about_a_leaf_is_no_failure() -> None:
    pushed = Pushed()
    of_index = signer.bundle_signature(material.sigstore(), material.leaf(), pushed.index)
    judged = with_github(pushed, GitHub({pushed.index: of_index}, down=True))
    with pytest.raises(Unavailable):
        verdict.refuse_outage(judged)


# ------------------------------------------------------------------------------------------------- what people see


def test_table_and_modes_stand_in_the_document_and_the_report() -> None:
    pushed = Pushed()
    pushed.sign(pushed.leaves[AMD64])
    document = verdict_document.write(pushed.judged(policy(LEAVES, slack_channel="#releases"), policy(INDEX, "i")))
    rows = document["children_table"]
    assert rows[0] == {"digest": pushed.leaves[AMD64], "platform": AMD64, "state": "verified", "text": ""}
    assert rows[2]["text"] == "NO_SIGNATURE: no signature of the image was found"
    assert document["children"] == [row["digest"] for row in rows]
    first, second = document["policies"]
    assert (first["children"], first["slack_channel"], second["slack_channel"]) == (LEAVES, "#releases", None)
    assert (first["leaves"]["cause"]["code"], second["leaves"]) == ("CHILD_UNVERIFIED", None)
    lines = report.text(document).splitlines()
    assert f"  linux/arm64 {pushed.leaves[ARM64]}: unsigned: {rows[2]['text']}" in lines
    assert any(line.startswith("  leaves: linux/arm64") for line in lines)


def test_report_of_many_children_is_short() -> None:
    lines = report.text(verdict_document.write(many(40).judged(policy(INDEX)))).splitlines()
    assert lines[lines.index("children") + 33] == "  and 8 more"


def test_manifest_that_cannot_be_read_keeps_who_is_told() -> None:
    question = verdict.Question(IMAGE, digest_of(b""), [policy(LEAVES, slack_channel="#r")], "", NOW)
    (result,) = verdict.unreadable(question, Reason.MANIFEST_INVALID, "x").policies
    assert (result.children, result.slack_channel) == (LEAVES, "#r")


def test_no_config_is_no_image() -> None:
    """An attestation under a platform of its own is still none that can be run."""
    pushed = Pushed()
    layers = [described(b"{}", "application/vnd.in-toto+json")]
    beside = pushed.registry.put_manifest({"config": EMPTY, "layers": layers})
    listed = [entry(pushed.registry, pushed.leaves[AMD64], AMD64), entry(pushed.registry, beside, ARM64)]
    index = pushed.registry.put_manifest({"manifests": listed})
    pushed.sign(pushed.leaves[AMD64])
    judged = pushed.judged(policy(LEAVES), digest=index)
    assert (judged.status, dict(states(judged))[ARM64]) == (Status.VERIFIED, "attestation")
