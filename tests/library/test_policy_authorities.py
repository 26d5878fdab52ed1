"""What an authority may say beyond identities, and what stands beside a policy: keys, roots, ConfigMaps, files."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry_verifier.errors import PolicyError
from registry_verifier.policy.load import load, load_files
from registry_verifier.policy.model import Authority, Log, Policy, Source

IDENTITIES = [{"issuer": "https://issuer.example", "subject": "s"}]
KEYLESS = {"keyless": {"identities": IDENTITIES}}
CUE = "predicate: a: 1"


def pem(key: Any = None) -> str:
    public = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def document(*authorities: dict[str, Any], name: str = "p", **spec: Any) -> str:
    said = {"images": [{"glob": "**"}], "authorities": list(authorities), **spec}
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": name}}
    return str(yaml.safe_dump(json.loads(json.dumps({**head, "spec": said}))))  # no aliases


def config_map(name: str = "conditions", text: str = CUE, **more: Any) -> str:
    about = {"name": name, **more}
    data = {"key": text}
    return str(yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": data}))


def policy(text: str) -> Policy:
    (one,) = load(text.encode(), file="p.yaml")
    return one


def authority(**said: Any) -> Authority:
    return policy(document(said)).authorities[0]


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        load_files({"p.yaml": text.encode()}, **options)
    return str(caught.value)


def test_several_keys_in_one_text_are_several_keys() -> None:
    text = pem() + pem(rsa.generate_private_key(65537, 2048))
    key = authority(key={"data": text, "hashAlgorithm": " SHA512 "}).key
    assert key is not None
    assert (len(key.keys), key.hash_algorithm) == (2, "sha512")


def test_key_in_aws_kms_is_kept_for_later() -> None:
    reference = "awskms:///arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    read = authority(key={"kms": reference})
    assert read.key is not None
    assert (read.key.kms, read.cannot) == (reference, "")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"kms": "hashivault://key/path"}, "hashivault"),
        ({"kms": "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k"}, "gcpkms"),
        ({"kms": "azurekms://vault/key"}, "azurekms"),
        ({"secretRef": {"name": "cosign-key"}}, "secretRef 'cosign-key'"),
    ],
)
def test_key_that_is_not_to_be_had_here_loads_and_says_so(key: dict[str, Any], said: str) -> None:
    assert said in authority(key=key).cannot


def test_ca_cert_loads_and_is_never_judged() -> None:
    read = authority(keyless={"identities": IDENTITIES, "ca-cert": {"secretRef": {"name": "ca"}}})
    assert read.ca_cert
    assert "ca-cert verifies nothing" in read.cannot


@pytest.mark.parametrize(
    "said",
    [
        {"keyless": {"identities": IDENTITIES, "trustRootRef": "mine"}},
        {**KEYLESS, "ctlog": {"trustRootRef": "mine"}},
        {**KEYLESS, "rfc3161timestamp": {"trustRootRef": "mine"}},
    ],
)
def test_trust_root_that_is_not_beside_the_policy_is_named(said: dict[str, Any]) -> None:
    assert "TrustRoot 'mine' is not in these files" in authority(**said).cannot


def test_everything_an_authority_may_say() -> None:
    read = authority(
        name="all",
        keyless={"identities": IDENTITIES, "insecureIgnoreSCT": True},
        ctlog={"url": "https://rekor.example"},
        rfc3161timestamp={},
        source=[{"oci": "ghcr.io/acme/signatures", "tagPrefix": "x-", "signaturePullSecrets": [{"name": "s"}]}],
        signatureFormat="bundle",
    )
    assert (read.ignore_sct, read.log, read.timestamp_root) == (True, Log("https://rekor.example"), "")
    assert (read.source, read.signature_format) == (Source("ghcr.io/acme/signatures", "x-"), "bundle")


def test_static_pass_with_a_message() -> None:
    static = authority(static={"action": "pass", "message": ""}).static
    assert static is not None
    assert (static.action, static.message) == ("pass", "")


def test_short_predicate_type_is_kept_as_it_is_written() -> None:
    (rule,) = authority(**KEYLESS, attestations=[{"name": "a", "predicateType": "slsaprovenance"}]).attestations
    assert (rule.predicate_type, rule.written_type) == ("https://slsa.dev/provenance/v0.2", "slsaprovenance")


def test_empty_lists_demand_nothing() -> None:
    read = authority(**KEYLESS, attestations=[], source=[])
    assert (read.attestations, read.source) == ((), Source())


def test_condition_of_a_policy() -> None:
    said = {"type": "cue", "data": "authorityMatches: x: static: true", "fetchConfigFile": True, "includeSpec": False}
    condition = policy(document(KEYLESS, policy=said)).condition
    assert condition is not None
    assert (condition.fetch_config_file, condition.include_spec) == (True, False)


@pytest.mark.parametrize("namespace", [{}, {"namespace": "cosign-system"}])
def test_condition_in_a_config_map_beside_the_policy(namespace: dict[str, str]) -> None:
    said = {"type": "cue", "configMapRef": {"name": "conditions", "key": "key", **namespace}}
    condition = policy(document(KEYLESS, policy=said) + "---\n" + config_map(**namespace)).condition
    assert condition is not None
    assert condition.condition.text == CUE


@pytest.mark.parametrize("reference", [{"name": "other", "key": "key"}, {"name": "conditions", "key": "other"}])
def test_config_map_that_is_not_beside_the_policy_is_refused(reference: dict[str, str]) -> None:
    text = document(KEYLESS, policy={"type": "cue", "configMapRef": reference}) + "---\n" + config_map()
    assert f"no ConfigMap cosign-system/{reference['name']} with '{reference['key']}'" in refusal(text)


def test_config_map_of_another_namespace_is_another() -> None:
    text = document(KEYLESS, policy={"type": "cue", "configMapRef": {"name": "conditions", "key": "key"}})
    assert "no ConfigMap" in refusal(text + "---\n" + config_map(namespace="default"))


REFERENCE = {"type": "cue", "configMapRef": {"name": "conditions", "key": "key"}}
OF_POLICY = document(KEYLESS, policy={"type": "cue", "configMapRef": {"name": "conditions", "key": "key"}})
OF_ATTESTATION = document({**KEYLESS, "attestations": [{"name": "a", "predicateType": "vuln", "policy": REFERENCE}]})


@pytest.mark.parametrize("referring", [OF_POLICY, OF_ATTESTATION], ids=["policy", "attestation"])
def test_policy_is_another_where_its_config_map_says_something_else(referring: str) -> None:
    loose, strict = (policy(f"{referring}---\n{config_map(text=text)}").sha256 for text in (CUE, "predicate: a: 2"))
    assert loose != strict
    assert loose == policy(f"{config_map(labels={'a': 'b'})}---\n{referring}").sha256


def test_policy_that_refers_to_nothing_is_the_same_beside_any_config_map() -> None:
    labelled = document(KEYLESS, policy={"type": "cue", "data": CUE}).replace(
        "  name: p\n", "  name: p\n  labels: {remote: x, configMapRef: x}\n"
    )
    plain = json.dumps(yaml.safe_load(labelled), sort_keys=True, separators=(",", ":")).encode()
    assert "remote" in labelled
    assert policy(labelled).sha256 == hashlib.sha256(plain).hexdigest()
    assert policy(f"{labelled}---\n{config_map()}").sha256 == hashlib.sha256(plain).hexdigest()


def test_two_config_maps_of_one_name_are_refused_with_both_places() -> None:
    files = {"a.yaml": OF_POLICY, "b.yaml": config_map(text="a: 1"), "c.yaml": "---\n" + config_map(text="a: int")}
    with pytest.raises(PolicyError) as caught:
        load_files({name: text.encode() for name, text in files.items()})
    said = "c.yaml:2:1: metadata.name: name 'cosign-system/conditions' stands in b.yaml:1 already"
    assert str(caught.value) == said


def test_config_maps_of_two_namespaces_may_have_one_name() -> None:
    assert policy(f"{OF_POLICY}---\n{config_map()}---\n{config_map(namespace='default', text='a: 1')}")


def test_condition_in_a_file_that_its_hash_names() -> None:
    digest = hashlib.sha256(CUE.encode()).hexdigest()
    text = document(KEYLESS, policy={"type": "cue", "remote": {"url": "https://x.example/p", "sha256sum": digest}})
    (read,) = load_files({"p.yaml": text.encode()}, referred=[b"other", CUE.encode()]).policies
    assert read.condition is not None
    assert read.condition.condition.text == CUE
    assert "put what https://x.example/p answers into remote/" in refusal(text, referred=[b"other"])


@pytest.mark.parametrize(
    ("remote", "said"),
    [
        ({"url": "http://x.example", "sha256sum": "a" * 64}, "expected an https address"),
        ({"url": "https://x.example", "sha256sum": "a"}, "expected 64 hex digits"),
        ({"url": "https://x.example"}, "policy.remote.sha256sum: is missing"),
    ],
)
def test_remote_condition_that_nobody_can_hold_to_is_refused(remote: dict[str, str], said: str) -> None:
    assert said in refusal(document(KEYLESS, policy={"type": "cue", "remote": remote}))


def test_file_by_hash_that_is_not_text_is_refused() -> None:
    content = b"\xff\xfe"
    remote = {"url": "https://x.example", "sha256sum": hashlib.sha256(content).hexdigest()}
    text = document(KEYLESS, policy={"type": "cue", "remote": remote})
    assert "is not utf-8" in refusal(text, referred=[content])


def test_config_map_alone_is_no_policy_and_no_error() -> None:
    assert load_files({"c.yaml": config_map().encode()}).policies == ()


def test_place_of_a_path_in_a_document() -> None:
    text = "# first line\n" + document(KEYLESS, KEYLESS)
    loaded = load_files({"p.yaml": text.encode()})
    lines = text.split("\n")
    place = loaded.place(loaded.policies[0], "spec.authorities[1].keyless.identities[0].subject")
    assert lines[place.line - 1].strip() == "subject: s"
    assert [n for n, line in enumerate(lines, 1) if line.strip() == "subject: s"][1] == place.line
    beyond = loaded.place(loaded.policies[0], "spec.authorities[7].keyless")
    assert lines[beyond.line - 2].strip() == "authorities:"


@pytest.mark.parametrize(
    "text", ["x: &a [1, 2]\n" + "".join(f"y{n}: &b{n} [*a, *a]\n" for n in range(9)), "a: " * 5000]
)
def test_hostile_yaml_is_refused(text: str) -> None:
    assert refusal(text)


def test_aliases_that_explode_are_counted_as_what_they_stand_for() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 12)]
    assert "aliases counted as what they stand for" in refusal("\n".join(lines))


def test_file_of_five_megabytes_is_refused() -> None:
    assert "file has 5242880 bytes" in refusal("#" * (5 << 20))
