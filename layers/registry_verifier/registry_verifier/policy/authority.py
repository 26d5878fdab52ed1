"""Reading one authority of a policy: who must have signed, and what must be attested."""

from __future__ import annotations

from registry_verifier.policy import patterns, predicate_types
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import AttestationRule, Authority, Condition, IdentityRule
from registry_verifier.policy.nodes import Scalar

_WAYS = ("keyless", "key", "static")
_PUBLIC_FULCIO = "https://fulcio.sigstore.dev"


def read(authority: Field, index: int) -> Authority:
    """Read an authority; what is wrong is noted, and the value is of no use then."""
    fields = authority.fields(
        ("name", "keyless", "ctlog", "signatureFormat", "attestations"),
        later=("key", "static", "source", "rfc3161timestamp"),
    )
    _require_one_way(authority)
    name = fields["name"].line() if "name" in fields else f"authority-{index}"
    url, identities = _keyless(fields["keyless"]) if "keyless" in fields else (_PUBLIC_FULCIO, ())
    if "ctlog" in fields:
        _transparency_log(fields["ctlog"])
    if "signatureFormat" in fields:
        fields["signatureFormat"].choice("legacy", "bundle")
    attestations = _attestations(fields["attestations"]) if "attestations" in fields else ()
    return Authority(name, identities, attestations, url)


def _require_one_way(authority: Field) -> None:
    ways = [way for way in _WAYS if way in authority.entries()] if authority.node.kind == "mapping" else ["?"]
    if len(ways) != 1:
        authority.refuse(f"expected exactly one of {', '.join(_WAYS)}, got {' and '.join(ways) or 'none'}")


def _keyless(keyless: Field) -> tuple[str, tuple[IdentityRule, ...]]:
    later = ("ca-cert", "trustRootRef", "insecureIgnoreSCT")
    fields = keyless.fields(("url", "identities"), need=("identities",), later=later)
    if "url" in fields and "ca-cert" in keyless.entries():
        keyless.refuse("expected exactly one of url and ca-cert, got both")
    url = fields["url"].url() if "url" in fields else _PUBLIC_FULCIO
    items = fields["identities"].items() if "identities" in fields else []
    return url, tuple(rule for item in items if (rule := _identity(item)))


def _identity(identity: Field) -> IdentityRule | None:
    fields = identity.fields(("issuer", "issuerRegExp", "subject", "subjectRegExp"))
    complete = [_require_one(identity, fields, name) for name in ("issuer", "subject")]
    values = {name: _expression(value) if name.endswith("RegExp") else value.string() for name, value in fields.items()}
    if not all(complete) or not all(values.values()):
        return None
    return IdentityRule(
        issuer=values.get("issuer"),
        issuer_regexp=values.get("issuerRegExp"),
        subject=values.get("subject"),
        subject_regexp=values.get("subjectRegExp"),
    )


def _expression(value: Field) -> str:
    """A regular expression that compiles; the empty string otherwise, which is noted."""
    text = value.string()
    try:
        return text and patterns.compile(text).pattern
    except ValueError as error:
        value.refuse(str(error))
        return ""


def _require_one(identity: Field, fields: dict[str, Field], name: str) -> bool:
    """Whether exactly one of an exact value and an expression is given."""
    given = [key for key in (name, f"{name}RegExp") if key in fields]
    if identity.node.kind == "mapping" and len(given) != 1:
        got = "both" if given else "neither"
        identity.refuse(f"expected exactly one of {name} and {name}RegExp, got {got}")
    return len(given) == 1


def _transparency_log(log: Field) -> None:
    """The address is checked and left at that: which logs count is said by the trusted root."""
    fields = log.fields(("url",), need=("url",), later=("trustRootRef",))
    if "url" in fields:
        fields["url"].url()


def _attestations(attestations: Field) -> tuple[AttestationRule, ...]:
    rules = tuple(_attestation(item) for item in attestations.items())
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        attestations.refuse(f"name {name[:80]!r} stands twice")
    return rules


def _attestation(attestation: Field) -> AttestationRule:
    fields = attestation.fields(("name", "predicateType", "policy"), need=("name", "predicateType"))
    name = fields["name"].line() if "name" in fields else ""
    kind = _predicate_type(fields["predicateType"]) if "predicateType" in fields else ""
    return AttestationRule(name, kind, _condition(fields["policy"]) if "policy" in fields else None)


def _predicate_type(value: Field) -> str:
    text = value.string()
    try:
        return text and predicate_types.expand(text)
    except ValueError as error:
        value.refuse(str(error))
        return ""


def _condition(policy: Field) -> Condition | None:
    fields = policy.fields(
        ("type", "data"),
        need=("type", "data"),
        later=("remote", "configMapRef", "fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta"),
    )
    language = fields["type"].string() if "type" in fields else ""
    if language == "rego":
        fields["type"].refuse("rego is not supported yet")
    elif language and language != "cue":
        fields["type"].refuse(f"is {language[:80]!r} (expected 'cue')")
    return _cue(fields["data"]) if language == "cue" and "data" in fields else None


def _cue(data: Field) -> Condition | None:
    text = data.string()
    try:
        return CueCondition.read(text) if text else None
    except CueProblem as problem:
        place = data.node.place_of(problem.offset) if isinstance(data.node, Scalar) else data.node
        data.refuse(str(problem), at=place)
        return None
