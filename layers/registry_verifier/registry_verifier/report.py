"""A verdict for people at a terminal. What strangers wrote is stripped of anything that a terminal would act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry_verifier.models import Json

_LIMIT = 400
_ROWS_LIMIT = 32


def text(document: Json) -> str:
    """The verdict document as lines of text, the answer first."""
    return "\n".join(_lines(document))


def printable(value: object) -> str:
    """One line of printable characters, at most 400: control and formatting characters become spaces."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:_LIMIT]


def _lines(document: Json) -> Iterator[str]:
    yield f"{document['status']}  {document['image']}@{document['digest']}"
    yield from (f"  {cause['code']}: {printable(cause['text'])}" for cause in document["causes"])
    for policy in document["policies"]:
        yield from _policy(policy)
    yield from _children(document.get("children_table", ()))
    yield from _beside(document)
    if document["statements"]:
        yield "found"
        for statement in document["statements"]:
            yield from _statement(statement)
    if document["reproduce"]:
        yield "check it by hand"
        yield from (f"  {printable(command)}" for command in document["reproduce"])


def _beside(document: Json) -> Iterator[str]:
    """What stands beside the answer: who came near, what is odd, what the cluster would say."""
    if miss := document["nearest_miss"]:
        yield "nearest miss"
        yield f"  expected {printable(miss['expected']['subject'])} (issuer {printable(miss['expected']['issuer'])})"
        yield f"  found    {printable(miss['found']['subject'])} (issuer {printable(miss['found']['issuer'])})"
    for warning in document["warnings"]:
        yield f"warning {warning['code']}: {printable(warning['text'])}"
    if cluster := document["policy_controller"]:
        yield f"policy-controller would say: {cluster['answer']}: {printable(cluster['text'])}"


def _policy(policy: Json) -> Iterator[str]:
    yield f"policy {printable(policy['name'])} ({policy['mode']}): {'holds' if policy['holds'] else 'does not hold'}"
    for authority in policy["authorities"]:
        yield f"  authority {printable(authority['name'])}"
        for requirement in authority["requirements"]:
            met = f"met by {requirement['used']}" if requirement["used"] else requirement["cause"]["code"]
            yield f"    {printable(requirement['name'])}: {printable(met)}"
    if condition := policy.get("condition"):
        yield f"  condition: {'holds' if condition['used'] else printable(condition['cause']['text'])}"
    for demand in filter(None, (policy.get("leaves"), policy.get("presence"))):
        yield f"  {demand['name']}: {'holds' if demand['used'] else printable(demand['cause']['text'])}"


def _children(table: Sequence[Json]) -> Iterator[str]:
    """What is known of each child of an index."""
    if table:
        yield "children"
    for child in table[:_ROWS_LIMIT]:
        why = f": {printable(child['text'])}" if child["text"] else ""
        yield f"  {printable(child['platform'] or 'no platform')} {child['digest']}: {child['state']}{why}"
    if len(table) > _ROWS_LIMIT:
        yield f"  and {len(table) - _ROWS_LIMIT} more"


def _statement(statement: Json) -> Iterator[str]:
    what = "signature" if statement["is_signature"] else statement["predicate_type"] or "unreadable"
    yield f"  {printable(statement['place'])}: {printable(what)}"
    if identity := statement["identity"]:
        when = f", {statement['signed_at']}, log index {statement['log_index']}" if statement["signed_at"] else ""
        yield f"    by {printable(identity['subject'])}{when}"
    elif key := statement.get("key"):
        yield f"    by key {printable(key)}"
    if not statement["holds"]:
        yield f"    not usable: {statement['reason']}: {printable(statement['detail'])}"
    for contradiction in statement.get("contradictions", ()):
        yield f"    contradicts: {printable(contradiction)}"
