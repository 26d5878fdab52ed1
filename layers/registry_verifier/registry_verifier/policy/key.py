"""Reading a key authority: which public keys may have signed."""

from __future__ import annotations

from registry_verifier import signing_key
from registry_verifier.policy import kms, withheld
from registry_verifier.policy.beside import NAMESPACE
from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import Key

_WAYS = ("data", "kms", "secretRef")
_ALGORITHMS = ("sha224", "sha256", "sha384", "sha512")


def read(key: Field) -> tuple[Key, str]:
    """The key, and why it cannot be had here (empty where it can); what is wrong is noted."""
    fields = key.fields((*_WAYS, "hashAlgorithm"))
    given = [way for way in _WAYS if way in fields]
    if key.node.kind == "mapping" and len(given) != 1:
        got = "both" if len(given) > 1 else "neither"
        key.refuse(f"expected exactly one of {', '.join(_WAYS)}, got {got}")
    algorithm = _algorithm(fields["hashAlgorithm"]) if "hashAlgorithm" in fields else "sha256"
    keys = _data(fields["data"]) if "data" in fields else ()
    reference = _kms(fields["kms"]) if "kms" in fields else ""
    cannot = _secret(fields["secretRef"]) if "secretRef" in fields else _foreign(reference)
    return Key(keys, reference, algorithm), cannot


def _algorithm(value: Field) -> str:
    """As policy-controller takes it: upper case and white space around it do not count."""
    text = value.string()
    word = text.strip().lower()
    if text and word not in _ALGORITHMS:
        value.refuse(f"is {text[:80]!r} (expected {', '.join(_ALGORITHMS)})")
    return word


def _data(data: Field) -> tuple[str, ...]:
    text = data.string()
    try:
        return signing_key.read(text) if text else ()
    except ValueError as error:
        data.refuse(str(error))
        return ()


def _kms(value: Field) -> str:
    text = value.line(limit=2048)
    try:
        if text:
            kms.check(text)
    except ValueError as error:
        value.refuse(str(error))
    return text


def _foreign(reference: str) -> str:
    """Keys of other clouds are not asked for; the policy loads, and this authority cannot be evaluated."""
    if not reference or reference.startswith("awskms://"):
        return ""
    scheme = reference.partition("://")[0]
    return f"key is in {scheme}://, which is not asked here: write the public key as data"


def _secret(reference: Field) -> str:
    fields = reference.fields(("name", "namespace"))
    name = fields["name"].line() if "name" in fields else ""
    namespace = fields["namespace"].line() if "namespace" in fields else ""
    if namespace and namespace != NAMESPACE:
        fields["namespace"].refuse(f"is {namespace[:80]!r} (expected {NAMESPACE!r}, where policy-controller runs)")
    shown = withheld.without_keys(repr(name[:80]))
    return f"key is in the secretRef {shown}, which only the cluster can read: write the public key as data"
