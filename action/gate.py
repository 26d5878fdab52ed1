"""What an answer of the gate means. 200 with a verdict about this very image lets through; nothing else does."""

from __future__ import annotations

import re
from typing import Any

import findings
from documents import read_object
from exchange import Answer
from findings import Finding, bad_usage, not_asked
from inputs import Inputs

# status code and problem code of the gate -> word, exit code, whether that is the last word
_PROBLEMS = {
    (403, "failed"): ("FAILED", findings.REFUSED, True),
    (403, "policy_not_held"): ("POLICY_NOT_HELD", findings.REFUSED, True),
    (403, "no_policy"): ("NO_POLICY", findings.NO_POLICY, True),
    (409, "pending"): ("PENDING", findings.PENDING, False),
    (404, "no_verdict"): ("NO_VERDICT", findings.NO_VERDICT, False),  # the publish may not have been heard of yet
    (503, "unknown"): ("UNKNOWN", findings.UNKNOWN, False),
}
_AGAIN = (408, 425, 429)
_WHY = {
    401: "the API does not take GitHub's token: compare the audience with the deployment's",
    403: "the API does not let this workflow ask: is the repository's owner among the deployment's organisations?",
    404: "there is no gate for workflows here: is it the API's URL, and does the deployment let workflows ask?",
}
_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,63}\Z")
_REASONS_LIMIT = 32
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


def read(answer: Answer, inputs: Inputs) -> Finding:
    """What it says."""
    body = read_object(answer.body)
    if answer.status == 200:
        return _let_through(body, inputs)
    known = _PROBLEMS.get((answer.status, str(body.get("code"))))
    if known is None:
        return _unexpected(answer, body)
    status, exit_code, final = known
    return Finding(
        status,
        exit_code,
        f"{status}: {body.get('detail')}",
        final=final,
        reasons=_reasons(body),
        verified_at=_moment(body),
        retry_after=answer.retry_after,
    )


def _let_through(body: dict[str, Any], inputs: Inputs) -> Finding:
    for name, expected in (("status", "VERIFIED"), ("image", inputs.image), ("digest", inputs.digest)):
        if body.get(name) != expected:
            text = f"the API answered 200, and its body is no such verdict: {name} is {body.get(name)!r}"
            return not_asked(f"{text[:300]} (expected {expected!r})", final=True)
    return Finding("VERIFIED", findings.VERIFIED, "VERIFIED", reasons=_reasons(body), verified_at=_moment(body))


def _unexpected(answer: Answer, body: dict[str, Any]) -> Finding:
    text = f"the API answered {answer.status} {body.get('detail') or body.get('message') or ''}".rstrip()
    if 300 <= answer.status < 400:
        return not_asked(f"{text}: a redirect, which is not followed", final=True)
    if 400 <= answer.status < 500 and answer.status not in _AGAIN:
        return bad_usage(f"{text}; {_WHY[answer.status]}" if answer.status in _WHY else text)
    final = answer.status < 400
    return not_asked(text, final=final, retry_after=answer.retry_after)


def _reasons(body: dict[str, Any]) -> tuple[str, ...]:
    """The codes among them: what is no code goes nowhere."""
    found = body.get("reasons")
    codes = [one for one in found if isinstance(one, str) and _REASON.match(one)] if isinstance(found, list) else []
    return tuple(codes[:_REASONS_LIMIT])


def _moment(body: dict[str, Any]) -> str:
    found = body.get("verified_at")
    return found if isinstance(found, str) and _MOMENT.match(found) else ""
