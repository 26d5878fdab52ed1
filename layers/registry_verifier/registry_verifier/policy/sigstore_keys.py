"""`sigstoreKeys` of a TrustRoot: keys and certificates of a private Sigstore, as the trusted root file that they mean.

Sources: policy-controller pkg/apis/policy/v1alpha1 (the fields), sigstore/protobuf-specs `dev.sigstore.trustroot.v1`
(the file), RFC 6962 section 3.2 (a log's id is the hash of its key). A TrustRoot names no times: an authority is
taken as valid while all its certificates are, a log's key always.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry_verifier import signing_key
from registry_verifier.models import Json
from registry_verifier.policy import certificate_chain
from registry_verifier.policy.encoded import decoded
from registry_verifier.policy.fields import Field
from registry_verifier.signing_key import PublicKey

MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

_LISTS = ("certificateAuthorities", "tLogs", "ctLogs", "timestampAuthorities")
_PEM_LIMIT = 64 * 1024
_ALGORITHMS = {f"sha{dash}{bits}": f"SHA2_{bits}" for dash in ("-", "") for bits in (256, 384, 512)}
_CURVES = {
    "secp256r1": "PKIX_ECDSA_P256_SHA_256",
    "secp384r1": "PKIX_ECDSA_P384_SHA_384",
    "secp521r1": "PKIX_ECDSA_P521_SHA_512",
}
_RSA_BITS = (2048, 3072, 4096)
_ALWAYS = {"start": "1970-01-01T00:00:00Z"}


def read(keys: Field) -> bytes:
    """The trusted root file that `sigstoreKeys` mean; what is wrong is noted, and the value is of no use then."""
    fields = keys.fields(_LISTS)
    items = {name: fields[name].items(empty=True) if name in fields else [] for name in _LISTS}
    if keys.node.kind == "mapping" and not items["certificateAuthorities"] and not items["timestampAuthorities"]:
        keys.refuse("has neither certificateAuthorities nor timestampAuthorities")
    return document(
        authorities=[_authority(item, leaf=False) for item in items["certificateAuthorities"]],
        logs=[_log(item, with_rsa=False) for item in items["tLogs"]],
        certificate_logs=[_log(item, with_rsa=True) for item in items["ctLogs"]],
        timestamp_authorities=[_authority(item, leaf=True) for item in items["timestampAuthorities"]],
    )


def document(
    *,
    authorities: Sequence[Json],
    logs: Sequence[Json],
    certificate_logs: Sequence[Json],
    timestamp_authorities: Sequence[Json] = (),
) -> bytes:
    """A trusted root file of these entries."""
    entries = {
        "tlogs": logs,
        "certificateAuthorities": authorities,
        "ctlogs": certificate_logs,
        "timestampAuthorities": timestamp_authorities,
    }
    return json.dumps({"mediaType": MEDIA_TYPE, **entries}, indent=2).encode()


def log_entry(pem: bytes, url: str, *, algorithm: str = "SHA2_256", with_rsa: bool = True) -> Json:
    """The trusted root's entry of a log with this key; ValueError where the key cannot be used.

    A transparency log `with_rsa` is refused by policy-controller, a certificate log is not.
    """
    key = _one_key(pem)
    if isinstance(key, rsa.RSAPublicKey) and not with_rsa:
        raise ValueError("is an rsa key (expected ECDSA or Ed25519 for a transparency log)")
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public_key = {"rawBytes": _base64(der), "keyDetails": _details(key), "validFor": _ALWAYS}
    log_id = {"keyId": _base64(hashlib.sha256(der).digest())}
    return {"baseUrl": url, "hashAlgorithm": algorithm, "publicKey": public_key, "logId": log_id}


def authority_entry(pem: bytes, uri: str, *, leaf: bool = False, subject: Mapping[str, str] | None = None) -> Json:
    """The trusted root's entry of an authority with this chain; ValueError where it is none."""
    chain = certificate_chain.read(pem, leaf=leaf)
    return {
        **({"subject": dict(subject)} if subject else {}),
        "uri": uri,
        "certChain": {"certificates": [{"rawBytes": _base64(each)} for each in chain.certificates]},
        "validFor": {"start": _time(chain.start), "end": _time(chain.end)},
    }


def _details(key: PublicKey) -> str:
    """What the trusted root's format calls a log's key of this kind; ValueError where it has no word for it."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "PKIX_ED25519"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES[key.curve.name]
    if key.key_size not in _RSA_BITS:
        raise ValueError(f"rsa key has {key.key_size} bits (expected {', '.join(map(str, _RSA_BITS))})")
    return f"PKIX_RSA_PKCS1V15_{key.key_size}_SHA256"


def _one_key(pem: bytes) -> PublicKey:
    try:
        keys = signing_key.read(pem.decode("ascii"))
    except UnicodeDecodeError as error:
        raise ValueError("public key is not pem") from error
    if len(keys) != 1:
        raise ValueError(f"has {len(keys)} public keys (expected one)")
    return signing_key.load(keys[0])


def _authority(authority: Field, *, leaf: bool) -> Json:
    names = ("subject", "uri", "certChain")
    fields = authority.fields(names, need=names)
    subject = _subject(fields["subject"]) if "subject" in fields else {}
    uri = fields["uri"].url() if "uri" in fields else ""
    pem = decoded(fields["certChain"], limit=_PEM_LIMIT) if "certChain" in fields else b""
    try:
        return authority_entry(pem, uri, leaf=leaf, subject=subject) if pem else {}
    except ValueError as error:
        fields["certChain"].refuse(str(error))
        return {}


def _subject(subject: Field) -> dict[str, str]:
    names = ("organization", "commonName")
    fields = subject.fields(names, need=names)
    return {name: value.line() for name, value in fields.items()}


def _log(log: Field, *, with_rsa: bool) -> Json:
    names = ("baseURL", "hashAlgorithm", "publicKey")
    fields = log.fields(names, need=names)
    url = fields["baseURL"].url() if "baseURL" in fields else ""
    algorithm = fields["hashAlgorithm"].choice(*_ALGORITHMS) if "hashAlgorithm" in fields else ""
    pem = decoded(fields["publicKey"], limit=_PEM_LIMIT) if "publicKey" in fields else b""
    try:
        return log_entry(pem, url, algorithm=_ALGORITHMS.get(algorithm, ""), with_rsa=with_rsa) if pem else {}
    except ValueError as error:
        fields["publicKey"].refuse(str(error))
        return {}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
