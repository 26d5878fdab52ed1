"""Ids of verdicts: the same before and after another verdict took the place, and nothing else is read as one."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier import verdict_record, verification_id
from registry_verifier.errors import BadRequest
from registry_verifier.models import ImageName
from registry_verifier.reasons import Reason, Status
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state

STATE = state(Status.VERIFIED)
PLACE = verification_id.position(NOW, STATE.document)
ID = verification_id.write(IMAGE, DIGEST, NOW, STATE.document)
RETENTION = timedelta(days=400)


def test_an_id_says_where_its_verdict_is() -> None:
    assert verification_id.read(ID) == (IMAGE, DIGEST, PLACE)


def test_a_replaced_verdict_is_kept_where_its_id_says() -> None:
    item = verdict_record.write_run(STATE, RETENTION, NOW)
    assert item["SK"]["S"] == PLACE
    run = verdict_record.read_run(IMAGE, DIGEST, item)
    assert verification_id.write(run.image, run.digest, run.verified_at, run.document) == ID


def test_a_verdict_that_was_read_from_its_item_has_the_id_that_it_had() -> None:
    stored = verdict_record.read_state(verdict_record.write_state(STATE, RETENTION))
    assert verification_id.write(IMAGE, DIGEST, NOW, stored.document) == ID


def test_what_tags_point_to_now_changes_no_id() -> None:
    mark = {"code": Reason.TAG_MOVED.value, "text": f"tag v1.4.0 points to {digest(9)} now"}
    marked = {**STATE.document, "drift": [*STATE.document["drift"], mark], "superseded_by": digest(9)}
    assert verification_id.write(IMAGE, DIGEST, NOW, marked) == ID


@pytest.mark.parametrize(
    "other",
    [
        verification_id.write(ImageName("ghcr.io", "acme/web"), DIGEST, NOW, STATE.document),
        verification_id.write(IMAGE, digest(1), NOW, STATE.document),
        verification_id.write(IMAGE, DIGEST, NOW + timedelta(seconds=1), STATE.document),
        verification_id.write(IMAGE, DIGEST, NOW, {**STATE.document, "status": "FAILED"}),
    ],
)
def test_another_verdict_has_another_id(other: str) -> None:
    assert other != ID


def test_the_longest_name_has_an_id() -> None:
    image = ImageName("ghcr.io", f"acme/{'a' * 240}")
    assert verification_id.read(verification_id.write(image, DIGEST, NOW, STATE.document))[0] == image


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


PARTS = [str(IMAGE), DIGEST, PLACE]
NOT_ONE = {
    "an empty text": "",
    "no base64url": "a+b/",
    "a length that base64 does not have": "a",
    "no JSON": base64.urlsafe_b64encode(b"no JSON").rstrip(b"=").decode(),
    "no UTF-8": "_w",
    "two texts": encoded(PARTS[:2]),
    "four texts": encoded([*PARTS, ""]),
    "a number": encoded([*PARTS[:2], 1]),
    "an object": encoded({"image": PARTS[0]}),
    "deep JSON": base64.urlsafe_b64encode(b"[" * 590).rstrip(b"=").decode(),
    "no image": encoded(["acme", *PARTS[1:]]),
    "no digest": encoded([PARTS[0], "sha256:ab", PLACE]),
    "the record's place": encoded([*PARTS[:2], "STATE"]),
    "an incident's place": encoded([*PARTS[:2], "INCIDENT#failed#p"]),
    "a place that goes on": encoded([*PARTS[:2], PLACE + "0"]),
    "a place with a line break": encoded([*PARTS[:2], PLACE + "\n"]),
    "spaces": base64.urlsafe_b64encode(json.dumps(PARTS).encode()).rstrip(b"=").decode(),
    "padding": ID + "=",
    "a line break": ID + "\n",
    "a long text": ID + "a" * 800,
}


@pytest.mark.parametrize("what", NOT_ONE)
def test_what_is_no_id_is_refused(what: str) -> None:
    with pytest.raises(BadRequest, match="id is not one of this API"):
        verification_id.read(NOT_ONE[what])


def test_an_id_is_read_in_one_form_only() -> None:
    for number in range(len(ID)):
        other = ID[:number] + ("A" if ID[number] != "A" else "B") + ID[number + 1 :]
        try:
            image, digest_, place = verification_id.read(other)
        except BadRequest:
            continue
        assert encoded([str(image), digest_, place]) == other
