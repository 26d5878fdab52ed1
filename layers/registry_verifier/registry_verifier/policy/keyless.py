"""Reading a keyless authority: whose certificates may have signed."""

from __future__ import annotations

from dataclasses import dataclass

from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.policy import key, patterns
from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import IdentityRule

PUBLIC_FULCIO = "https://fulcio.sigstore.dev"


@dataclass(frozen=True)
class Keyless:
    """What `keyless` says."""

    identities: tuple[IdentityRule, ...] = ()
    url: str = PUBLIC_FULCIO
    trust_root: str = PUBLIC_GOOD
    ignore_sct: bool = False
    ca_cert: bool = False


def read(keyless: Field) -> Keyless:
    """Read it; what is wrong is noted, and the value is of no use then."""
    known = ("url", "identities", "ca-cert", "trustRootRef", "insecureIgnoreSCT")
    fields = keyless.fields(known, need=("identities",))
    if "url" in fields and "ca-cert" in fields:
        keyless.refuse("expected exactly one of url and ca-cert, got both")
    if "ca-cert" in fields:
        key.read(fields["ca-cert"])
    items = fields["identities"].items() if "identities" in fields else []
    return Keyless(
        identities=tuple(rule for item in items if (rule := _identity(item))),
        url=fields["url"].url() if "url" in fields else PUBLIC_FULCIO,
        trust_root=fields["trustRootRef"].line() if "trustRootRef" in fields else PUBLIC_GOOD,
        ignore_sct=fields["insecureIgnoreSCT"].boolean() if "insecureIgnoreSCT" in fields else False,
        ca_cert="ca-cert" in fields,
    )


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
