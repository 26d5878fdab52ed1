"""A verdict as a Slack message: what is wrong, who was expected, who was found, and how to see it for oneself.

Everything that a publisher or signer chose (tags, actor, identities, error texts) goes through `mrkdwn`.
Links are built from parts that were parsed, never from text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from registry_verifier import mrkdwn
from registry_verifier.models import Json, State
from registry_verifier.mrkdwn import Block, code, sentence
from registry_verifier.verdict_document import timestamp

Payload = dict[str, Any]
"""`text`, `blocks` and the unfurl switches: what both `chat.postMessage` and an incoming webhook take"""

_TAGS_SHOWN = 10
_CAUSES_SHOWN = 8


def failure(state: State, *, api_url: str = "") -> Payload:
    """The message that opens an incident; a warning where every policy that does not hold has mode `warn`."""
    what = "Signature warning" if _only_warns(state.document) else "Signature check failed"
    return _payload(f"{what}: {state.image.repository}", state, _evidence(state.document), api_url)


def resolved(state: State, *, api_url: str = "") -> Payload:
    """The message that ends an incident."""
    lines = ["Every policy that matches this image holds now."]
    return _payload(f"Resolved: {state.image.repository}", state, [mrkdwn.section("Verified", lines)], api_url)


def unknown(state: State, *, api_url: str = "") -> Payload:
    """The message to operations: nothing is known about the image, because we could not look."""
    headline = f"Could not check: {state.image.repository}"
    lines = ["This says nothing about the image.", *_causes(state.document)]
    return _payload(headline, state, [mrkdwn.section("Reason", lines)], api_url)


def no_policy(state: State, *, api_url: str = "") -> Payload:
    """The message about a publish that nobody has written a policy for."""
    headline = f"No policy: {state.image.repository}"
    lines = ["No policy matches this image, so nothing about it was checked."]
    return _payload(headline, state, [mrkdwn.section("Reason", lines)], api_url)


def _payload(headline: str, state: State, middle: Iterable[Block | None], api_url: str) -> Payload:
    blocks = [
        mrkdwn.header(headline),
        _facts(state),
        *middle,
        mrkdwn.buttons(_links(state, api_url)),
        mrkdwn.context(_small_print(state)),
    ]
    return {
        "text": _fallback(headline, state),
        "blocks": [block for block in blocks if block],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fallback(headline: str, state: State) -> str:
    """What notifications and screen readers get."""
    reasons = ", ".join(_strings(state.document, "reasons"))
    text = f"{headline}@{state.digest}" + (f" ({reasons})" if reasons else "")
    return mrkdwn.sentence(text, mrkdwn.TEXT_LIMIT)


def _facts(state: State) -> Block:
    tags = [code(tag, 128) for tag in state.tags[-_TAGS_SHOWN:]]
    more = len(state.tags) - len(tags)
    published = f"{timestamp(state.first_seen)} by {code(state.actor, 80) if state.actor else 'an unknown actor'}"
    return mrkdwn.fields(
        [
            ("Tags", (", ".join(tags) or "none") + (f" and {more} more" if more else "")),
            ("Digest", code(state.digest)),
            ("Policy", _policies(state.document)),
            ("Published", published),
        ]
    )


def _policies(document: Json) -> str:
    policies = [
        f"{code(p.get('name', ''), 200)} ({code(p.get('mode', ''), 20)})" for p in _objects(document, "policies")
    ]
    more = len(policies) - 4
    return (", ".join(policies[:4]) or "none") + (f" and {more} more" if more > 0 else "")


def _evidence(document: Json) -> Iterator[Block | None]:
    yield mrkdwn.section("Reason", _causes(document) or ["not recorded"])
    if miss := document.get("nearest_miss"):
        yield mrkdwn.section("Identity", _identities(miss))
    if requirements := list(_requirements(document)):
        yield mrkdwn.section("Requirements", requirements)
    yield mrkdwn.code_block("Reproduce", _strings(document, "reproduce"))


def _causes(document: Json) -> list[str]:
    causes = _objects(document, "causes")
    lines = [f"• {code(cause.get('code', ''))} {sentence(cause.get('text', ''))}" for cause in causes[:_CAUSES_SHOWN]]
    more = len(causes) - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def _identities(miss: Json) -> Iterator[str]:
    for side in ("expected", "found"):
        who = miss.get(side) or {}
        yield f"• {side} {code(who.get('subject', ''), 500)} issued by {code(who.get('issuer', ''))}"


def _requirements(document: Json) -> Iterator[str]:
    for policy in _objects(document, "policies"):
        for authority in _objects(policy, "authorities"):
            for requirement in _objects(authority, "requirements"):
                name = "/".join((policy.get("name", ""), authority.get("name", ""), requirement.get("name", "")))
                yield f"• {code(name)} {_outcome(requirement)}"


def _outcome(requirement: Json) -> str:
    if used := requirement.get("used"):
        return f"met by {code(used)}"
    cause = requirement.get("cause") or {}
    return f"not met, {code(cause['code'])}" if cause.get("code") else "not met"


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
    logged = [s for s in _objects(document, "statements") if type(s.get("log_index")) is int and s["log_index"] >= 0]
    nearest = [statement for statement in logged if statement.get("place") == place]
    return next((int(statement["log_index"]) for statement in (*nearest, *logged)), None)


def _only_warns(document: Json) -> bool:
    modes = [policy.get("mode") for policy in _objects(document, "policies") if not policy.get("holds")]
    return bool(modes) and set(modes) == {"warn"}


def _objects(document: Json, name: str) -> Sequence[Json]:
    return document.get(name) or ()


def _strings(document: Json, name: str) -> Sequence[str]:
    return document.get(name) or ()
