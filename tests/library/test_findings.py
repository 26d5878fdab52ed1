"""What one look comes back with beside evidence at the image: other sources, keys in KMS, configuration files."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from local.signing import signer
from registry_verifier import manifest, verdict
from registry_verifier.candidate import Trust
from registry_verifier.errors import Unavailable
from registry_verifier.evidence import image_config
from registry_verifier.models import Digest, ImageName, Verdict, digest_of
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.model import (
    AttestationRule,
    Authority,
    IdentityRule,
    Key,
    Policy,
    PolicyCondition,
    Source,
    Static,
)
from registry_verifier.reasons import Reason, Status
from tests import finding, material
from tests.fakes import FakeRegistry, described
from tests.finding import FakeKeys
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

KMS = "awskms:///arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONFIG = "application/vnd.oci.image.config.v1+json"
ASKS = PolicyCondition(CueCondition.read('config: "linux/amd64": config: User: "nonroot"'), fetch_config_file=True)


def policy(**said: Any) -> Policy:
    who = () if "key" in said else (IdentityRule(issuer=ISSUER, subject=SUBJECT),)
    return Policy("p", ("**",), (Authority("a", who, **said),))


def judged(fake: FakeRegistry, *policies: Policy, digest: Digest = DIGEST, **options: Any) -> Verdict:
    found = finding.found(fake, *policies, **options)
    return verdict.judge(verdict.Question(IMAGE, digest, policies, "", NOW), found, waiting=False)


def registry() -> FakeRegistry:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    return fake


def signed(fake: FakeRegistry, prefix: str = "") -> None:
    layer = signer.simple_signing_layer(material.sigstore(), material.leaf(), str(IMAGE), DIGEST)
    fake.attach_layers(prefix + manifest.signature_tag(DIGEST), [layer])


def test_signature_behind_a_tag_prefix() -> None:
    fake = registry()
    signed(fake, "mine-")
    assert judged(fake, policy()).status == Status.FAILED
    assert judged(fake, policy(source=Source(tag_prefix="mine-"))).status == Status.VERIFIED


def test_place_in_another_repository_names_it() -> None:
    fake = registry()
    signed(fake)
    source = Source("ghcr.io/acme/signatures")
    found = finding.found(fake, policy(source=source))
    places = [s.place for s in found.proofs.statements(source, Trust())]
    assert places == [f"ghcr.io/acme/signatures {manifest.signature_tag(DIGEST)}#0"]


def keyed(fake: FakeRegistry) -> str:
    key = material.key()
    layer = signer.simple_signing_layer(material.sigstore(), key, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    return key.pem


def test_key_in_kms_is_asked_for_once() -> None:
    fake = registry()
    keys = FakeKeys({KMS: keyed(fake)})
    both = Policy("p", ("**",), (Authority("a", (), key=Key(kms=KMS)), Authority("b", (), key=Key(kms=KMS))))
    assert judged(fake, both, keys=keys).status == Status.VERIFIED
    assert keys.asked == [KMS]


def test_key_that_cannot_be_asked_for_is_unknown_and_never_a_failure() -> None:
    fake = registry()
    keyed(fake)
    result = judged(fake, policy(key=Key(kms=KMS)))
    assert (result.status, [cause.code for cause in result.causes]) == (Status.UNKNOWN, [Reason.KEY_UNAVAILABLE])


def configured(user: str = "nonroot", **more: Any) -> tuple[FakeRegistry, Digest]:
    fake = FakeRegistry()
    return fake, image(fake, {"os": "linux", "architecture": "amd64", "config": {"User": user}, **more})


def image(fake: FakeRegistry, config: dict[str, Any]) -> Digest:
    raw = json.dumps(config).encode()
    fake.put(raw)
    return fake.put_manifest({"config": described(raw, CONFIG), "layers": []})


def asking(fake: FakeRegistry, digest: Digest) -> Verdict:
    rules = replace(policy(), authorities=(Authority("s", (), static=Static("pass")),), condition=ASKS)
    found = asyncio.run(finding.finder(fake).find(IMAGE, digest, [rules]))
    return verdict.judge(verdict.Question(IMAGE, digest, [rules], "", NOW), found, waiting=False)


@pytest.mark.parametrize(("user", "status"), [("nonroot", Status.VERIFIED), ("root", Status.FAILED)])
def test_configuration_of_an_image(user: str, status: Status) -> None:
    assert asking(*configured(user)).status == status


def test_configurations_of_an_index_by_platform() -> None:
    fake, amd64 = configured()
    arm = image(fake, {"os": "linux", "architecture": "arm", "variant": "v7", "os.version": "1"})
    listed = [described(fake.contents[child], manifest.OCI_MANIFEST) for child in (amd64, arm)]
    index = fake.put_manifest({"manifests": listed})
    rules = replace(policy(), condition=ASKS)
    found = asyncio.run(finding.finder(fake).find(IMAGE, index, [rules]))
    assert found.around.configs is not None
    assert set(found.around.configs) == {"linux/amd64", "linux/arm/v7:1"}
    assert asking(fake, index).status == Status.VERIFIED


def test_configuration_that_is_no_json_fails() -> None:
    fake = FakeRegistry()
    fake.put(b"nonsense")
    digest = fake.put_manifest({"config": described(b"nonsense", CONFIG), "layers": []})
    result = asking(fake, digest)
    assert result.status == Status.FAILED
    assert "cannot be read" in result.causes[0].text


def listing(fake: FakeRegistry, *children: Digest) -> Digest:
    return fake.put_manifest({"manifests": [described(fake.contents[one], manifest.OCI_MANIFEST) for one in children]})


def signing(fake: FakeRegistry, digest: Digest) -> Verdict:
    """As `asking`, by a policy that wants a signature first."""
    rules = replace(policy(), condition=ASKS)
    found = asyncio.run(finding.finder(fake).find(IMAGE, digest, [rules]))
    return verdict.judge(verdict.Question(IMAGE, digest, [rules], "", NOW), found, waiting=False)


def incomplete(what: str) -> tuple[FakeRegistry, Digest]:
    fake, child = configured()
    index = listing(fake, child)
    config = digest_of(json.dumps({"os": "linux", "architecture": "amd64", "config": {"User": "nonroot"}}).encode())
    if what == "garbled":
        fake.contents[config] = b"{}"
    else:
        del fake.contents[child if what == "child" else config]
    return fake, index


@pytest.mark.parametrize(
    ("what", "reason", "said"),
    [
        ("child", Reason.MANIFEST_NOT_FOUND, "child sha256:.* is listed and not in the registry"),
        ("config", Reason.MANIFEST_NOT_FOUND, "configuration sha256:.* is listed and not in the registry"),
        ("garbled", Reason.CONTENT_MISMATCH, "blob has 2 bytes"),
    ],
)
def test_configuration_that_the_registry_does_not_hand_out_was_not_looked_at(
    what: str, reason: Reason, said: str
) -> None:
    with pytest.raises(Unavailable, match=said) as caught:
        asking(*incomplete(what))
    assert caught.value.reason == reason


@pytest.mark.parametrize("what", ["child", "config", "garbled"])
def test_unsigned_image_fails_whether_its_configuration_can_be_had_or_not(what: str) -> None:
    result = signing(*incomplete(what))
    assert (result.status, [cause.code for cause in result.causes]) == (Status.FAILED, [Reason.NO_SIGNATURE])


def test_configurations_are_asked_for_once_however_often_they_are_listed() -> None:
    fake, child = configured()
    inner = listing(fake, *[child] * 64)
    outer = listing(fake, *[inner] * 64, child)
    assert asking(fake, outer).status == Status.VERIFIED
    assert len([asked for asked in fake.asked if child in asked]) == 1
    assert len([asked for asked in fake.asked if asked.startswith("blob")]) == 1


def platforms(fake: FakeRegistry, count: int, **more: Any) -> Digest:
    some = [image(fake, {"os": "linux", "architecture": f"a{n}", **more}) for n in range(count - 1)]
    own = image(fake, {"os": "linux", "architecture": "amd64", "config": {"User": "nonroot"}, **more})
    return listing(fake, own, *some)


@pytest.mark.parametrize(
    ("count", "more", "said"),
    [
        (32, {}, ""),
        (33, {}, "66 children and configurations"),
        (65, {}, "65 children and configurations"),
        (1, {"x": "y" * (1 << 20)}, "blob has"),
        (9, {"x": "y" * ((1 << 20) - 100)}, "bytes together"),
        (2, {"x": [[]] * 60_000}, "values together"),
    ],
    ids=["most", "one too many", "children", "large", "large together", "values"],
)
def test_configurations_are_read_up_to_a_limit_of_all_together(count: int, more: dict[str, Any], said: str) -> None:
    fake = FakeRegistry()
    result = asking(fake, platforms(fake, count, **more))
    assert result.status == (Status.FAILED if said else Status.VERIFIED)
    assert said in "".join(cause.text for cause in result.causes)
    assert len([asked for asked in fake.asked if "blob" in asked]) <= 32


@pytest.mark.parametrize(("depth", "status"), [(3, Status.VERIFIED), (4, Status.FAILED)])
def test_indexes_are_followed_three_deep(depth: int, status: Status) -> None:
    fake, digest = configured()
    for _ in range(depth):
        digest = listing(fake, digest)
    assert asking(fake, digest).status == status


class Slow(FakeRegistry):
    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        await asyncio.sleep(60)
        return await super().blob(image, digest, size=size, limit=limit)


def test_registry_that_takes_its_time_was_not_looked_at() -> None:
    fake = Slow()
    own = manifest.read(fake.contents[image(fake, {"os": "linux"})], media_type=manifest.OCI_MANIFEST)
    with pytest.raises(Unavailable, match=r"took more than 0\.05 seconds") as caught:
        asyncio.run(image_config.read_all(fake, IMAGE, own, seconds=0.05))
    assert caught.value.reason == Reason.REGISTRY_UNAVAILABLE


def test_unread_configurations_say_why_to_whoever_looks() -> None:
    unread = image_config.Unread(Unavailable(Reason.REGISTRY_THROTTLED, "429"))
    for look in (dict, len, list, lambda configs: configs["linux/amd64"]):
        with pytest.raises(Unavailable, match="429"):
            look(unread)


def test_registry_that_is_down_says_nothing_about_the_configuration() -> None:
    fake, digest = configured()
    config = digest_of(json.dumps({"os": "linux", "architecture": "amd64", "config": {"User": "nonroot"}}).encode())
    assert config in fake.contents
    fake.down = Unavailable(Reason.REGISTRY_THROTTLED, "429")
    with pytest.raises(Unavailable, match="429"):
        asking(fake, digest)


def test_configuration_is_not_read_where_nobody_asks() -> None:
    fake, digest = configured()
    asyncio.run(finding.finder(fake).find(IMAGE, digest, [policy()]))
    assert not [asked for asked in fake.asked if asked.startswith("blob")]


def test_condition_of_the_policy_sees_the_digest_of_an_attestation() -> None:
    fake = registry()
    layer = signer.dsse_layer(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {"a": 1})
    fake.attach_layers(manifest.attestation_tag(DIGEST), [layer])
    rules = policy(attestations=(AttestationRule("sbom", CYCLONEDX),))
    for digest, status in ((layer[1]["digest"], Status.VERIFIED), (DIGEST, Status.FAILED)):
        asked = CueCondition.read(f'authorityMatches: a: attestations: sbom: [{{digest: "{digest}"}}]')
        asking = replace(rules, condition=PolicyCondition(asked), require_signature=False)
        assert judged(fake, asking).status == status


def test_signature_by_a_key_and_a_certificate_is_shown_by_either() -> None:
    fake = registry()
    key = material.key()
    leaf = material.leaf(key=key.private)
    fake.attach_layers(
        manifest.signature_tag(DIGEST), [signer.simple_signing_layer(material.sigstore(), leaf, str(IMAGE), DIGEST)]
    )
    result = judged(fake, policy(key=Key((key.pem,))), policy())
    assert [(s.key is None, s.identity is None) for s in result.statements] == [(False, True), (True, False)]
    assert len({s.place for s in result.statements}) == 1
    assert len({s.signature_id for s in result.statements}) == 2


def test_candidate_of_two_sources_is_shown_once_and_says_both() -> None:
    fake = registry()
    fake.attach(DIGEST, signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST))
    signed(fake, "mine-")
    result = judged(fake, policy(), policy(source=Source(tag_prefix="mine-")))
    assert result.found_in == {
        result.statements[0].place: ("", ":mine-"),
        f"mine-{manifest.signature_tag(DIGEST)}#0": (":mine-",),
    }
    assert result.sources == ("", ":mine-")


def test_source_that_nobody_judged_by_is_none_that_the_verdict_tells_of() -> None:
    fake = registry()
    elsewhere = policy(source=Source("ghcr.io/acme/signatures"))
    assert judged(fake, elsewhere).sources == ("ghcr.io/acme/signatures",)
    assert judged(fake, Policy("p", ("**",), (Authority("s", (), static=Static("pass")),))).sources == ()


def test_roots_are_told_by_the_trust_that_something_held_under() -> None:
    fake = registry()
    fake.attach(DIGEST, signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST))
    other = material.root(material.stranger())
    rules = (policy(), policy(trust_root="other"))
    assert judged(fake, *rules, roots={"other": other}).roots == {"keyless": material.root().sha256}
