"""How an authority wants evidence proven: what the file says and leaves out, and what policy-controller reads."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.candidate import Trust
from registry_verifier.errors import Unavailable
from registry_verifier.judgement import trusts
from registry_verifier.policy.model import Authority, IdentityRule, Key, Log
from registry_verifier.reasons import Reason

WHO = (IdentityRule(issuer="i", subject="s"),)
TWO = (*WHO, IdentityRule(issuer="i", subject="t"))
KEY = Key(("first", "second"), hash_algorithm="sha512")


def authority(identities: tuple[IdentityRule, ...] = WHO, **said: Any) -> Authority:
    return Authority("a", () if said.get("key") else identities, **said)


@pytest.mark.parametrize(
    ("said", "trust"),
    [
        ({}, Trust()),
        ({"ignore_sct": True}, Trust(sct=False)),
        ({"trust_root": "r"}, Trust(root="r", log_root="r")),
        ({"trust_root": "r", "log": Log("https://rekor", "l")}, Trust(root="r", log_root="l")),
        ({"timestamp_root": ""}, Trust(log=False, timestamp=True)),
        (
            {"trust_root": "r", "timestamp_root": "t"},
            Trust(root="r", log=False, timestamp=True, timestamp_root="t"),
        ),
        ({"key": KEY}, Trust(keys=KEY.keys, hash_algorithm="sha512", sct=False, log=False)),
        ({"key": KEY, "log": Log()}, Trust(keys=KEY.keys, hash_algorithm="sha512", sct=False)),
    ],
)
def test_our_reading(said: dict[str, Any], trust: Trust) -> None:
    assert trusts.ours(authority(**said), {}) == trust


@pytest.mark.parametrize(
    ("said", "trust"),
    [
        ({}, Trust()),
        ({"trust_root": "r"}, Trust(root="r", log=False, now=True)),
        ({"log": Log()}, Trust(log=False, now=True)),
        ({"log": Log("https://rekor")}, Trust()),
        ({"trust_root": "r", "log": Log("", "l")}, Trust(root="r", log_root="l")),
        ({"timestamp_root": ""}, Trust()),
        ({"timestamp_root": "t"}, Trust(log=False, timestamp=True, timestamp_root="t")),
        ({"key": KEY}, Trust(keys=("first",), hash_algorithm="sha512", sct=False, log=False)),
        ({"key": KEY, "log": Log()}, Trust(keys=("first",), hash_algorithm="sha512", sct=False, log=False)),
        ({"key": KEY, "log": Log("https://rekor")}, Trust(keys=("first",), hash_algorithm="sha512", sct=False)),
        ({"signature_format": "bundle"}, Trust()),
        (
            {"signature_format": "bundle", "trust_root": "r", "timestamp_root": "r", "ignore_sct": True},
            Trust(root="r", sct=False, log=False, timestamp=True, timestamp_root="r"),
        ),
        ({"signature_format": "bundle", "timestamp_root": ""}, Trust(log=False, timestamp=True)),
    ],
)
def test_policy_controllers_reading(said: dict[str, Any], trust: Trust) -> None:
    assert trusts.as_cluster(authority(**said), {}) == trust


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"key": KEY}, "keyless authorities only"),
        ({"identities": TWO}, "several"),
        ({"timestamp_root": "t"}, "rfc3161timestamp.trustRootRef"),
        ({"log": Log("", "l")}, "ctlog.trustRootRef"),
        ({"trust_root": "r"}, "logs of a TrustRoot are not found"),
        ({"trust_root": "r", "timestamp_root": "r"}, "logs of a TrustRoot are not found"),
    ],
)
def test_bundle_policies_that_policy_controller_gives_up_on(said: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        trusts.as_cluster(authority(signature_format="bundle", **said), {})


@pytest.mark.parametrize("reading", [trusts.ours, trusts.as_cluster])
def test_key_in_kms(reading: Any) -> None:
    held = authority(key=Key(kms="awskms:///x"))
    assert reading(held, {"awskms:///x": "pem"}).keys == ("pem",)
    with pytest.raises(Unavailable, match="was not asked for"):
        reading(held, {})
    with pytest.raises(Unavailable, match="denied"):
        reading(held, {"awskms:///x": Unavailable(Reason.KEY_UNAVAILABLE, "denied")})


def test_names_of_trusts_differ_where_the_trusts_do() -> None:
    all_ = [
        Trust(),
        Trust(root="r"),
        Trust(log_root="r"),
        Trust(timestamp_root="r"),
        Trust(sct=False),
        Trust(log=False),
        Trust(timestamp=True),
        Trust(now=True),
        Trust(as_cosign=True),
        Trust(keys=("a",)),
        Trust(keys=("b",)),
        Trust(keys=("a",), log=False),
        Trust(keys=("a",), hash_algorithm="sha512"),
    ]
    assert len({str(trust) for trust in all_}) == len(all_)
    assert str(Trust()) == "keyless"
