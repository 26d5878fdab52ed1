"""Timestamps: what must hold, in layers and in bundles, and a test for each way of being wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.signing import signer
from local.sigstore.signing_key import Signatory
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Statement
from registry_verifier.proof import Prover, timestamp
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import CYCLONEDX, DIGEST, NOW

Make = Callable[..., Candidate]
ANNOTATION = "dev.sigstore.cosign/rfc3161timestamp"
SIGNED = NOW + timedelta(seconds=5)


def bundle(hand: Signatory | None = None, **options: Any) -> Candidate:
    hand, options = hand or material.leaf(), {"tsa": True, "log": False, **options}
    return material.of_bundle(signer.bundle_attestation(material.sigstore(), hand, DIGEST, CYCLONEDX, {}, **options))


def signature(hand: Signatory | None = None, **options: Any) -> Candidate:
    hand, options = hand or material.leaf(), {"tsa": True, "log": False, **options}
    return material.of_layer(
        signer.simple_signing_layer(material.sigstore(), hand, str(material.IMAGE), DIGEST, **options)
    )


def attestation(hand: Signatory | None = None, **options: Any) -> Candidate:
    hand, options = hand or material.leaf(), {"tsa": True, "log": False, **options}
    return material.of_layer(signer.dsse_layer(material.sigstore(), hand, DIGEST, CYCLONEDX, {}, **options))


EVERY = pytest.mark.parametrize("make", [bundle, signature, attestation])
KEYLESS = Trust(log=False, timestamp=True)
BY_KEY = Trust(keys=(material.key().pem,), log=False, timestamp=True)


def prove(candidate: Candidate, trust: Trust = KEYLESS, root: TrustedRoot | None = None) -> Statement:
    return Prover({PUBLIC_GOOD: root or material.root()}).prove(candidate, DIGEST, trust)


def refused(candidate: Candidate, trust: Trust = KEYLESS, root: TrustedRoot | None = None) -> Reason:
    with pytest.raises(EvidenceRejected) as caught:
        prove(candidate, trust, root)
    assert str(caught.value)
    return caught.value.reason


def stamped(candidate: Candidate, *stamps: bytes) -> Candidate:
    """The candidate with other timestamps; layers have room for one."""
    if candidate.format == "bundle":
        document = json.loads(candidate.content)
        listed = [{"signedTimestamp": base64.b64encode(stamp).decode()} for stamp in stamps]
        document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": listed}
        return material.of_bundle(json.dumps(document).encode())
    text = json.dumps({"SignedRFC3161Timestamp": base64.b64encode(stamps[0]).decode()}) if stamps else ""
    return annotated(candidate, text)


def annotated(candidate: Candidate, text: str) -> Candidate:
    return Candidate("", candidate.format, candidate.content, {**candidate.annotations, ANNOTATION: text})


def message_of(candidate: Candidate) -> bytes:
    """What a right timestamp is over."""
    if candidate.format == "dsse":
        return candidate.content
    if candidate.format == "simplesigning":
        return base64.b64decode(candidate.annotations["dev.cosignproject.cosign/signature"])
    return base64.b64decode(json.loads(candidate.content)["dsseEnvelope"]["signatures"][0]["sig"])


def stamp_of(candidate: Candidate, *, at: datetime = SIGNED) -> bytes:
    return material.sigstore().tsa.stamp(message_of(candidate), at=at)


@EVERY
def test_timestamp_says_when(make: Make) -> None:
    assert prove(make()).signed_at == SIGNED
    assert prove(make(material.key()), BY_KEY).signed_at == SIGNED


@EVERY
def test_token_without_the_certificate_in_it_holds(make: Make) -> None:
    candidate = make()
    imprint = hashlib.sha256(message_of(candidate)).digest()
    token = material.sigstore().tsa.stamp_imprint(imprint, at=SIGNED, certified=False)
    assert prove(stamped(candidate, token)).signed_at == SIGNED


@EVERY
@pytest.mark.parametrize("log", [True, False])
def test_no_timestamp(make: Make, log: bool) -> None:
    trust = Trust(log=log, timestamp=True)
    assert refused(make(log=True, tsa=False), trust) == Reason.TIMESTAMP_MISSING
    assert refused(make(material.key(), log=False, tsa=False), BY_KEY) == Reason.TIMESTAMP_MISSING


@EVERY
def test_timestamp_and_log_entry_both(make: Make) -> None:
    both = Trust(timestamp=True)
    found = prove(make(log=True), both)
    assert (found.signed_at, found.log_index is None) == (SIGNED, False)
    assert refused(make(log=False), both) == Reason.TLOG_MISSING


@pytest.mark.parametrize("make", [signature, attestation])
@pytest.mark.parametrize("promise", ["", None])
def test_timestamp_takes_no_promise_of_a_log_away(make: Make, promise: Any) -> None:
    candidate = make(log=True)
    entry = json.loads(candidate.annotations["dev.sigstore.cosign/bundle"])
    entry["SignedEntryTimestamp"] = promise
    annotations = {**candidate.annotations, "dev.sigstore.cosign/bundle": json.dumps(entry)}
    unproven = Candidate("", candidate.format, candidate.content, annotations)
    for trust in (Trust(), Trust(timestamp=True)):
        assert refused(unproven, trust) == Reason.TLOG_INVALID


@EVERY
@pytest.mark.parametrize("log", [True, False])
def test_timestamp_over_something_else(make: Make, log: bool) -> None:
    other = material.sigstore().tsa.stamp(b"something else", at=SIGNED)
    trust = Trust(log=log, timestamp=True)
    assert refused(stamped(make(log=True), other), trust) == Reason.TIMESTAMP_INVALID
    assert refused(stamped(make(material.key()), other), BY_KEY) == Reason.TIMESTAMP_INVALID


def test_timestamp_over_the_signature_of_an_envelope_is_not_over_the_envelope() -> None:
    candidate = attestation()
    raw = base64.b64decode(json.loads(candidate.content)["signatures"][0]["sig"])
    assert refused(stamped(candidate, material.sigstore().tsa.stamp(raw, at=SIGNED))) == Reason.TIMESTAMP_INVALID


@EVERY
@pytest.mark.parametrize("log", [True, False])
def test_timestamp_of_another_authority(make: Make, log: bool) -> None:
    candidate = make(log=True)
    foreign = stamped(candidate, material.stranger().tsa.stamp(message_of(candidate), at=SIGNED))
    assert refused(foreign, Trust(log=log, timestamp=True)) == Reason.TIMESTAMP_INVALID


@EVERY
def test_cosign_4663_authority_retired_before_the_timestamp(make: Make) -> None:
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=1)
    for hand, trust in ((None, KEYLESS), (material.key(), BY_KEY)):
        assert refused(make(hand), trust, material.root(ended={"tsa": before})) == Reason.TIMESTAMP_INVALID
        assert prove(make(hand), trust, material.root(ended={"tsa": after})).holds


@EVERY
def test_timestamp_of_before_the_authority_was_in_use(make: Make) -> None:
    candidate = make(material.key())
    early = stamped(candidate, stamp_of(candidate, at=NOW - timedelta(days=31)))
    assert refused(early, BY_KEY) == Reason.TIMESTAMP_INVALID


@EVERY
@pytest.mark.parametrize("offset", [timedelta(minutes=-1), timedelta(minutes=11), timedelta(days=-20)])
def test_stamped_outside_the_certificates_ten_minutes(make: Make, offset: timedelta) -> None:
    assert refused(make(at=NOW + offset)) == Reason.CERT_INVALID


@EVERY
def test_logged_in_time_and_stamped_too_late(make: Make) -> None:
    candidate = make(log=True)
    late = stamped(candidate, stamp_of(candidate, at=NOW + timedelta(minutes=11)))
    assert refused(late, Trust(timestamp=True)) == Reason.CERT_INVALID


@EVERY
def test_certificate_authority_retired_before_the_timestamp(make: Make) -> None:
    root = material.root(ended={"fulcio": NOW - timedelta(days=1)})
    assert refused(make(), KEYLESS, root) == Reason.CERT_INVALID


def test_of_several_timestamps_those_count_that_hold() -> None:
    candidate = bundle()
    right, foreign = stamp_of(candidate), material.stranger().tsa.stamp(message_of(candidate), at=NOW)
    assert prove(stamped(candidate, foreign, right)).signed_at == SIGNED
    assert refused(stamped(candidate, foreign)) == Reason.TIMESTAMP_INVALID


def test_certificate_must_be_valid_at_every_timestamp_that_holds() -> None:
    candidate = bundle()
    late = stamp_of(candidate, at=NOW + timedelta(hours=1))
    assert refused(stamped(candidate, stamp_of(candidate), late)) == Reason.CERT_INVALID


def test_the_same_timestamp_twice_and_more_than_any_bundle_has() -> None:
    candidate = bundle()
    stamp = stamp_of(candidate)
    assert refused(stamped(candidate, stamp, stamp)) == Reason.TIMESTAMP_INVALID
    many = [stamp_of(candidate, at=SIGNED + timedelta(seconds=n)) for n in range(timestamp.STAMPS_LIMIT + 1)]
    assert refused(stamped(candidate, *many)) == Reason.TIMESTAMP_INVALID
    assert prove(stamped(candidate, *many[:-1])).holds


@pytest.mark.parametrize("stamp", [b"", b"x", b"\x30\x80" * 1000, b"\x30\x03\x02\x01\x00", b"\0" * 70_000])
@EVERY
def test_token_that_is_none(make: Make, stamp: bytes) -> None:
    assert refused(stamped(make(), stamp)) == Reason.TIMESTAMP_INVALID


@pytest.mark.parametrize("make", [bundle, attestation])
def test_token_with_a_bit_turned_is_a_rejection_and_nothing_else(make: Make) -> None:
    candidate = make()
    token = stamp_of(candidate)
    for position in range(0, len(token), 7):
        turned = bytearray(token)
        turned[position] ^= 0x10
        try:
            found = prove(stamped(candidate, bytes(turned)))
        except EvidenceRejected:
            continue
        assert found.signed_at == SIGNED, f"byte {position} moved the time"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "7",
        "{}",
        '{"SignedRFC3161Timestamp": 7}',
        '{"SignedRFC3161Timestamp": "A"}',
        "[" * 100_000,
        "x" * 300_000,
    ],
)
def test_annotation_that_is_no_timestamp(text: str) -> None:
    assert refused(annotated(signature(), text)) == Reason.TIMESTAMP_INVALID


@pytest.mark.parametrize(
    "value", [[], "x", 7, {"rfc3161Timestamps": "x"}, {"rfc3161Timestamps": ["x"]}, {"rfc3161Timestamps": [{}]}, {}]
)
def test_bundle_whose_timestamps_are_none(value: Any) -> None:
    document = material.changed(json.loads(bundle().content), "verificationMaterial.timestampVerificationData", value)
    expected = Reason.TIMESTAMP_MISSING if value == {} else Reason.TIMESTAMP_INVALID
    assert refused(material.of_bundle(json.dumps(document).encode())) == expected


def test_authority_without_a_root_certificate_vouches_for_nothing() -> None:
    document = material.sigstore().trusted_root()
    del document["timestampAuthorities"][0]["certChain"]["certificates"][1]
    root = TrustedRoot(json.dumps(document).encode())
    assert refused(bundle(), KEYLESS, root) == Reason.TIMESTAMP_INVALID


def test_certificate_in_the_token_is_not_trusted() -> None:
    """The foreign authority's own root comes along in the token, and its root is not ours: CVE-2025-52556."""
    candidate = bundle()
    token = material.stranger().tsa.stamp(message_of(candidate), at=SIGNED)
    with pytest.raises(EvidenceRejected, match="timestamp does not hold"):
        prove(stamped(candidate, token))
