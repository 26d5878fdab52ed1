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
from registry_verifier.models import Digest, Verdict, digest_of
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.model import Authority, IdentityRule, Key, Policy, PolicyCondition, Source, Static
from registry_verifier.reasons import Reason, Status
from tests import finding, material
from tests.fakes import FakeRegistry, described
from tests.finding import FakeKeys
from tests.material import DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

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


def test_child_that_is_listed_and_not_there_fails() -> None:
    fake, _ = configured()
    listed = [described(b"gone", manifest.OCI_MANIFEST)]
    assert "is listed and not in the registry" in asking(fake, fake.put_manifest({"manifests": listed})).causes[0].text


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
