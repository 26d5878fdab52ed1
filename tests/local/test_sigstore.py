"""The private Sigstore and its signer against sigstore-python, which knows nothing of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import VerifierBuilder, decode_timestamp_response
from sigstore.errors import Error as SigstoreError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

from local.signing.signer import (
    SIGNATURE_PREDICATE,
    EntryKind,
    RekorVersion,
    bundle,
    bundle_attestation,
    bundle_signature,
    dsse_layer,
    envelope_bundle,
    message_bundle,
    record_envelope,
    simple_signing_layer,
)
from local.sigstore.ct_log import CTLog
from local.sigstore.dsse import IN_TOTO_TYPE, pre_authentication_encoding, seal, statement
from local.sigstore.fulcio import EXTENSION_ARC, GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.leaf import Leaf
from local.sigstore.merkle import MerkleTree, leaf_hash, node_hash
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.rekor_requests import EntryRefused, canonical_entry_v2
from local.sigstore.signing_key import SigningKey

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
RUN = WorkflowRun()
MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}'
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
IDENTITY = policy.Identity(identity=RUN.subject, issuer=GITHUB_ISSUER)
SLSA = "https://slsa.dev/provenance/v1"
LAYOUTS: list[tuple[RekorVersion, bool]] = [(1, False), (1, True), (2, True)]


@pytest.fixture(scope="module")
def sigstore() -> PrivateSigstore:
    return PrivateSigstore(NOW)


@pytest.fixture(scope="module")
def verifier(sigstore: PrivateSigstore, tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    return _verifier(sigstore.write_trusted_root(tmp_path_factory.mktemp("trust") / "trusted_root.json"))


@pytest.fixture
def leaf(sigstore: PrivateSigstore) -> Leaf:
    return sigstore.fulcio.issue(RUN.subject, claims=RUN.claims())


def _verifier(path: Path) -> Verifier:
    return Verifier(trusted_root=TrustedRoot.from_file(str(path)))


def _statement_of(verifier: Verifier, raw: bytes) -> Any:
    payload_type, payload = verifier.verify_dsse(Bundle.from_json(raw), IDENTITY)
    assert payload_type == IN_TOTO_TYPE
    return json.loads(payload)


def _refused(verifier: Verifier, raw: bytes) -> str:
    with pytest.raises((SigstoreError, x509.ExtensionNotFound, ValueError)) as refusal:
        verifier.verify_dsse(Bundle.from_json(raw), IDENTITY)
    return str(refusal.value)


@pytest.mark.parametrize(("rekor", "tsa"), LAYOUTS)
def test_bundle_signature_is_accepted(
    verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf, rekor: RekorVersion, tsa: bool
) -> None:
    found = _statement_of(verifier, bundle_signature(sigstore, leaf, DIGEST, rekor=rekor, tsa=tsa))
    assert found == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": DIGEST[7:]}}],
        "predicateType": SIGNATURE_PREDICATE,
        "predicate": {},
    }


@pytest.mark.parametrize(("rekor", "tsa"), LAYOUTS)
def test_bundle_attestation_is_accepted(
    verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf, rekor: RekorVersion, tsa: bool
) -> None:
    raw = bundle_attestation(sigstore, leaf, DIGEST, SLSA, {"a": 1}, rekor=rekor, tsa=tsa)
    found = _statement_of(verifier, raw)
    assert found["_type"] == "https://in-toto.io/Statement/v0.1"
    assert (found["predicateType"], found["predicate"]) == (SLSA, {"a": 1})


@pytest.mark.parametrize(("rekor", "tsa"), LAYOUTS)
def test_message_bundle_is_accepted(
    verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf, rekor: RekorVersion, tsa: bool
) -> None:
    raw = message_bundle(sigstore, leaf, MANIFEST, rekor=rekor, tsa=tsa)
    verifier.verify_artifact(MANIFEST, Bundle.from_json(raw), IDENTITY)


def test_every_github_claim_is_in_the_certificate(leaf: Leaf) -> None:
    claims = policy.AllOf(
        [
            policy.OIDCIssuer(GITHUB_ISSUER),
            policy.OIDCIssuerV2(GITHUB_ISSUER),
            policy.GitHubWorkflowRepository("acme/app"),
            policy.OIDCBuildSignerURI(RUN.subject),
            policy.OIDCSourceRepositoryURI("https://github.com/acme/app"),
            policy.OIDCRunnerEnvironment("github-hosted"),
        ]
    )
    claims.verify(leaf.certificate)
    oids = [extension.oid.dotted_string for extension in leaf.certificate.extensions]
    numbers = {oid.removeprefix(EXTENSION_ARC) for oid in oids if oid.startswith(EXTENSION_ARC)}
    assert numbers == {str(number) for number in range(1, 23)} - {"7"}


def test_claims_of_a_run_are_what_fulcio_makes_of_its_token() -> None:
    signer = "acme/ci/.github/workflows/build.yml@refs/tags/v1"
    run = WorkflowRun(sha="b" * 40, repository_id="15", owner_id="17", run_id="21", signer=signer)
    caller = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
    assert run.subject == f"https://github.com/{signer}"
    assert run.claims() == {
        "2": "push",
        "3": "b" * 40,
        "4": "Release",
        "5": "acme/app",
        "6": "refs/heads/main",
        "9": f"https://github.com/{signer}",
        "10": "b" * 40,
        "11": "github-hosted",
        "12": "https://github.com/acme/app",
        "13": "b" * 40,
        "14": "refs/heads/main",
        "15": "15",
        "16": "https://github.com/acme",
        "17": "17",
        "18": caller,
        "19": "b" * 40,
        "20": "push",
        "21": "https://github.com/acme/app/actions/runs/21/attempts/1",
        "22": "public",
    }


def _another_log() -> CTLog:
    return CTLog(ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("no SCT", {"sct": False}),
        ("an SCT of a log that nobody trusts", {"ct_log": _another_log()}),
        ("another extended key usage", {"usages": [ExtendedKeyUsageOID.EMAIL_PROTECTION]}),
        ("no extended key usage", {"usages": []}),
        ("no digital signature", {"key_usages": ["key_agreement"]}),
        ("no issuer", {"claims": {"1": None, "8": None}}),
        ("no subject", {"no_subject": True}),
        ("an authority as leaf", {"is_authority": True, "key_usages": ["digital_signature", "key_cert_sign"]}),
        ("another issuer", {"issuer": "https://issuer.test"}),
        ("a lifetime over before it signs", {"lifetime": timedelta(seconds=1)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_certificate_is_refused(
    verifier: Verifier, sigstore: PrivateSigstore, name: str, knobs: Mapping[str, Any]
) -> None:
    leaf = sigstore.fulcio.issue(RUN.subject, **knobs)
    assert _refused(verifier, bundle_signature(sigstore, leaf, DIGEST)), name


def test_certificate_of_another_sigstore_is_refused(verifier: Verifier, sigstore: PrivateSigstore) -> None:
    stranger = PrivateSigstore(NOW).fulcio.issue(RUN.subject)
    assert "chain" in _refused(verifier, bundle_signature(sigstore, stranger, DIGEST))


def test_entry_of_another_log_is_refused(verifier: Verifier, leaf: Leaf) -> None:
    assert _refused(verifier, bundle_signature(PrivateSigstore(NOW), leaf, DIGEST))


@pytest.mark.parametrize("minutes", [-1, 11])
def test_signing_outside_the_validity_is_refused(
    verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf, minutes: int
) -> None:
    raw = bundle_signature(sigstore, leaf, DIGEST, at=NOW + timedelta(minutes=minutes))
    assert _refused(verifier, raw)


def test_stamp_outside_the_validity_is_refused(verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf) -> None:
    raw = bundle_signature(sigstore, leaf, DIGEST, rekor=2, at=NOW + timedelta(minutes=11))
    assert _refused(verifier, raw)


def test_entry_for_another_envelope_is_refused(verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf) -> None:
    other = record_envelope(sigstore, leaf, seal(leaf, b"another"))
    envelope = seal(leaf, statement(DIGEST, SLSA, {}))
    assert _refused(verifier, envelope_bundle(sigstore, leaf, envelope, entry=other))


def test_entry_without_promise_is_refused(verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf) -> None:
    envelope = seal(leaf, statement(DIGEST, SLSA, {}))
    entry = replace(record_envelope(sigstore, leaf, envelope), promise=None)
    assert _refused(verifier, envelope_bundle(sigstore, leaf, envelope, entry=entry))


def test_rekor_2_without_stamp_is_refused(verifier: Verifier, sigstore: PrivateSigstore, leaf: Leaf) -> None:
    assert _refused(verifier, bundle_signature(sigstore, leaf, DIGEST, rekor=2, tsa=False))


def test_bundle_without_entry_is_refused(verifier: Verifier, leaf: Leaf) -> None:
    envelope = seal(leaf, statement(DIGEST, SLSA, {}))
    assert _refused(verifier, bundle(leaf, {"dsseEnvelope": envelope.as_bundle_content()}, [], []))


def test_retired_authority_has_its_end_in_the_trusted_root(sigstore: PrivateSigstore) -> None:
    root = sigstore.trusted_root(ended={"fulcio": NOW, "rekor": NOW}, tsa=False, rekor_tiles=False)
    assert root["certificateAuthorities"][0]["validFor"]["end"] == "2026-03-01T12:00:00Z"
    assert [log["publicKey"]["validFor"].get("end") for log in root["tlogs"]] == ["2026-03-01T12:00:00Z"]
    assert "end" not in root["ctlogs"][0]["publicKey"]["validFor"]
    assert root["timestampAuthorities"] == []


def test_same_seed_gives_the_same_trusted_root() -> None:
    first, second = (PrivateSigstore(NOW, seed="play").trusted_root() for _ in range(2))
    assert first == second
    assert first != PrivateSigstore(NOW, seed="another").trusted_root()


def _promised(sigstore: PrivateSigstore, annotations: Mapping[str, str]) -> Any:
    """The entry's body, once the annotation's promise was checked as cosign does."""
    promise = json.loads(annotations["dev.sigstore.cosign/bundle"])
    signed = json.dumps(promise["Payload"], separators=(",", ":"), sort_keys=True).encode()
    signature = base64.b64decode(promise["SignedEntryTimestamp"])
    sigstore.rekor.key.public_key().verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    return json.loads(base64.b64decode(promise["Payload"]["body"]))


def _certificate_text(leaf: Leaf) -> str:
    return base64.b64encode(leaf.pem.encode()).decode()


def test_simple_signing_layer_binds_payload_signature_and_certificate(sigstore: PrivateSigstore, leaf: Leaf) -> None:
    blob, layer = simple_signing_layer(sigstore, leaf, "ghcr.io/acme/app", DIGEST)
    annotations = layer["annotations"]
    signature = base64.b64decode(annotations["dev.cosignproject.cosign/signature"])
    leaf.key.public_key().verify(signature, blob, ec.ECDSA(hashes.SHA256()))
    spec = _promised(sigstore, annotations)["spec"]
    assert layer["digest"] == "sha256:" + spec["data"]["hash"]["value"] == "sha256:" + hashlib.sha256(blob).hexdigest()
    assert spec["signature"]["content"] == annotations["dev.cosignproject.cosign/signature"]
    assert spec["signature"]["publicKey"]["content"] == _certificate_text(leaf)
    assert json.loads(blob)["critical"]["image"] == {"docker-manifest-digest": DIGEST}


@pytest.mark.parametrize("kind", ["dsse", "intoto-0.0.2", "intoto-0.0.1", "hashedrekord"])
def test_attestation_layer_is_signed_and_promised(sigstore: PrivateSigstore, leaf: Leaf, kind: EntryKind) -> None:
    blob, layer = dsse_layer(sigstore, leaf, DIGEST, SLSA, {}, kind=kind)
    envelope = json.loads(blob)
    encoding = pre_authentication_encoding(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    leaf.key.public_key().verify(signature, encoding, ec.ECDSA(hashes.SHA256()))
    assert layer["annotations"]["dev.cosignproject.cosign/signature"] == ""
    body = _promised(sigstore, layer["annotations"])
    assert f"{body['kind']}-{body['apiVersion']}".startswith(kind)


def test_dsse_entry_has_the_hash_of_the_layer(sigstore: PrivateSigstore, leaf: Leaf) -> None:
    blob, layer = dsse_layer(sigstore, leaf, DIGEST, SLSA, {})
    envelope, spec = json.loads(blob), _promised(sigstore, layer["annotations"])["spec"]
    assert "sha256:" + spec["envelopeHash"]["value"] == layer["digest"]
    assert spec["payloadHash"]["value"] == hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()
    assert spec["signatures"] == [{"signature": envelope["signatures"][0]["sig"], "verifier": _certificate_text(leaf)}]


def test_intoto_002_entry_has_the_hash_of_the_layer_and_the_signature_twice_encoded(
    sigstore: PrivateSigstore, leaf: Leaf
) -> None:
    blob, layer = dsse_layer(sigstore, leaf, DIGEST, SLSA, {}, kind="intoto-0.0.2")
    content = _promised(sigstore, layer["annotations"])["spec"]["content"]
    assert "sha256:" + content["hash"]["value"] == layer["digest"]
    signature = content["envelope"]["signatures"][0]
    assert base64.b64decode(signature["sig"]).decode() == json.loads(blob)["signatures"][0]["sig"]
    assert signature["publicKey"] == _certificate_text(leaf)


def test_intoto_001_entry_has_the_hash_of_the_layer_only(sigstore: PrivateSigstore, leaf: Leaf) -> None:
    _, layer = dsse_layer(sigstore, leaf, DIGEST, SLSA, {}, kind="intoto-0.0.1")
    spec = _promised(sigstore, layer["annotations"])["spec"]
    assert "sha256:" + spec["content"]["hash"]["value"] == layer["digest"]
    assert spec["publicKey"] == _certificate_text(leaf)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_every_inclusion_path_leads_to_the_root(size: int) -> None:
    tree = MerkleTree(strangers=size)
    for index in range(size):
        found, position, last = leaf_hash(b"entry %d of somebody else" % index), index, size - 1
        for step in tree.path(index):  # RFC 9162 section 2.1.3.2
            if position & 1 or position == last:
                found = node_hash(step, found)
                while not position & 1 and position:
                    position, last = position >> 1, last >> 1
            else:
                found = node_hash(found, step)
            position, last = position >> 1, last >> 1
        assert (found, last) == (tree.root(), 0)


def test_root_of_a_sigstore_without_logs(sigstore: PrivateSigstore) -> None:
    document = sigstore.trusted_root(rekor=False, rekor_tiles=False, ct_log=False)
    assert (document["tlogs"], document["ctlogs"]) == ([], [])
    assert len(document["certificateAuthorities"]) == len(document["timestampAuthorities"]) == 1
    assert sigstore.trusted_root(fulcio=False)["certificateAuthorities"] == []


def test_key_signs_and_is_logged_as_a_key(sigstore: PrivateSigstore) -> None:
    hand = SigningKey(ec.generate_private_key(ec.SECP256R1()), NOW)
    for rekor in LAYOUTS[0][0], LAYOUTS[2][0]:
        raw = json.loads(bundle_signature(sigstore, hand, DIGEST, rekor=rekor))
        assert raw["verificationMaterial"]["publicKey"].keys() == {"hint"}
        body = base64.b64decode(raw["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]).decode()
        assert (hand.pem in body) is False
        assert base64.b64encode(hand.pem.encode()).decode() in body or '"publicKey":{"rawBytes"' in body
        assert "ertificate" not in body


def test_log_takes_keys_whose_signature_holds_and_no_others(sigstore: PrivateSigstore) -> None:
    hand = SigningKey(ec.generate_private_key(ec.SECP384R1()), NOW, hashes.SHA384())
    digest = hashlib.sha384(MANIFEST).digest()
    signature = {"content": base64.b64encode(hand.sign(MANIFEST)).decode(), "verifier": hand.tiles_verifier}
    request = {"hashedRekordRequestV002": {"digest": base64.b64encode(digest).decode(), "signature": signature}}
    assert canonical_entry_v2(request)["spec"]["hashedRekordV002"]["data"]["algorithm"] == "SHA2_384"
    request["hashedRekordRequestV002"]["digest"] = base64.b64encode(bytes(48)).decode()
    with pytest.raises(EntryRefused, match="signature does not hold"):
        canonical_entry_v2(request)


def test_nothing_of_a_log_and_a_timestamp_in_layers(sigstore: PrivateSigstore, leaf: Leaf) -> None:
    plain = simple_signing_layer(sigstore, leaf, "ghcr.io/acme/app", DIGEST, log=False)[1]["annotations"]
    assert not {"dev.sigstore.cosign/bundle", "dev.sigstore.cosign/rfc3161timestamp"} & plain.keys()
    blob, described = dsse_layer(sigstore, leaf, DIGEST, SLSA, {}, log=False, tsa=True)
    text = described["annotations"]["dev.sigstore.cosign/rfc3161timestamp"]
    stamp = decode_timestamp_response(base64.b64decode(json.loads(text)["SignedRFC3161Timestamp"]))
    verifier = VerifierBuilder().add_root_certificate(sigstore.tsa.root.certificate).build()
    assert verifier.verify_message(stamp, blob)
