"""A verdict for people at a terminal. What strangers wrote is stripped of anything that a terminal would act on."""

from __future__ import annotations

from collections.abc import Iterator

from registry_verifier.models import Json

_LIMIT = 400


def text(document: Json) -> str:
    """The verdict document as lines of text, the answer first."""
    return "\n".join(_lines(document))


def printable(value: object) -> str:
    """One line of printable characters, at most 400: control and formatting characters become spaces."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:_LIMIT]


def _lines(document: Json) -> Iterator[str]:
    yield f"{document['status']}  {document['image']}@{document['digest']}"
    for cause in document["causes"]:
        yield f"  {cause['code']}: {printable(cause['text'])}"
    for policy in document["policies"]:
        yield from _policy(policy)
    if miss := document["nearest_miss"]:
        yield "nearest miss"
        yield f"  expected {printable(miss['expected']['subject'])} (issuer {printable(miss['expected']['issuer'])})"
        yield f"  found    {printable(miss['found']['subject'])} (issuer {printable(miss['found']['issuer'])})"
    if document["statements"]:
        yield "found"
        for statement in document["statements"]:
            yield from _statement(statement)
    if document["reproduce"]:
        yield "check it by hand"
        yield from (f"  {printable(command)}" for command in document["reproduce"])


def _policy(policy: Json) -> Iterator[str]:
    yield f"policy {printable(policy['name'])} ({policy['mode']}): {'holds' if policy['holds'] else 'does not hold'}"
    for authority in policy["authorities"]:
        yield f"  authority {printable(authority['name'])}"
        for requirement in authority["requirements"]:
            met = f"met by {requirement['used']}" if requirement["used"] else requirement["cause"]["code"]
            yield f"    {printable(requirement['name'])}: {printable(met)}"


def _statement(statement: Json) -> Iterator[str]:
    what = "signature" if statement["is_signature"] else statement["predicate_type"] or "unreadable"
    yield f"  {printable(statement['place'])}: {printable(what)}"
    if identity := statement["identity"]:
        when = f", {statement['signed_at']}, log index {statement['log_index']}" if statement["signed_at"] else ""
        yield f"    by {printable(identity['subject'])}{when}"
    if not statement["holds"]:
        yield f"    not usable: {statement['reason']}: {printable(statement['detail'])}"
