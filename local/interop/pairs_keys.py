"""Rows about keys without certificates, and authorities that look at nothing."""

from __future__ import annotations

from dataclasses import replace

from local.interop.evidence import BY_US, Signer, attested, bundled, signed
from local.interop.pair import Difference, pair
from local.interop.policy_pieces import PRIVATE, STRANGER, key, keyless, log, older, policy, static, wanted
from local.interop.predicates import BOM, SBOM
from local.interop.signing_keys import ED25519, OTHER, P384, RELEASE, SHA512, PlainKey, rsa_key
from local.sigstore.protojson import Json

_SBOM = [wanted(SBOM)]
_CUE = 'predicate: bomFormat: "CycloneDX"'
_STAMPED: Json = {"rfc3161timestamp": {"trustRootRef": PRIVATE}}

_IN_CLUSTER = Difference("cannot tell", "a key in a Secret is in the cluster, where neither policy-tester nor we look")


def _by(hand: PlainKey, *, log: bool = False) -> Signer:
    return Signer(key=hand, log=log)


_OURS, _LOGGED = signed(_by(RELEASE)), signed(_by(RELEASE, log=True))
_BOTH = RELEASE.pem + OTHER.pem

_keys = (
    pair("key", policy(key(RELEASE.pem)), evidence=(_OURS,)),
    pair("key, unsigned", policy(key(RELEASE.pem))),
    pair("another key", policy(key(OTHER.pem)), evidence=(_OURS,)),
    pair(
        "key about another digest",
        policy(key(RELEASE.pem)),
        evidence=(signed(replace(_by(RELEASE), about_other=True)),),
    ),
    pair("key, signed by certificate", policy(key(RELEASE.pem)), evidence=(signed(),)),
    pair("certificate wanted, signed by key", policy(keyless()), evidence=(_LOGGED,)),
    pair("key, logged, log not wanted", policy(key(RELEASE.pem)), evidence=(_LOGGED,)),
    pair("key and log", policy(key(RELEASE.pem, ctlog=log())), evidence=(_LOGGED,)),
    pair("key and log of TrustRoot", policy(key(RELEASE.pem, ctlog=log(PRIVATE))), evidence=(_LOGGED,)),
    pair(
        "key and log, logged by another Sigstore",
        policy(key(RELEASE.pem, ctlog=log(PRIVATE))),
        evidence=(signed(replace(_by(RELEASE, log=True), stranger=True)),),
    ),
    pair(
        "key, logged by another Sigstore, log not wanted",
        policy(key(RELEASE.pem)),
        evidence=(signed(replace(_by(RELEASE, log=True), stranger=True)),),
    ),
    pair("key and log of TrustRoot, not logged", policy(key(RELEASE.pem, ctlog=log(PRIVATE))), evidence=(_OURS,)),
    pair("key, ctlog without url", policy(key(RELEASE.pem, ctlog={})), evidence=(_OURS,)),
    pair(
        "key, ctlog of a TrustRoot without url",
        policy(key(RELEASE.pem, ctlog={"trustRootRef": PRIVATE})),
        evidence=(_LOGGED,),
    ),
    pair(
        "key, ctlog of a TrustRoot without url, not logged",
        policy(key(RELEASE.pem, ctlog={"trustRootRef": PRIVATE})),
        evidence=(_OURS,),
    ),
    pair(
        "key, ctlog of a TrustRoot without url, v1alpha1",
        older(policy(key(RELEASE.pem, ctlog={"trustRootRef": PRIVATE}))),
        evidence=(_LOGGED,),
    ),
    pair(
        "key and timestamp", policy(key(RELEASE.pem, **_STAMPED)), evidence=(signed(replace(_by(RELEASE), stamp=True)),)
    ),
    pair("key and timestamp, none there", policy(key(RELEASE.pem, **_STAMPED)), evidence=(_OURS,)),
    pair(
        "key and timestamp by another Sigstore",
        policy(key(RELEASE.pem, **_STAMPED)),
        evidence=(signed(replace(_by(RELEASE), stamp=True, stranger=True)),),
    ),
    pair("key on P-384", policy(key(P384.pem)), evidence=(signed(_by(P384)),)),
    pair("key of Ed25519", policy(key(ED25519.pem)), evidence=(signed(_by(ED25519)),)),
    pair("key of RSA", policy(key(rsa_key().pem)), evidence=(signed(_by(rsa_key())),)),
    pair("key with SHA-512", policy(key(RELEASE.pem, hash_algorithm="sha512")), evidence=(signed(_by(SHA512)),)),
    pair("key with SHA-512, signed with SHA-256", policy(key(RELEASE.pem, hash_algorithm="sha512")), evidence=(_OURS,)),
    pair("key, signed with SHA-512", policy(key(RELEASE.pem)), evidence=(signed(_by(SHA512)),)),
    pair("key with an unknown hash", policy(key(RELEASE.pem, hash_algorithm="md5")), evidence=(_OURS,)),
    pair("two keys in one text, signed by the first", policy(key(_BOTH)), evidence=(_OURS,)),
    pair("two keys in one text, signed by the second", policy(key(_BOTH)), evidence=(signed(_by(OTHER)),)),
    pair(
        "two keys in two authorities", policy(key(OTHER.pem, name="a"), key(RELEASE.pem, name="b")), evidence=(_OURS,)
    ),
    pair("key that is none", policy(key("-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n"))),
    pair(
        "key, bundle",
        policy(key(RELEASE.pem, signatureFormat="bundle", attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM),),
    ),
    pair("key, signed in a layer, bundle", policy(key(RELEASE.pem, signatureFormat="bundle")), evidence=(_OURS,)),
    pair(
        "key in a secret",
        policy({"name": "key", "key": {"secretRef": {"name": "a"}}}),
        evidence=(_OURS,),
        difference=_IN_CLUSTER,
    ),
    pair("key and SBOM", policy(key(RELEASE.pem, attestations=_SBOM)), evidence=(attested(SBOM, BOM, _by(RELEASE)),)),
    pair(
        "key and SBOM by another key",
        policy(key(RELEASE.pem, attestations=_SBOM)),
        evidence=(attested(SBOM, BOM, _by(OTHER)),),
    ),
    pair(
        "key and SBOM by certificate",
        policy(key(RELEASE.pem, attestations=_SBOM)),
        evidence=(_OURS, attested(SBOM, BOM, BY_US)),
    ),
    pair(
        "key and SBOM with condition",
        policy(key(RELEASE.pem, attestations=[wanted(SBOM, cue=_CUE)])),
        evidence=(attested(SBOM, BOM, _by(RELEASE)),),
    ),
    pair("key and SBOM, two keys", policy(key(_BOTH, attestations=_SBOM)), evidence=(attested(SBOM, BOM, _by(OTHER)),)),
    pair("key or certificate, signed by certificate", policy(key(OTHER.pem), keyless()), evidence=(signed(),)),
    pair("key or certificate, signed by key", policy(key(RELEASE.pem), keyless()), evidence=(_OURS,)),
)

_static = (
    pair("static pass", policy(static("pass"))),
    pair("static fail", policy(static("fail"))),
    pair("static fail with a message", policy(static("fail", "not in this cluster"))),
    pair("static fail or signed", policy(static("fail"), keyless()), evidence=(signed(),)),
    pair("static pass or unsigned", policy(static("pass"), keyless())),
    pair("static of an unknown action", policy(static("maybe"))),
    pair("static with attestations", policy({**static("pass"), "attestations": _SBOM})),
    pair("nothing in an authority", policy({"name": "a"})),
    pair("key and keyless in one authority", policy({**keyless(STRANGER), **key(RELEASE.pem)})),
    pair("no authorities", policy()),
)

PAIRS = _keys + _static
