"""Policies with their trusted roots: what a TrustRoot lacks that an authority demands is nobody's wrong evidence."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from local.signing import signer
from registry_verifier import configuration, verdict
from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.configuration import Configuration
from registry_verifier.models import Verdict
from registry_verifier.policy import lint
from registry_verifier.policy.load import PolicySet, load_files
from registry_verifier.reasons import Reason, Status
from registry_verifier.trusted_root import TrustedRoot
from tests import finding, material
from tests.fakes import FakeRegistry
from tests.material import DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SUBJECT

Change = Callable[[dict[str, Any]], object]
OURS = {"trustRootRef": "acme"}
WHO = {"identities": [{"issuer": ISSUER, "subject": SUBJECT}], **OURS}
KEYLESS = {"keyless": WHO}
UNSTAMPED = {"keyless": {**WHO, "insecureIgnoreSCT": True}}
STAMPED = {"keyless": WHO, "rfc3161timestamp": OURS}
KEYED = {"key": {"data": material.key().pem}}
KMS = {"key": {"kms": "awskms:///arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}
SUBJECT_OF = {"organization": "acme", "commonName": "acme"}


def pem(chain: list[str]) -> str:
    ders = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in chain]
    return base64.b64encode(b"".join(der.public_bytes(Encoding.PEM) for der in ders)).decode()


def keys() -> dict[str, Any]:
    """The test Sigstore as a TrustRoot has it."""
    root = material.sigstore().trusted_root()

    def log(one: dict[str, Any]) -> dict[str, Any]:
        lines = f"-----BEGIN PUBLIC KEY-----\n{one['publicKey']['rawBytes']}\n-----END PUBLIC KEY-----\n"
        key = base64.b64encode(lines.encode()).decode()
        return {"baseURL": "https://log.example", "hashAlgorithm": "sha-256", "publicKey": key}

    def authority(one: dict[str, Any]) -> dict[str, Any]:
        chain = [each["rawBytes"] for each in one["certChain"]["certificates"]]
        return {"subject": SUBJECT_OF, "uri": "https://ca.example", "certChain": pem(chain)}

    return {
        "certificateAuthorities": [*map(authority, root["certificateAuthorities"])],
        "tLogs": [*map(log, root["tlogs"][:1])],
        "ctLogs": [*map(log, root["ctlogs"])],
        "timestampAuthorities": [*map(authority, root["timestampAuthorities"])],
    }


def loaded(authority: dict[str, Any], change: Change = lambda keys: None) -> PolicySet:
    said = keys()
    change(said)
    root = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": "acme"}}
    policy = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"}}
    spec = {"images": [{"glob": "**"}], "authorities": [json.loads(json.dumps(authority))]}
    text = yaml.safe_dump_all([root | {"spec": {"sigstoreKeys": said}}, policy | {"spec": spec}])
    return load_files({"p.yaml": text.encode()})


def configured(authority: dict[str, Any], change: Change = lambda keys: None) -> Configuration:
    return configuration.configured(loaded(authority, change), material.root(material.stranger()))


def without(part: str) -> Change:
    return lambda keys: keys.pop(part)


def without_leaf(keys: dict[str, Any]) -> None:
    for one in keys["timestampAuthorities"]:
        chain = x509.load_pem_x509_certificates(base64.b64decode(one["certChain"]))
        one["certChain"] = pem([base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in chain[1:]])


def judged(found: Configuration) -> Verdict:
    fake = FakeRegistry()
    fake.put(MANIFEST, "v1")
    fake.attach(DIGEST, signer.bundle_signature(material.sigstore(), material.leaf(), DIGEST, tsa=True))
    question = verdict.Question(IMAGE, DIGEST, found.policies, "", NOW)
    return verdict.judge(question, finding.found(fake, *found.policies, roots=dict(found.roots)), waiting=True)


@pytest.mark.parametrize("authority", [KEYLESS, UNSTAMPED, STAMPED], ids=["log", "no stamp", "timestamp"])
def test_trust_root_with_all_that_is_demanded(authority: dict[str, Any]) -> None:
    assert judged(configured(authority)).status == Status.VERIFIED


LACKING = [
    (KEYLESS, without("tLogs"), "TrustRoot acme has no tLogs"),
    (KEYLESS, without("ctLogs"), "TrustRoot acme has no ctLogs"),
    (KEYLESS, without("certificateAuthorities"), "TrustRoot acme has no certificateAuthorities"),
    (STAMPED, without("timestampAuthorities"), "TrustRoot acme has no timestampAuthorities"),
    (STAMPED, without_leaf, "TrustRoot acme has no timestampAuthorities with the certificate that signs first"),
    ({**KEYED, "ctlog": OURS}, without("tLogs"), "TrustRoot acme has no tLogs"),
    ({**KMS, "ctlog": OURS}, without("tLogs"), "TrustRoot acme has no tLogs"),
]


@pytest.mark.parametrize(("authority", "change", "said"), LACKING)
def test_trust_root_that_lacks_what_is_demanded_makes_nothing_wrong(
    authority: dict[str, Any], change: Change, said: str
) -> None:
    result = judged(configured(authority, change))
    assert (result.status, [cause.code for cause in result.causes]) == (Status.UNKNOWN, [Reason.POLICY_UNSUPPORTED])
    assert said in result.causes[0].text


@pytest.mark.parametrize(("authority", "change", "said"), LACKING)
def test_what_a_trust_root_lacks_is_a_warning(authority: dict[str, Any], change: Change, said: str) -> None:
    bound = configuration.checked(loaded(authority, change))
    advice = [one for one in lint.advise(bound.policies[0]) if one.code == "unsupported-here"]
    assert [(one.path, said in one.text) for one in advice] == [("spec.authorities[0]", True)]


@pytest.mark.parametrize(
    ("authority", "change"),
    [
        (UNSTAMPED, without("ctLogs")),
        (STAMPED, without("tLogs")),
        (KEYLESS, without("timestampAuthorities")),
        ({**KEYED, "ctlog": OURS}, without("certificateAuthorities")),
        ({"static": {"action": "fail"}}, without("tLogs")),
    ],
)
def test_what_nobody_demands_of_a_trust_root_may_be_absent(authority: dict[str, Any], change: Change) -> None:
    assert configured(authority, change).policies[0].authorities[0].cannot == ""
    assert configuration.checked(loaded(authority, change)).policies[0].authorities[0].cannot == ""


def test_timestamp_of_a_deployment_without_an_authority_for_it_is_unknown() -> None:
    document = material.sigstore().trusted_root() | {"timestampAuthorities": []}
    policies = loaded({"keyless": {"identities": WHO["identities"]}, "rfc3161timestamp": {}})
    found = configuration.configured(policies, TrustedRoot(json.dumps(document).encode()))
    assert found.policies[0].authorities[0].cannot.startswith("the deployment's trusted root has no timestampAuth")
    assert found.policies[0].sha256 == policies.policies[0].sha256
    assert configuration.checked(policies).policies[0].authorities[0].cannot == ""


def test_trust_root_that_was_not_fetched_is_a_warning() -> None:
    remote = {"root": base64.b64encode(b'{"signatures": [1]}').decode(), "mirror": "https://tuf.example"}
    policies = loaded(KEYLESS)
    text = yaml.safe_dump(
        {
            "apiVersion": "policy.sigstore.dev/v1alpha1",
            "kind": "TrustRoot",
            "metadata": {"name": "acme"},
            "spec": {"remote": remote},
        }
    )
    (other,) = load_files({"r.yaml": text.encode()}).trust_roots
    bound = configuration.checked(PolicySet(policies.policies, (other,), policies.nodes))
    assert "was not fetched" in bound.policies[0].authorities[0].cannot
    assert PUBLIC_GOOD not in bound.policies[0].authorities[0].trust_roots
