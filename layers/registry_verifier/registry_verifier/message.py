"""An incident as a Slack message: what is wrong, who was expected, who was found, and how to see it for oneself.

The message always says the newest that is known. Where messages have threads, details stand there (`follow_up`).

Everything that a publisher or signer chose (tags, actor, identities, error texts) goes through `mrkdwn`.
Links are built from parts that were parsed, never from text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from registry_verifier import incident, mrkdwn
from registry_verifier.incident import Ending, Key, Kind
from registry_verifier.models import Json, State
from registry_verifier.mrkdwn import Block, code, sentence
from registry_verifier.verdict_document import timestamp

Payload = dict[str, Any]
"""`text`, `blocks` and the unfurl switches: what both `chat.postMessage` and an incoming webhook take"""

_TAGS_SHOWN = 10
_CAUSES_SHOWN = 8
_MIDDLE_LIMIT = 9000
"""characters between the facts and the buttons"""


def opened(state: State, key: Key, *, api_url: str = "", more: Iterable[Block | None] = ()) -> Payload:
    """What is wrong, while it is; `more` is what has no thread to stand in."""
    return _payload(_headline(state, key), state, key, [*evidence(state, key), *more], api_url)


def ended(state: State, key: Key, ending: Ending, *, api_url: str = "") -> Payload:
    """That it is over, and why; what fails still and was replaced is said with its reasons."""
    middle: list[Block | None] = [mrkdwn.section(title(ending), [why_ended(state, key, ending)])]
    if ending is Ending.SUPERSEDED and key.kind is Kind.FAILED:
        middle += evidence(state, key)
    return _payload(f"{title(ending)}: {state.image.repository}", state, key, middle, api_url)


def title(ending: Ending) -> str:
    """The first word of what people read about an end."""
    return "Superseded" if ending is Ending.SUPERSEDED else "Resolved"


def why_ended(state: State, key: Key, ending: Ending) -> str:
    """One sentence."""
    policy = f"Policy {code(key.policy, 200)}" if key.policy else "The policy"
    match ending:
        case Ending.VERIFIED:
            return "Every policy that matches this image holds now."
        case Ending.SUPERSEDED:
            return f"Its tags name {code(str(state.document.get('superseded_by') or 'another digest'), 100)} now."
        case Ending.HOLDS:
            return f"{policy} holds now. Another one does not."
        case Ending.NOT_DEMANDED:
            return f"{policy} demands nothing of this image any more."
        case Ending.COVERED:
            return "It is part of an index, which has an incident of its own where it fails."
        case Ending.JUDGED:
            return f"It could be judged: the verdict is {state.status.value}."


def fingerprint(payload: Payload) -> str:
    """A hash of what people read, small print apart: where it differs, the message is to be updated."""
    blocks = [block for block in payload["blocks"] if block["type"] != "context"]
    return hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:16]


def redirected(payload: Payload, channel: str) -> Payload:
    """The same message, saying that it was meant for a channel that takes no messages from us."""
    note = mrkdwn.context(f"meant for {code(channel, 100)}, which takes no messages from this app")
    return {**payload, "blocks": [*payload["blocks"], note]}


def _headline(state: State, key: Key) -> str:
    match key.kind:
        case Kind.FAILED:
            what = "Signature warning" if _only_warns(state.document, key) else "Signature check failed"
        case Kind.UNKNOWN:
            what = "Could not check"
        case Kind.NO_POLICY:
            what = "No policy"
    return f"{what}: {state.image.repository}"


def evidence(state: State, key: Key) -> Iterator[Block | None]:
    """What is wrong, and who was expected and found."""
    match key.kind:
        case Kind.FAILED:
            yield mrkdwn.section("Reason", causes(state.document, key) or ["not recorded"])
            if miss := state.document.get("nearest_miss"):
                yield mrkdwn.section("Identity", _identities(miss))
        case Kind.UNKNOWN:
            lines = ["This says nothing about the image.", *causes(state.document, key)]
            yield mrkdwn.section("Reason", lines)
        case Kind.NO_POLICY:
            yield mrkdwn.section("Reason", ["No policy matches this image, so nothing about it was checked."])
    if changes := listed(objects(state.document, "drift")):
        yield mrkdwn.section("Changes", changes)


def _payload(headline: str, state: State, key: Key, middle: Iterable[Block | None], api_url: str) -> Payload:
    blocks = [
        mrkdwn.header(headline),
        _facts(state, key),
        *mrkdwn.fitting(middle, _MIDDLE_LIMIT),
        mrkdwn.buttons(_links(state, api_url)),
        mrkdwn.context(_small_print(state)),
    ]
    return {
        "text": _fallback(headline, state, key),
        "blocks": [block for block in blocks if block],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fallback(headline: str, state: State, key: Key) -> str:
    """What notifications and screen readers get."""
    reasons = ", ".join(incident.reasons(state.document, key))
    text = f"{headline}@{state.digest}" + (f" ({reasons})" if reasons else "")
    return mrkdwn.sentence(text, mrkdwn.TEXT_LIMIT)


def _facts(state: State, key: Key) -> Block:
    tags = [code(tag, 128) for tag in state.tags[-_TAGS_SHOWN:]]
    more = len(state.tags) - len(tags)
    published = f"{timestamp(state.first_seen)} by {code(state.actor, 80) if state.actor else 'an unknown actor'}"
    return mrkdwn.fields(
        [
            ("Tags", (", ".join(tags) or "none") + (f" and {more} more" if more else "")),
            ("Digest", code(state.digest)),
            ("Policy", _policies(state.document, key)),
            ("Published", published),
        ]
    )


def _policies(document: Json, key: Key) -> str:
    asked = [policy for policy in objects(document, "policies") if key.policy in ("", policy.get("name"))]
    policies = [f"{code(p.get('name', ''), 200)} ({code(p.get('mode', ''), 20)})" for p in asked]
    more = len(policies) - 4
    whole = ", ".join(policies[:4]) or (code(key.policy, 200) if key.policy else "none")
    return whole + (f" and {more} more" if more > 0 else "")


def causes(document: Json, key: Key) -> list[str]:
    """The causes that concern this incident, a line each."""
    return listed(incident.causes(document, key))


def listed(found: Sequence[Json]) -> list[str]:
    """Causes, changes or warnings, a line each; the first ones, and how many more there are."""
    lines = [f"• {code(one.get('code', ''))} {sentence(one.get('text', ''))}" for one in found[:_CAUSES_SHOWN]]
    more = len(found) - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def _identities(miss: Json) -> Iterator[str]:
    for side in ("expected", "found"):
        who = miss.get(side) or {}
        yield f"• {side} {code(who.get('subject', ''), 500)} issued by {code(who.get('issuer', ''))}"


def _small_print(state: State) -> str:
    trust_root = str((state.document.get("trust_root") or {}).get("sha256") or "")[:12]
    parts = [f"verdict {state.version}", f"checked {code(str(state.document.get('verified_at', '')), 40)}"]
    return " · ".join([*parts, f"trust root {code(trust_root)}"] if trust_root else parts)


def _links(state: State, api_url: str) -> Iterator[tuple[str, str]]:
    """Result, package and transparency log.

    A browser that opens `https://ghcr.io/OWNER/NAME` is sent on to the package's page, for users and organisations
    alike, which have different addresses on github.com.
    """
    if state.image.registry == "ghcr.io":
        repository = quote(state.image.repository, safe="/")
        if api_url:
            yield "Result", f"{api_url.rstrip('/')}/v1/images/{repository}/digests/{quote(state.digest, safe=':')}"
        yield "Package", f"https://ghcr.io/{repository}"
    index = _log_index(state.document)
    if index is not None:
        yield "Rekor entry", f"https://search.sigstore.dev/?logIndex={index}"


def _log_index(document: Json) -> int | None:
    """The log index of the nearest miss, or of the first statement that has one."""
    place = (document.get("nearest_miss") or {}).get("place")
    logged = [s for s in objects(document, "statements") if type(s.get("log_index")) is int and s["log_index"] >= 0]
    nearest = [statement for statement in logged if statement.get("place") == place]
    return next((int(statement["log_index"]) for statement in (*nearest, *logged)), None)


def _only_warns(document: Json, key: Key) -> bool:
    failing = [policy for policy in objects(document, "policies") if not policy.get("holds")]
    modes = [policy.get("mode") for policy in failing if key.policy in ("", policy.get("name"))]
    return bool(modes) and set(modes) == {"warn"}


def objects(document: Json, name: str) -> Sequence[Json]:
    """A list of a document, empty where it has none."""
    return document.get(name) or ()
