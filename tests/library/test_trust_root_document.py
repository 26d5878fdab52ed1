"""TrustRoot documents: what loads, what it stands for, and that each refusal names its field and its place."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore_models.trustroot.v1 import TrustedRoot as SigstoreTrustedRoot

from local.sigstore.certificate_authority import intermediate_authority, root_authority
from local.sigstore.keys import KeySource, key_id
from registry_verifier import trust_roots
from registry_verifier.errors import PolicyError, Problem, TrustRootError
from registry_verifier.policy.trust_root import Remote, Repository, TrustRootDocument, load
from tests import material

SOURCE = os.environ.get("POLICY_CONTROLLER_SOURCE", "")
KEYS = KeySource("trust root documents")
ROOT_JSON = json.dumps({"signed": {"_type": "root"}, "signatures": [{"keyid": "1", "sig": "2"}]}).encode()
Change = Callable[[dict[str, Any]], object]


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def pem(*parts: Any) -> str:
    """Certificates or keys as a policy has them: PEM, then base64."""
    return base64_of(b"".join(_pem(part) for part in parts))


def _pem(part: Any) -> bytes:
    if isinstance(part, x509.Certificate):
        return part.public_bytes(Encoding.PEM)
    return bytes(part.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def keys_spec() -> dict[str, Any]:
    """The private Sigstore of the tests."""
    sigstore = material.sigstore()
    subject = {"organization": "acme", "commonName": "acme's own"}
    fulcio = pem(sigstore.fulcio.intermediate.certificate, sigstore.fulcio.root.certificate)
    stamps = pem(sigstore.tsa.certificate, sigstore.tsa.root.certificate)

    def log(host: str, key: Any) -> dict[str, Any]:
        return {"baseURL": f"https://{host}", "hashAlgorithm": "sha-256", "publicKey": pem(key.public_key())}

    return {
        "sigstoreKeys": {
            "certificateAuthorities": [{"subject": subject, "uri": "https://fulcio.acme.test", "certChain": fulcio}],
            "tLogs": [
                log("rekor.acme.test", sigstore.rekor.key),
                log(sigstore.rekor_tiles.host, sigstore.rekor_tiles.key),
            ],
            "ctLogs": [log("ctfe.acme.test", sigstore.ct_log.key)],
            "timestampAuthorities": [{"subject": dict(subject), "uri": "https://tsa.acme.test", "certChain": stamps}],
        }
    }


def remote_spec(**changed: Any) -> dict[str, Any]:
    return {"remote": {"root": base64_of(ROOT_JSON), "mirror": "https://tuf.acme.test/repository", **changed}}


def repository_spec(**changed: Any) -> dict[str, Any]:
    return {"repository": {"root": base64_of(ROOT_JSON), "mirrorFS": base64_of(b"an archive"), **changed}}


def document(spec: Any, **changed: Any) -> bytes:
    """JSON is YAML too."""
    whole = {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "metadata": {"name": "acme"},
        "spec": spec,
        **changed,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def one(content: bytes) -> TrustRootDocument:
    (found,) = load(content, file="roots.yaml")
    return found


def problems(content: bytes) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as caught:
        load(content, file="roots.yaml")
    return caught.value.problems


def the_problem(content: bytes) -> str:
    (problem,) = problems(content)
    return f"{problem.path}: {problem.text}"


def keys_problem(change: Change) -> str:
    spec = keys_spec()
    change(spec["sigstoreKeys"])
    return the_problem(document(spec)).removeprefix("spec.sigstoreKeys")


def trusted(spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(one(document(spec)).sigstore_keys or b"")
    return found


# what loads


def test_keys_are_the_trusted_root_that_the_private_sigstore_publishes() -> None:
    root, own = trust_roots.resolve(one(document(keys_spec()))), material.root()
    assert root.rekor_keys.keys() == own.rekor_keys.keys()
    assert root.ct_keys.keys() == own.ct_keys.keys()
    assert [each.certificates for each in root.authorities] == [each.certificates for each in own.authorities]


def test_sigstore_itself_reads_what_the_keys_become() -> None:
    raw = one(document(keys_spec())).sigstore_keys
    assert raw
    read = SigstoreTrustedRoot.from_json(raw)
    assert [log.public_key.key_details for log in read.tlogs] == ["PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519"]
    assert len(read.timestamp_authorities[0].cert_chain.certificates) == 2


def test_a_logs_id_is_the_hash_of_its_key() -> None:
    (log,) = trusted(keys_spec())["ctlogs"]
    assert base64.b64decode(log["logId"]["keyId"]) == key_id(material.sigstore().ct_log.key.public_key())


def test_an_authority_is_valid_while_all_its_certificates_are() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    root = root_authority(KEYS, "early", since=early)
    usage = x509.oid.ExtendedKeyUsageOID.CODE_SIGNING
    inner = intermediate_authority(KEYS, "late", under=root, since=late, usage=usage)
    spec = keys_spec()
    spec["sigstoreKeys"]["certificateAuthorities"][0]["certChain"] = pem(inner.certificate, root.certificate)
    (authority,) = trusted(spec)["certificateAuthorities"]
    assert authority["validFor"]["start"] == "2024-06-01T00:00:00Z"
    assert authority["validFor"]["end"] == f"{root.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"


def test_a_logs_key_was_always_valid() -> None:
    (log,) = trusted(keys_spec())["ctlogs"]
    assert log["publicKey"]["validFor"] == {"start": "1970-01-01T00:00:00Z"}


def test_timestamp_authorities_alone_will_do() -> None:
    stamps = keys_spec()["sigstoreKeys"]["timestampAuthorities"]
    root = one(document({"sigstoreKeys": {"certificateAuthorities": [], "timestampAuthorities": stamps}}))
    assert not trust_roots.resolve(root).authorities


@pytest.mark.parametrize(
    ("key", "details"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "PKIX_ECDSA_P256_SHA_256"),
        (ec.generate_private_key(ec.SECP384R1()), "PKIX_ECDSA_P384_SHA_384"),
        (ec.generate_private_key(ec.SECP521R1()), "PKIX_ECDSA_P521_SHA_512"),
        (ed25519.Ed25519PrivateKey.generate(), "PKIX_ED25519"),
        (rsa.generate_private_key(65537, 2048), "PKIX_RSA_PKCS1V15_2048_SHA256"),
    ],
    ids=["P-256", "P-384", "P-521", "Ed25519", "RSA"],
)
def test_the_kind_of_a_certificate_logs_key(key: Any, details: str) -> None:
    spec = keys_spec()
    spec["sigstoreKeys"]["ctLogs"][0]["publicKey"] = pem(key.public_key())
    assert trusted(spec)["ctlogs"][0]["publicKey"]["keyDetails"] == details


@pytest.mark.parametrize(
    ("word", "meant"),
    [("sha-256", "SHA2_256"), ("sha256", "SHA2_256"), ("sha-384", "SHA2_384"), ("sha512", "SHA2_512")],
)
def test_hash_algorithms(word: str, meant: str) -> None:
    spec = keys_spec()
    spec["sigstoreKeys"]["tLogs"][0]["hashAlgorithm"] = word
    assert trusted(spec)["tlogs"][0]["hashAlgorithm"] == meant


def test_base64_may_be_folded() -> None:
    spec = keys_spec()
    log = spec["sigstoreKeys"]["ctLogs"][0]
    log["publicKey"] = "\r\n".join(log["publicKey"][i : i + 60] for i in range(0, len(log["publicKey"]), 60)) + "\n"
    assert trusted(spec)["ctlogs"]


def test_a_remote_one() -> None:
    assert one(document(remote_spec())).remote == Remote(ROOT_JSON, "https://tuf.acme.test/repository")


def test_a_repository() -> None:
    assert one(document(repository_spec())).repository == Repository(ROOT_JSON, b"an archive")


def test_folders_and_targets_of_another_name() -> None:
    spec = remote_spec(targets="here/files", trustedRootTarget="acme.trusted_root.json")
    assert one(document(spec)).remote == Remote(
        ROOT_JSON, "https://tuf.acme.test/repository", "here/files", "acme.trusted_root.json"
    )


def test_empty_names_stand_for_the_usual_ones() -> None:
    assert one(document(remote_spec(targets="", trustedRootTarget=""))).remote == one(document(remote_spec())).remote


def test_name_and_file_and_hash() -> None:
    found, other = one(document(remote_spec())), one(document(remote_spec(mirror="https://elsewhere.test")))
    assert (found.name, found.file) == ("acme", "roots.yaml")
    assert len(found.sha256) == 64
    assert found.sha256 != other.sha256


def test_layout_does_not_count_in_the_hash() -> None:
    content = document(remote_spec())
    assert one(json.dumps(json.loads(content), indent=4).encode()).sha256 == one(content).sha256


def test_only_trust_roots_are_read_of_a_file() -> None:
    policy = b"apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nnonsense: true\n---\n"
    assert [found.name for found in load(policy + document(remote_spec()), file="x.yaml")] == ["acme"]


@pytest.mark.skipif(not SOURCE, reason="POLICY_CONTROLLER_SOURCE names no checkout of policy-controller")
@pytest.mark.parametrize("folder", ["valid"])
def test_policy_controllers_own_files(folder: str) -> None:
    files = sorted((Path(SOURCE) / "test/testdata/trustroot" / folder).glob("*.yaml"))
    assert files
    for file in files:
        assert trust_roots.resolve(one(file.read_bytes())).authorities


# what is refused: the document


def test_place_and_path_of_a_problem() -> None:
    content = b"# a comment\n" + document(remote_spec()).replace(b'"mirror"', b'\n  "miror"')
    found = {(problem.line, problem.column, problem.path) for problem in problems(content)}
    assert (3, 3, "spec.remote.miror") in found


@pytest.mark.parametrize("name", ["apiVersion", "metadata", "spec"])
def test_what_every_document_must_have(name: str) -> None:
    assert the_problem(document(remote_spec(), **{name: None}) if name != "spec" else document(None)) == (
        f"{name}: is missing"
    )


def test_a_version_that_has_no_trust_roots() -> None:
    found = the_problem(document(remote_spec(), apiVersion="policy.sigstore.dev/v1beta1"))
    assert found == "apiVersion: is 'policy.sigstore.dev/v1beta1' (expected 'policy.sigstore.dev/v1alpha1')"


def test_an_unknown_field() -> None:
    assert the_problem(document(remote_spec(), extra=1)).startswith("extra: unknown field")


def test_an_annotation_of_ours_means_nothing() -> None:
    about = {"name": "acme", "annotations": {"registry-verifier/grace-period": "1h"}}
    assert "means nothing for a TrustRoot" in the_problem(document(remote_spec(), metadata=about))


@pytest.mark.parametrize(
    ("spec", "got"), [({}, "none"), (remote_spec() | repository_spec(), "remote and repository")], ids=["none", "two"]
)
def test_exactly_one_way(spec: Any, got: str) -> None:
    assert the_problem(document(spec)) == f"spec: expected exactly one of remote, repository, sigstoreKeys, got {got}"


@pytest.mark.parametrize("way", ["remote", "repository", "sigstoreKeys"])
def test_a_way_that_is_no_mapping(way: str) -> None:
    assert "expected a mapping, got a list" in {problem.text for problem in problems(document({way: []}))}


# what is refused: remote and repository


@pytest.mark.parametrize(
    ("spec", "name"), [(remote_spec, "mirror"), (remote_spec, "root"), (repository_spec, "mirrorFS")]
)
def test_what_a_repository_must_have(spec: Callable[[], dict[str, Any]], name: str) -> None:
    said = spec()
    (way,) = said
    del said[way][name]
    assert the_problem(document(said)) == f"spec.{way}.{name}: is missing"


@pytest.mark.parametrize(
    ("root", "text"),
    [
        ("%%%", "is not base64"),
        (base64_of(b"not json"), "is no TUF root.json"),
        (base64_of(b"[]"), "is no TUF root.json: expected a json object"),
        (base64_of(b'{"signed": {}}'), "has no signatures"),
        (base64_of(b'{"signatures": null}'), "has no signatures"),
        (base64_of(b"[" * 100_000), "is no TUF root.json"),
        (base64_of(b" " * 600_000), "expected at most 512000 bytes in base64"),
        ("", "is empty"),
        ("====", "is not base64"),
        ("\n", "is empty (expected bytes in base64)"),
    ],
)
def test_a_root_that_is_none(root: str, text: str) -> None:
    assert f"spec.remote.root: {text}" in the_problem(document(remote_spec(root=root))).replace(
        "has 800000 characters (", ""
    )


@pytest.mark.parametrize("mirror", ["tuf.acme.test", "file:///etc", "https://x.test/?a", "https://x.test/#a", ""])
def test_a_mirror_that_is_no_plain_address(mirror: str) -> None:
    assert the_problem(document(remote_spec(mirror=mirror))).startswith("spec.remote.mirror: is ")


@pytest.mark.parametrize("path", ["../up", "/absolute", "a/../b", "..", ".", "a//b", "a b", "a/", "a%2f", "x" * 256])
@pytest.mark.parametrize("name", ["targets", "trustedRootTarget"])
def test_a_path_that_leads_elsewhere(name: str, path: str) -> None:
    assert the_problem(document(remote_spec(**{name: path}))).startswith(f"spec.remote.{name}: is ")


def test_an_archive_that_is_too_large() -> None:
    content = document(repository_spec(mirrorFS="A" * (12 << 20)))
    assert "bytes" in the_problem(content)


# what is refused: keys


def test_neither_kind_of_authority() -> None:
    found = the_problem(document({"sigstoreKeys": {"tLogs": keys_spec()["sigstoreKeys"]["tLogs"]}}))
    assert found == "spec.sigstoreKeys: has neither certificateAuthorities nor timestampAuthorities"


@pytest.mark.parametrize("kind", ["certificateAuthorities", "timestampAuthorities"])
@pytest.mark.parametrize("name", ["subject", "uri", "certChain"])
def test_what_an_authority_must_have(kind: str, name: str) -> None:
    assert keys_problem(lambda keys: keys[kind][0].pop(name)) == f".{kind}[0].{name}: is missing"


@pytest.mark.parametrize("name", ["organization", "commonName"])
def test_what_a_subject_must_have(name: str) -> None:
    found = keys_problem(lambda keys: keys["certificateAuthorities"][0]["subject"].pop(name))
    assert found == f".certificateAuthorities[0].subject.{name}: is missing"


@pytest.mark.parametrize("kind", ["tLogs", "ctLogs"])
@pytest.mark.parametrize("name", ["baseURL", "hashAlgorithm", "publicKey"])
def test_what_a_log_must_have(kind: str, name: str) -> None:
    assert keys_problem(lambda keys: keys[kind][0].pop(name)) == f".{kind}[0].{name}: is missing"


def test_a_hash_algorithm_that_is_none() -> None:
    found = keys_problem(lambda keys: keys["tLogs"][0].update(hashAlgorithm="md5"))
    assert found.startswith(".tLogs[0].hashAlgorithm: is 'md5' (expected ")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (base64_of(b"no key"), "no public key found"),
        (pem(ec.generate_private_key(ec.SECP256K1()).public_key()), "on curve secp256k1"),
        (pem(rsa.generate_private_key(65537, 2048).public_key()), "is an rsa key (expected ECDSA or Ed25519"),
        (pem(KEYS.p256("a").public_key(), KEYS.p256("b").public_key()), "has 2 public keys (expected one)"),
        (base64_of("schlüssel".encode()), "is not pem"),
        ("-----BEGIN PUBLIC KEY-----", "is not base64"),
    ],
    ids=["none", "curve", "rsa", "two", "not ascii", "bare pem"],
)
def test_a_logs_key_that_cannot_be_used(key: str, text: str) -> None:
    found = keys_problem(lambda keys: keys["tLogs"][0].update(publicKey=key))
    assert found.startswith(".tLogs[0].publicKey: ")
    assert text in found


def test_an_rsa_key_that_the_format_has_no_word_for() -> None:
    key = pem(rsa.generate_private_key(65537, 2560).public_key())
    found = keys_problem(lambda keys: keys["ctLogs"][0].update(publicKey=key))
    assert found == ".ctLogs[0].publicKey: rsa key has 2560 bits (expected 2048, 3072, 4096)"


SINCE = datetime(2024, 1, 1, tzinfo=UTC)
ROOT = root_authority(KEYS, "root", since=SINCE)
OTHER = root_authority(KEYS, "other", since=SINCE)
NAMESAKE = root_authority(KeySource("another seed"), "root", since=SINCE)
OLD = root_authority(KEYS, "old", since=SINCE - timedelta(days=9000))
USAGE = x509.oid.ExtendedKeyUsageOID.CODE_SIGNING
INNER = intermediate_authority(KEYS, "inner", under=ROOT, since=SINCE, usage=USAGE)
YOUNG = intermediate_authority(KEYS, "young", under=OLD, since=SINCE, usage=USAGE)
LEAF = material.sigstore().tsa.certificate
LEAF_ROOT = material.sigstore().tsa.root.certificate


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (
            pem(ROOT.certificate, INNER.certificate),
            "certificate 1 is not issued by certificate 2 (expected the root last)",
        ),
        (
            pem(INNER.certificate, OTHER.certificate),
            "certificate 1 is not issued by certificate 2 (expected the root last)",
        ),
        (pem(INNER.certificate, NAMESAKE.certificate), "certificate 1 is not signed by certificate 2"),
        (pem(INNER.certificate), "the last certificate is not issued by itself (expected the root last)"),
        (pem(LEAF, LEAF_ROOT), "certificate 1 is no authority"),
        (pem(YOUNG.certificate, OLD.certificate), "certificates are never valid together"),
        (pem(*[ROOT.certificate] * 11), "has 11 certificates (expected 1 to 10 in pem)"),
        (base64_of(b"nothing"), "has 0 certificates (expected 1 to 10 in pem)"),
        (base64_of(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificates cannot be read"),
        (pem(ROOT.certificate, KEYS.p256("a").public_key()), "has 2 pem blocks, of which 1 are certificates"),
        (base64_of(b" " * 70_000), "expected at most 65536 bytes in base64"),
    ],
    ids=["order", "issuer", "namesake", "no root", "leaf", "times", "many", "none", "broken", "key", "large"],
)
def test_a_chain_that_is_none(chain: str, text: str) -> None:
    found = keys_problem(lambda keys: keys["certificateAuthorities"][0].update(certChain=chain))
    assert found.startswith(".certificateAuthorities[0].certChain: ")
    assert text in found


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (pem(LEAF, LEAF, LEAF_ROOT), "has 2 certificates that are no authority (expected at most 1)"),
        (pem(LEAF_ROOT, LEAF), "certificate 2 is no authority (expected it first)"),
    ],
    ids=["two leaves", "leaf last"],
)
def test_a_timestamp_chain_that_is_none(chain: str, text: str) -> None:
    found = keys_problem(lambda keys: keys["timestampAuthorities"][0].update(certChain=chain))
    assert found == f".timestampAuthorities[0].certChain: {text}"


def test_a_root_that_did_not_sign_itself() -> None:
    forged = bytearray(ROOT.certificate.public_bytes(Encoding.DER))
    forged[-1] ^= 1
    broken = x509.load_der_x509_certificate(bytes(forged))
    found = keys_problem(lambda keys: keys["certificateAuthorities"][0].update(certChain=pem(broken)))
    assert "the last certificate is not signed by itself" in found


def test_certificates_of_strangers_are_read_or_refused() -> None:
    """Each byte of a certificate changed in turn: a problem with its path, or a chain, and no other error."""
    der = bytearray(ROOT.certificate.public_bytes(Encoding.DER))
    refused = 0
    for place in range(0, len(der), 3):
        changed = bytearray(der)
        changed[place] ^= 0x55
        block = base64.encodebytes(bytes(changed))
        chain = base64_of(b"-----BEGIN CERTIFICATE-----\n" + block + b"-----END CERTIFICATE-----\n")
        spec = keys_spec()
        spec["sigstoreKeys"]["certificateAuthorities"][0]["certChain"] = chain
        try:
            one(document(spec))
        except PolicyError:
            refused += 1
    assert refused == len(range(0, len(der), 3))


# what it is resolved to


def test_a_remote_one_that_was_not_fetched() -> None:
    with pytest.raises(TrustRootError, match=r"was not fetched \(run: registry-verifier trust-root fetch roots.yaml\)"):
        trust_roots.resolve(one(document(remote_spec())))


def test_a_remote_one_that_was_fetched() -> None:
    raw = json.dumps(material.sigstore().trusted_root()).encode()
    asked: list[Remote] = []

    def fetch(remote: Remote) -> bytes:
        asked.append(remote)
        return raw

    found = trust_roots.resolve(one(document(remote_spec())), fetched=raw, fetch=fetch)
    assert found.sha256 == trust_roots.resolve(one(document(remote_spec())), fetch=fetch).sha256
    assert len(asked) == 1


def test_what_was_fetched_is_no_trusted_root() -> None:
    with pytest.raises(TrustRootError, match="not a trusted root"):
        trust_roots.resolve(one(document(remote_spec())), fetched=b"[]")


def test_the_fetched_file_is_beside_the_policy() -> None:
    (found,) = load(document(remote_spec()), file="policies/roots.yaml")
    assert trust_roots.fetched_file(found) == Path("policies/trust_roots/acme.json")
