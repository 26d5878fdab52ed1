"""States and runs as DynamoDB items, and back. Knows the keys of the table; asks nothing of it.

| item  | PK                                | SK                                          |
|-------|-----------------------------------|---------------------------------------------|
| state | `IMG#<registry>/<repository>@<digest>` | `STATE`                                |
| run   | the same                          | `RUN#<verified_at>#<hash of the verdict>`    |

GSI1 (`REPO#<image>`, `<first_seen>#<digest>`) lists a repository; its keys never change, so that a new verdict does
not write to it. GSI2 (`STATUS#<status>#<yyyy-mm>`, `<verified_at>#<image>@<digest>`) holds FAILED and UNKNOWN only,
and GSI3 (`ALL#<yyyy-mm>`, `<first_seen>#<hash of PK>`) everything; neither has children of an index. What GSI3 adds
to an item must not take a waiting one, the first of each publish, to a second kilobyte: hence the hash, and image and
digest are in PK alone (older versions wrote them beside it, too).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from registry_verifier import drift, stored_document, verification_id
from registry_verifier.listing import Run
from registry_verifier.models import Digest, ImageName, State, digest_of, parse_digest
from registry_verifier.reasons import Status
from registry_verifier.verdict_document import timestamp

Item = dict[str, Any]
"""an item in DynamoDB's JSON, such as `{"version": {"N": "1"}}`"""

STATE = "STATE"
_IMAGE = "IMG#"
LISTED = (Status.FAILED, Status.UNKNOWN)
"""the statuses that are indexed: few, and the ones that people look for"""
DELIVERIES_LIMIT = 20
TAGS_LIMIT = 100
_TEXT_LIMIT = 400  # the longest key: a time, an image name of 255 and a digest


def partition(image: ImageName, digest: Digest) -> str:
    """PK of everything about this digest in this repository."""
    return f"{_IMAGE}{image}@{digest}"


def repository_key(image: ImageName) -> str:
    """GSI1PK of this repository's timeline."""
    return f"REPO#{image}"


def status_key(status: Status, month: str) -> str:
    """GSI2PK of the verdicts of one status in one month (`2026-11`)."""
    return f"STATUS#{status.value}#{month}"


def month_key(month: str) -> str:
    """GSI3PK of everything that was first seen in one month (`2026-11`)."""
    return f"ALL#{month}"


def write_state(state: State, retention: timedelta) -> Item:
    """The STATE item; times are kept to the second, and the document is cut where it is too large."""
    item = {
        "PK": _text(partition(state.image, state.digest)),
        "SK": _text(STATE),
        "first_seen": _text(timestamp(state.first_seen)),
        "deadline": _text(timestamp(state.deadline)),
        **_verdict(state, retention),
        "GSI1PK": _text(repository_key(state.image)),
        "GSI1SK": _text(f"{timestamp(state.first_seen)}#{state.digest}"),
        **_status_index(state),
        **_month_index(state),
    }
    if state.tags:
        item["tags"] = _texts(state.tags[-TAGS_LIMIT:])
    if state.actor:
        item["actor"] = _text(state.actor)
    if state.deliveries:
        item["deliveries"] = _texts(state.deliveries[-DELIVERIES_LIMIT:])
    return item


def write_run(state: State, retention: timedelta, replaced_at: datetime) -> Item:
    """The RUN item: the verdict alone, under its own time and hash, so that one verdict is one run for all its tags."""
    sort_key = verification_id.position(_verified_at(state), state.document)
    key = {"PK": _text(partition(state.image, state.digest)), "SK": _text(sort_key)}
    return {**key, **_verdict(state, retention), "replaced_at": _text(timestamp(replaced_at))}


def read_run(image: ImageName, digest: Digest, item: Mapping[str, Any]) -> Run:
    """The run in an item; ValueError where it is none. Runs of older versions do not say when they were replaced."""
    try:
        document = stored_document.read(_binary(item["detail"]["B"]))
        return Run(
            image=image,
            digest=digest,
            status=Status(item["status"]["S"]),
            document=drift.without_marks(document),
            verified_at=datetime.fromisoformat(item["verified_at"]["S"]),
            replaced_at=datetime.fromisoformat(item["replaced_at"]["S"]) if "replaced_at" in item else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"item is no run: {type(error).__name__} {str(error)[:80]}") from error


def read_state(item: Mapping[str, Any]) -> State:
    """The state in an item of the table or of its stream (where binary is base64); ValueError where it is not one."""
    try:
        image, _, digest = item["PK"]["S"].removeprefix(_IMAGE).rpartition("@")
        return State(
            image=ImageName.parse(image),
            digest=parse_digest(digest),
            version=int(item["version"]["N"]),
            status=Status(item["status"]["S"]),
            document=stored_document.read(_binary(item["detail"]["B"])),
            first_seen=datetime.fromisoformat(item["first_seen"]["S"]),
            deadline=datetime.fromisoformat(item["deadline"]["S"]),
            tags=_read_texts(item, "tags"),
            actor=item.get("actor", {"S": ""})["S"],
            deliveries=_read_texts(item, "deliveries"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"item is no state: {type(error).__name__} {str(error)[:80]}") from error


def expired(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether the item's time is over: DynamoDB removes such items days later, and answers with them until then."""
    try:
        return "expires_at" in item and int(item["expires_at"]["N"]) <= now.timestamp()
    except (KeyError, TypeError) as error:
        raise ValueError(f"expires_at is no number: {str(item['expires_at'])[:80]}") from error


def _verdict(state: State, retention: timedelta) -> Item:
    verified_at = _verified_at(state)
    return {
        "version": {"N": str(state.version)},
        "status": _text(state.status.value),
        "verified_at": _text(timestamp(verified_at)),
        "detail": {"B": stored_document.write(state.document)},
        "expires_at": _epoch(verified_at + retention),
    }


def _status_index(state: State) -> Item:
    if state.status not in LISTED or state.is_child:
        return {}  # a child's trouble is its index's, and is listed there
    moment = timestamp(_verified_at(state))
    return {
        "GSI2PK": _text(status_key(state.status, moment[:7])),
        "GSI2SK": _text(f"{moment}#{state.image}@{state.digest}"),
    }


def _month_index(state: State) -> Item:
    if state.is_child:
        return {}
    moment = timestamp(state.first_seen)
    return {
        "GSI3PK": _text(month_key(moment[:7])),
        "GSI3SK": _text(f"{moment}#{digest_of(partition(state.image, state.digest).encode())[7:23]}"),
    }


def _verified_at(state: State) -> datetime:
    return datetime.fromisoformat(state.document["verified_at"])


def _text(value: str) -> dict[str, str]:
    # Senders choose some of these: what is not UTF-8 (a lone surrogate) must not become an exception in boto3.
    return {"S": value[:_TEXT_LIMIT].encode("utf-8", "replace").decode()}


def _texts(values: tuple[str, ...]) -> dict[str, list[dict[str, str]]]:
    return {"L": [_text(value) for value in values]}


def _read_texts(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(value["S"] for value in item.get(name, {"L": []})["L"])


def _binary(value: bytes | str) -> bytes:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(value)


def _epoch(moment: datetime) -> dict[str, str]:
    return {"N": str(int(moment.timestamp()))}
