"""What stands in an incident's thread: the details of its opening, what changed since, and its end.

Where messages have no threads, the details are part of the message, and the others are messages of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry_verifier import incident, message, mrkdwn
from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.message import Payload, objects
from registry_verifier.models import Json, State
from registry_verifier.mrkdwn import Block, code, sentence

_LEAVES_SHOWN = 15
_REPLY_LIMIT = 12_000
"""characters of a reply; Slack takes about 13,000"""
_PROBLEMS = ("unsigned", "wrong", "missing")
"""the states of an index's children that people have to do something about"""


def details(state: State, key: Key) -> list[Block | None]:
    """Which demand is met by what, the children that are not as they should be, and how to reproduce it."""
    document = state.document
    blocks: list[Block | None] = []
    if requirements := list(_requirements(document, key)):
        blocks.append(mrkdwn.section("Requirements", requirements))
    if children := list(_children(document)):
        blocks.append(mrkdwn.section("Platforms", children))
    if warnings := message.listed(objects(document, "warnings")):
        blocks.append(mrkdwn.section("Warnings", warnings))
    return [*blocks, mrkdwn.code_block("Reproduce", document.get("reproduce") or ())]


def reply(state: State, told: Incident) -> Payload | None:
    """The next reply in an incident's thread: the details first, then what changed, then its end.

    The first one keeps what is wrong, since the message forgets it when that changes.
    """
    if told.replied == 0:
        first = message.evidence(state, told.key) if told.key.kind is Kind.FAILED else ()
        blocks = mrkdwn.fitting([*first, *details(state, told.key)], _REPLY_LIMIT)
        return _payload(f"Details: {state.image.repository}", state, blocks) if blocks else None
    return _end(state, told.key, told.ending) if told.ending else _change(state, told.key)


def _change(state: State, key: Key) -> Payload:
    """In full, since the message forgets the old reasons."""
    reasons = ", ".join(incident.reasons(state.document, key)) or "not recorded"
    lines = message.causes(state.document, key) or ["not recorded"]
    return _payload(f"Now: {reasons}", state, [mrkdwn.section("Reason now", lines), _when(state)])


def _end(state: State, key: Key, ending: Ending) -> Payload:
    title = message.title(ending)
    blocks = [mrkdwn.section(title, [message.why_ended(state, key, ending)]), _when(state)]
    return _payload(f"{title}: {state.image.repository}", state, blocks)


def _payload(headline: str, state: State, blocks: Iterable[Block]) -> Payload:
    text = mrkdwn.sentence(f"{headline} ({state.digest[:19]})", mrkdwn.TEXT_LIMIT)
    return {"text": text, "blocks": list(blocks), "unfurl_links": False, "unfurl_media": False}


def _when(state: State) -> Block:
    checked = code(str(state.document.get("verified_at", "")), 40)
    return mrkdwn.context(f"verdict {state.version} · checked {checked}")


def _requirements(document: Json, key: Key) -> Iterator[str]:
    for policy in objects(document, "policies"):
        if key.policy not in ("", policy.get("name")):
            continue
        for authority in objects(policy, "authorities"):
            for requirement in objects(authority, "requirements"):
                yield _requirement(requirement, policy, authority)
        for name in ("leaves", "presence", "condition"):
            if policy.get(name):
                yield _requirement(policy[name], policy)


def _requirement(requirement: Json, *owners: Json) -> str:
    name = "/".join(owner.get("name", "") for owner in (*owners, requirement))
    return f"• {code(name)} {_outcome(requirement)}"


def _outcome(requirement: Json) -> str:
    if used := requirement.get("used"):
        return f"met by {code(used)}"
    cause = requirement.get("cause") or {}
    return f"not met, {code(cause['code'])}" if cause.get("code") else "not met"


def _children(document: Json) -> Iterator[str]:
    """The children of an index that are not as they should be."""
    rows = [row for row in objects(document, "children_table") if row.get("state") in _PROBLEMS]
    for row in rows[:_LEAVES_SHOWN]:
        platform = code(str(row.get("platform") or "unknown platform"), 60)
        text = sentence(str(row.get("text") or ""), 200)
        yield f"• {platform} {code(str(row.get('digest', '')), 80)} {code(str(row['state']), 20)} {text}".rstrip()
    if len(rows) > _LEAVES_SHOWN:
        yield f"and {len(rows) - _LEAVES_SHOWN} more"
