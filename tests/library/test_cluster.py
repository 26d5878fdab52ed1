"""What policy-controller would say, where it differs from what we say; on material of the private Sigstore."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from local.signing import signer
from registry_verifier import manifest, verdict
from registry_verifier.errors import Unavailable
from registry_verifier.evidence.image_config import Unread
from registry_verifier.judgement.authority_matches import Surroundings
from registry_verifier.judgement.cluster import Cluster
from registry_verifier.judgement.kubernetes import Resource
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.model import (
    AttestationRule,
    Authority,
    IdentityRule,
    Key,
    Log,
    Policy,
    PolicyCondition,
    Static,
)
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Answer, ClusterAnswer
from tests import finding, material
from tests.fakes import FakeRegistry
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, SLSA, SUBJECT

WHO = (IdentityRule(issuer=ISSUER, subject=SUBJECT),)
SBOM = AttestationRule("sbom", CYCLONEDX)
ADMIT, DENY, WARN = Answer.ADMIT, Answer.DENY, Answer.WARN
CANNOT_TELL, DOES_NOT_APPLY = Answer.CANNOT_TELL, Answer.DOES_NOT_APPLY


def registry(*, signed: str = "", attested: str = "", subject: str = SUBJECT, about: str = DIGEST) -> FakeRegistry:
    """An image with a signature and an SBOM attestation, each as `layers` or `bundle`."""
    fake, leaf = FakeRegistry(), material.leaf(subject)
    fake.put(MANIFEST, "v1")
    sigstore = material.sigstore()
    if signed == "layers":
        layer = signer.simple_signing_layer(sigstore, leaf, str(IMAGE), about)
        fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    if signed == "bundle":
        fake.attach(DIGEST, signer.bundle_signature(sigstore, leaf, about))
    if attested == "layers":
        layer = signer.dsse_layer(sigstore, leaf, about, CYCLONEDX, {"a": 1})
        fake.attach_layers(manifest.attestation_tag(DIGEST), [layer])
    if attested == "bundle":
        fake.attach(DIGEST, signer.bundle_attestation(sigstore, leaf, about, CYCLONEDX, {"a": 1}))
    return fake


def authority(*rules: AttestationRule, **said: Any) -> Authority:
    return Authority("a", said.pop("identities", WHO), rules, **said)


def policy(*authorities: Authority, **said: Any) -> Policy:
    return Policy(said.pop("name", "p"), said.pop("globs", ("ghcr.io/acme/**",)), authorities or (authority(),), **said)


def whole(fake: FakeRegistry, *policies: Policy, around: Surroundings | None = None) -> ClusterAnswer:
    found = finding.found(fake, *policies)
    cluster = Cluster(IMAGE, DIGEST, found.proofs.beside, found.kms_keys, around or found.around)
    return cluster.whole(policies)


def answer(fake: FakeRegistry, *policies: Policy, **options: Any) -> Answer:
    return whole(fake, *policies, **options).answer


@pytest.mark.parametrize(
    ("kept", "written", "said"),
    [
        ("layers", "", ADMIT),
        ("layers", "legacy", ADMIT),
        ("layers", "anything", ADMIT),
        ("layers", "bundle", DENY),
        ("bundle", "", DENY),
        ("bundle", "bundle", DENY),  # signatures in bundles are verified by nobody there
        ("", "", DENY),
    ],
)
def test_signature_is_looked_for_in_one_place(kept: str, written: str, said: Answer) -> None:
    assert answer(registry(signed=kept), policy(authority(signature_format=written))) == said


@pytest.mark.parametrize(
    ("kept", "written", "said"),
    [("layers", "", ADMIT), ("layers", "bundle", DENY), ("bundle", "", DENY), ("bundle", "bundle", ADMIT)],
)
def test_attestations_take_the_place_of_the_signature(kept: str, written: str, said: Answer) -> None:
    assert answer(registry(attested=kept), policy(authority(SBOM, signature_format=written))) == said


def test_signature_alone_does_not_do_where_attestations_are_listed() -> None:
    assert answer(registry(signed="layers"), policy(authority(SBOM))) == DENY


def test_attestation_is_no_signature() -> None:
    assert answer(registry(attested="layers"), policy()) == DENY


def test_every_listed_attestation_is_demanded() -> None:
    rules = (SBOM, AttestationRule("provenance", SLSA))
    assert answer(registry(attested="layers"), policy(authority(*rules))) == DENY


def test_other_signer_is_denied_by_name() -> None:
    said = whole(registry(signed="layers", subject=SUBJECT + "x"), policy())
    assert said.answer == DENY
    assert SUBJECT + "x" in said.text


def test_evidence_about_another_digest_is_denied() -> None:
    assert answer(registry(signed="layers", about=material.OTHER), policy()) == DENY


def test_field_that_a_condition_names_and_the_statement_lacks_passes_there() -> None:
    def rule(text: str) -> AttestationRule:
        return replace(SBOM, condition=CueCondition.read(text))

    fake = registry(attested="layers")
    assert answer(fake, policy(authority(rule("predicate: a: 1")))) == ADMIT
    assert answer(fake, policy(authority(rule("predicate: missing: 1")))) == ADMIT
    assert answer(fake, policy(authority(rule("predicate: a: 2")))) == DENY


@pytest.mark.parametrize(("mode", "said"), [("enforce", DENY), ("warn", WARN)])
def test_mode(mode: str, said: Answer) -> None:
    assert answer(registry(), policy(mode=mode)) == said


@pytest.mark.parametrize(("action", "said"), [("pass", ADMIT), ("fail", DENY)])
def test_static(action: str, said: Answer) -> None:
    assert answer(registry(), policy(Authority("s", (), static=Static(action)))) == said


def test_authorities_are_alternatives_and_policies_add_up() -> None:
    fake, wrong = registry(signed="layers"), authority(identities=(IdentityRule(issuer=ISSUER, subject="x"),))
    assert answer(fake, policy(wrong, authority())) == ADMIT
    assert answer(fake, policy(), policy(wrong, name="q")) == DENY
    assert answer(fake, policy(), policy(wrong, name="q", mode="warn")) == WARN


def test_no_policy_is_denied() -> None:
    assert answer(registry(signed="layers")) == DENY


def test_glob_that_matches_a_tag_only_matches_nothing_there() -> None:
    tagged = policy(globs=("ghcr.io/acme/app:*",))
    fake = registry(signed="layers")
    assert answer(fake, tagged) == DENY
    found = finding.found(fake, tagged)
    cluster = Cluster(IMAGE, DIGEST, found.proofs.beside, found.kms_keys)
    assert cluster.answer(tagged).answer == DOES_NOT_APPLY


def test_policy_for_kubernetes_objects_applies_to_them_only() -> None:
    pods = policy(match=({"resource": "pods", "version": "v1"},))
    fake = registry(signed="layers")
    assert answer(fake, pods) == DENY
    assert answer(fake, pods, around=Surroundings(resource=Resource("v1", "Pod"))) == ADMIT
    assert answer(fake, pods, around=Surroundings(resource=Resource("apps/v1", "Deployment"))) == DENY


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"ca_cert": True, "cannot": "x"}, DENY),
        ({"cannot": "key is in the secretRef 'x'"}, CANNOT_TELL),
        ({"key": Key(kms="awskms:///x")}, CANNOT_TELL),
    ],
)
def test_authority_that_is_not_judged_here(said: dict[str, Any], expected: Answer) -> None:
    alone = authority(**said)
    assert answer(registry(signed="layers"), policy(alone)) == expected
    assert answer(registry(signed="layers"), policy(alone, replace(authority(), name="b"))) == ADMIT


@pytest.mark.parametrize(("wanted", "said"), [("static: true", ADMIT), ("static: false", DENY)])
def test_condition_of_the_policy(wanted: str, said: Answer) -> None:
    condition = PolicyCondition(CueCondition.read(f"authorityMatches: s: {wanted}"))
    assert answer(registry(), policy(Authority("s", (), static=Static("pass")), condition=condition)) == said
    warned = policy(Authority("s", (), static=Static("pass")), condition=condition, mode="warn")
    assert answer(registry(), warned) == (ADMIT if said == ADMIT else WARN)


def test_several_keys_are_one_key_there() -> None:
    first, second = material.key(), material.key(ec.generate_private_key(ec.SECP256R1()))
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    layer = signer.simple_signing_layer(material.sigstore(), second, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    keyed = Authority("k", (), key=Key((first.pem, second.pem)))
    assert answer(fake, policy(keyed)) == DENY
    assert answer(fake, policy(Authority("k", (), key=Key((second.pem,))))) == ADMIT


def test_what_holds_for_the_cluster_alone_is_not_shown_as_holding() -> None:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    key = material.key()
    layer = signer.simple_signing_layer(material.sigstore(), key, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    rules = policy(Authority("k", (), key=Key((key.pem,)), timestamp_root="tsa"))
    found = finding.found(fake, rules, roots={"tsa": material.root()})
    judged = verdict.judge(verdict.Question(IMAGE, DIGEST, [rules], "", material.NOW), found, waiting=False)
    assert judged.cluster is not None
    assert (judged.status, judged.cluster.answer) == (Status.FAILED, ADMIT)  # a missing timestamp is no fault there
    assert [(s.holds, s.reason) for s in judged.statements] == [(False, Reason.TIMESTAMP_MISSING)]


def test_bundles_of_rekor_2_are_not_read_there() -> None:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    bundle = signer.bundle_attestation(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {}, rekor=2, tsa=True)
    fake.attach(DIGEST, bundle)
    said = whole(fake, policy(authority(SBOM, signature_format="bundle")))
    assert (said.answer, "Rekor v2" in said.text) == (DENY, True)


def test_log_without_url_is_lost_from_v1beta1() -> None:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    key = material.key()
    content, descriptor = signer.simple_signing_layer(material.sigstore(), key, str(IMAGE), DIGEST)
    descriptor["annotations"].pop("dev.sigstore.cosign/bundle")
    fake.attach_layers(manifest.signature_tag(DIGEST), [(content, descriptor)])
    rules = policy(Authority("k", (), key=Key((key.pem,)), log=Log(trust_root="")))
    logged = policy(Authority("k", (), key=Key((key.pem,)), log=Log("https://rekor.example")))
    assert answer(fake, rules) == ADMIT
    assert answer(fake, logged) == DENY


def test_authority_that_the_roots_rule_out_there() -> None:
    said = whole(
        registry(signed="layers"), policy(authority(denied_there="TrustRoot x has a log whose key is not ECDSA"))
    )
    assert (said.answer, "not ECDSA" in said.text) == (DENY, True)


def test_numbers_are_seen_as_go_writes_them() -> None:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    layer = signer.dsse_layer(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {"a": 12.0})
    fake.attach_layers(manifest.attestation_tag(DIGEST), [layer])
    rule = replace(SBOM, condition=CueCondition.read("predicate: a: int"))
    assert answer(fake, policy(authority(rule))) == ADMIT


def seen(wanted: str) -> PolicyCondition:
    """A condition that pins what is said of the attestation `sbom` of authority `a`."""
    return PolicyCondition(CueCondition.read(f"authorityMatches: a: attestations: sbom: [{{{wanted}}}]"))


def test_condition_of_the_policy_sees_a_layers_digest_and_signer() -> None:
    fake = registry(attested="layers")
    layer = fake.contents[fake.tags[manifest.attestation_tag(DIGEST)]]
    digest = json.loads(layer)["layers"][0]["digest"]
    asked = f'digest: "{digest}", subject: "{SUBJECT}", predicateType: "{CYCLONEDX}"'
    assert answer(fake, policy(authority(SBOM), condition=seen(asked))) == ADMIT
    assert answer(fake, policy(authority(SBOM), condition=seen(f'digest: "{DIGEST}"'))) == DENY


def test_condition_of_the_policy_sees_of_a_bundle_its_digest_and_not_its_signature() -> None:
    fake, bundled = registry(attested="bundle"), authority(SBOM, signature_format="bundle")
    of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    asked = f'id: "{of_nothing}", digest: =~"^sha256:[0-9a-f]{{64}}$"'
    assert answer(fake, policy(bundled, condition=seen(asked))) == ADMIT
    assert answer(fake, policy(bundled, condition=seen(f'id: !="{of_nothing}"'))) == DENY


def test_configuration_that_could_not_be_asked_for_is_no_denial() -> None:
    why = Unavailable(Reason.MANIFEST_NOT_FOUND, "child sha256:1 is not in the registry")
    asked = PolicyCondition(CueCondition.read("config: [string]: architecture: string"), fetch_config_file=True)
    rules = policy(Authority("s", (), static=Static("pass")), condition=asked)
    said = whole(registry(), rules, around=Surroundings(Unread(why)))
    assert (said.answer, str(why) in said.text) == (CANNOT_TELL, True)


def test_condition_of_the_policy_sees_the_type_as_it_is_written() -> None:
    rules, fake = authority(replace(SBOM, written_type="cyclonedx")), registry(attested="layers")
    assert answer(fake, policy(rules, condition=seen('predicateType: "cyclonedx"'))) == ADMIT
    assert answer(fake, policy(rules, condition=seen(f'predicateType: "{CYCLONEDX}"'))) == DENY
