"""Reading the attestations that an authority demands."""

from __future__ import annotations

from registry_verifier.policy import conditions, predicate_types
from registry_verifier.policy.beside import Beside
from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import AttestationRule


def read_all(attestations: Field, beside: Beside) -> tuple[AttestationRule, ...]:
    """Each listed attestation; two of one name are refused. An empty list demands nothing."""
    rules = tuple(_read(item, beside) for item in attestations.items(empty=True))
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        attestations.refuse(f"name {name[:80]!r} stands twice")
    return rules


def _read(attestation: Field, beside: Beside) -> AttestationRule:
    fields = attestation.fields(("name", "predicateType", "policy"), need=("name", "predicateType"))
    name = fields["name"].line() if "name" in fields else ""
    written = fields["predicateType"].string() if "predicateType" in fields else ""
    kind = _predicate_type(fields["predicateType"], written) if written else ""
    condition = conditions.of_attestation(fields["policy"], beside) if "policy" in fields else None
    return AttestationRule(name, kind, condition, written if written != kind else "")


def _predicate_type(value: Field, text: str) -> str:
    try:
        return predicate_types.expand(text)
    except ValueError as error:
        value.refuse(str(error))
        return ""
