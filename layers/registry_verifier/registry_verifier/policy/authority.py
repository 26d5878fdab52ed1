"""Reading one authority of a policy: who must have signed, where that is kept, and what must be attested."""

from __future__ import annotations

from dataclasses import replace

from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.models import ImageName
from registry_verifier.policy import attestation, key, keyless, withheld
from registry_verifier.policy.beside import Beside
from registry_verifier.policy.fields import Field
from registry_verifier.policy.keyless import Keyless
from registry_verifier.policy.model import Authority, Log, Source, Static

_WAYS = ("keyless", "key", "static")
_FIELDS = ("name", *_WAYS, "source", "ctlog", "rfc3161timestamp", "signatureFormat", "attestations")
_NOT_BESIDE_STATIC = ("attestations", "source", "ctlog", "rfc3161timestamp")
_CA_CERT = "keyless.ca-cert verifies nothing, in policy-controller neither: name a TrustRoot by trustRootRef"


def read(authority: Field, index: int, beside: Beside) -> Authority:
    """Read an authority; what is wrong is noted, and the value is of no use then."""
    fields = authority.fields(_FIELDS)
    _require_one_way(authority, fields)
    who = keyless.read(fields["keyless"]) if "keyless" in fields else Keyless()
    public_key, cannot = key.read(fields["key"]) if "key" in fields else (None, "")
    static = _static(authority, fields) if "static" in fields else None
    log = _log(fields["ctlog"]) if "ctlog" in fields else None
    timestamp_root = _timestamp_root(fields["rfc3161timestamp"]) if "rfc3161timestamp" in fields else None
    read = Authority(
        name=fields["name"].line() if "name" in fields else f"authority-{index}",
        identities=who.identities,
        attestations=attestation.read_all(fields["attestations"], beside) if "attestations" in fields else (),
        url=who.url,
        key=public_key,
        static=static,
        source=_source(fields["source"]) if "source" in fields else Source(),
        trust_root=who.trust_root,
        ignore_sct=who.ignore_sct,
        log=log,
        timestamp_root=timestamp_root,
        signature_format=fields["signatureFormat"].line() if "signatureFormat" in fields else "",
        ca_cert=who.ca_cert,
    )
    return replace(read, cannot=cannot or _cannot(read, beside))


def _cannot(authority: Authority, beside: Beside) -> str:
    absent = [name for name in authority.trust_roots if name not in beside.trust_roots]
    if absent:
        return (
            f"TrustRoot {withheld.without_keys(repr(absent[0][:80]))} is not in these files: put it beside the policy"
        )
    return _CA_CERT if authority.ca_cert else ""


def _require_one_way(authority: Field, fields: dict[str, Field]) -> None:
    ways = [way for way in _WAYS if way in fields and fields[way].node.kind != "null"]
    if authority.node.kind == "mapping" and len(ways) != 1:
        authority.refuse(f"expected exactly one of {', '.join(_WAYS)}, got {' and '.join(ways) or 'none'}")


def _static(authority: Field, fields: dict[str, Field]) -> Static:
    for name in _NOT_BESIDE_STATIC:
        if name in fields:
            authority.refuse(f"expected exactly one of static and {name}, got both")
    inner = fields["static"].fields(("action", "message"), need=("action",))
    action = inner["action"].choice("pass", "fail") if "action" in inner else ""
    return Static(action, inner["message"].text() if "message" in inner else "")


def _source(source: Field) -> Source:
    items = source.items(empty=True)
    if len(items) > 1:
        source.refuse(f"has {len(items)} entries (policy-controller takes one)")
    return _one_source(items[0]) if items else Source()


def _one_source(source: Field) -> Source:
    """Where evidence is; pull secrets say how the cluster may read there, and count for nothing here."""
    fields = source.fields(("oci", "tagPrefix", "signaturePullSecrets"))
    for secret in fields["signaturePullSecrets"].items() if "signaturePullSecrets" in fields else ():
        secret.fields(("name",), need=("name",))
    return Source(
        _repository(fields["oci"]) if "oci" in fields else "",
        fields["tagPrefix"].text() if "tagPrefix" in fields else "",
    )


def _repository(value: Field) -> str:
    text = value.string()
    try:
        return text and str(ImageName.parse(text))
    except ValueError as error:
        value.refuse(str(error))
        return ""


def _log(log: Field) -> Log:
    """The address is checked and left at that: which logs count is said by the trusted root."""
    fields = log.fields(("url", "trustRootRef"))
    url = fields["url"].url() if "url" in fields else ""
    return Log(url, fields["trustRootRef"].line() if "trustRootRef" in fields else PUBLIC_GOOD)


def _timestamp_root(timestamp: Field) -> str:
    fields = timestamp.fields(("trustRootRef",))
    return fields["trustRootRef"].line() if "trustRootRef" in fields else PUBLIC_GOOD
