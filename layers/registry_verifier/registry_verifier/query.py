"""The query API: a path and a query string in, an answer out. Reads only, and never says yes for want of knowledge.

    GET /v1/images/{owner}/{name}/digests/{digest}    the verdict about one digest
    GET /v1/images/{owner}/{name}                     the repository's digests, newest first (limit, cursor)
    GET /v1/verifications?status=FAILED               what is FAILED or UNKNOWN now, newest first (since, limit, cursor)
    GET /v1/gate/{digest}?image=ghcr.io/OWNER/NAME    may this digest run: 200 only for VERIFIED

The gate answers 403 for FAILED and for NO_POLICY (a known digest that nobody vouches for; `code` tells them apart),
409 for PENDING, 404 for a digest that was never heard of, 503 for UNKNOWN. So `curl --fail` is a gate.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote, urlencode

from registry_verifier import question
from registry_verifier.answer import Answer, ok, problem
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.page import Page
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import VERSION, timestamp

_WAIT = 5
"""seconds after which asking again is worth it when the table did not answer"""
_WAIT_FOR_VERDICT = 60
"""the same when a verdict is not there yet"""

REFUSALS = {
    Status.FAILED: (403, "failed", "the image does not meet its policies"),
    Status.NO_POLICY: (403, "no_policy", "no policy matches the image, so nothing vouches for it"),
    Status.PENDING: (409, "pending", "evidence is missing and the grace period is not over"),
    Status.UNKNOWN: (503, "unknown", "the image could not be looked at"),
}


class Verdicts(Protocol):
    """The stored verdicts, as questions need them. All raise `Unavailable`, the pages also `BadRequest` (cursors)."""

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """The newest record of this digest."""
        ...

    def page_of_image(self, image: ImageName, *, limit: int, cursor: str | None) -> Page:
        """Records of a repository, newest first."""
        ...

    def page_of_status(self, status: Status, *, limit: int, cursor: str | None, since: str | None = None) -> Page:
        """Records that have this status now, newest first, back to the month `since`."""
        ...


def health() -> Answer:
    """The answer of `/healthz`: the function runs; the table is not asked."""
    return ok({"status": "ok", "version": VERSION})


def answer(verdicts: Verdicts, path: str, query_string: str) -> Answer:
    """Answer a GET request; an error of the caller or of the table becomes a problem, anything else is raised."""
    try:
        asked = question.read(path, query_string)
        if asked is None:
            return not_found(path)
        return _answer(verdicts, asked, path)
    except BadRequest as error:
        return problem(400, "bad_request", str(error), path)
    except Unavailable as error:
        return problem(503, error.reason.value.lower(), "the verdicts cannot be read now", path, retry_after=_WAIT)


def not_found(path: str) -> Answer:
    """The answer to a path that means nothing."""
    return problem(404, "no_route", "there is nothing at this path", path)


def broken(path: str) -> Answer:
    """The answer when this API itself is at fault: says nothing about what happened."""
    return problem(500, "internal", "the request could not be answered", path)


def _answer(verdicts: Verdicts, asked: question.Question, path: str) -> Answer:
    match asked:
        case question.OfDigest(image, digest):
            state = verdicts.state(image, digest)
            return ok(_whole(state)) if state else _no_verdict(image, digest, path)
        case question.Gate(image, digest):
            state = verdicts.state(image, digest)
            return _gate(state, path) if state else _no_verdict(image, digest, path)
        case question.OfImage(image, limit, cursor):
            page = verdicts.page_of_image(image, limit=limit, cursor=cursor)
            return _list(page, path, {"limit": limit})
        case question.OfStatus(status, since, limit, cursor):
            page = verdicts.page_of_status(status, limit=limit, cursor=cursor, since=since)
            return _list(page, path, {"status": status.value, "limit": limit} | ({"since": since} if since else {}))


def _gate(state: State, path: str) -> Answer:
    if state.status is Status.VERIFIED:
        return ok(_summary(state))
    status_code, code, detail = REFUSALS[state.status]
    waits = state.status in (Status.PENDING, Status.UNKNOWN)
    members = {name: value for name, value in _summary(state).items() if name != "status"}
    retry_after = _WAIT_FOR_VERDICT if waits else None
    return problem(status_code, code, detail, path, retry_after=retry_after, verdict=state.status.value, **members)


def _no_verdict(image: ImageName, digest: Digest, path: str) -> Answer:
    return problem(404, "no_verdict", f"nothing is known about {image}@{digest}", path)


def _list(page: Page, path: str, parameters: dict[str, Any]) -> Answer:
    body = {"items": [_summary(state) for state in page.items], "next_cursor": page.next_cursor}
    if page.next_cursor is None:
        return ok(body)
    following = f"{quote(path, safe='/%')}?{urlencode({**parameters, 'cursor': page.next_cursor})}"
    return ok(body, Link=f'<{following}>; rel="next"')


def _whole(state: State) -> dict[str, Any]:
    """Everything that is stored about a digest."""
    return {**state.document, **_record(state)}


def _summary(state: State) -> dict[str, Any]:
    """A digest in a list: a hundred of them fit into one answer of Lambda (6 MB)."""
    document = state.document
    return {
        "image": str(state.image),
        "digest": state.digest,
        "status": state.status.value,
        "reasons": list(document.get("reasons") or ()),
        "kind": document.get("kind"),
        "verified_at": document.get("verified_at"),
        **_record(state),
    }


def _record(state: State) -> dict[str, Any]:
    return {
        "tags": list(state.tags),
        "actor": state.actor or None,
        "first_seen": timestamp(state.first_seen),
        "deadline": timestamp(state.deadline),
        "version": state.version,
    }
