"""An attestation's digest as policy-controller has it; the expected one was worked out by Go's encoding/json."""

from __future__ import annotations

import hashlib
import json

import pytest

from local.signing import signer
from registry_verifier.candidate import Candidate
from registry_verifier.evidence import attestation_digest
from registry_verifier.models import digest_of
from tests import material
from tests.material import CYCLONEDX, DIGEST

ODD = '{"signatures":[{"keyid":"<a&b>\\u2028\\u0001\\b\\f\\u007f\u00e9/\\"","sig":"AQID"}],"payload":"eyJhIjoxfQ==",'
ODD += '"payloadType":"application/vnd.in-toto+json"}'
OF_ODD = "sha256:b2d969fcd54aec5b9a2f36a804de376507da967d2577372231abe6f1cc6586a7"


def bundle(envelope: str) -> Candidate:
    return material.of_bundle(f'{{"mediaType":"x","dsseEnvelope":{envelope}}}'.encode())


def test_envelope_of_a_bundle_is_hashed_as_go_writes_it() -> None:
    assert attestation_digest.of(bundle(ODD)) == OF_ODD


@pytest.mark.parametrize("keyid", ["", ',"keyid":""'])
def test_what_is_empty_is_not_written(keyid: str) -> None:
    envelope = f'{{"payload":"e30=","payloadType":"t","signatures":[{{"sig":"AQID"{keyid}}}]}}'
    plain = b'{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AQID"}]}'
    assert attestation_digest.of(bundle(envelope)) == "sha256:" + hashlib.sha256(plain).hexdigest()


def test_layer_has_its_own_digest() -> None:
    content, descriptor = signer.dsse_layer(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {"a": 1})
    assert attestation_digest.of(material.of_layer((content, descriptor))) == descriptor["digest"] == digest_of(content)


def test_signature_has_none() -> None:
    layer = signer.simple_signing_layer(material.sigstore(), material.leaf(), "x", DIGEST)
    assert attestation_digest.of(material.of_layer(layer)) is None


@pytest.mark.parametrize(
    "envelope",
    ["null", "[]", "{}", '{"signatures":1}', '{"signatures":[{"sig":"!"}]}', '{"signatures":[1],"payload":""}', "["],
)
def test_envelope_that_nobody_can_read_has_none(envelope: str) -> None:
    assert attestation_digest.of(bundle(envelope)) is None


def test_envelope_that_is_nested_without_end_has_none() -> None:
    assert attestation_digest.of(bundle("[" * 100_000)) is None


def test_real_bundle_is_hashed_whatever_the_order_of_its_members() -> None:
    raw = signer.bundle_attestation(material.sigstore(), material.leaf(), DIGEST, CYCLONEDX, {"a": 1})
    turned = json.dumps(dict(reversed(json.loads(raw).items()))).encode()
    assert attestation_digest.of(material.of_bundle(turned)) == attestation_digest.of(material.of_bundle(raw))
