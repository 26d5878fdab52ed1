"""Seals: what was sealed is read again for its purpose, and nothing else is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from registry_verifier.errors import BadRequest
from registry_verifier.seal import LIMIT, Seal

KEY, OTHER = b"k" * 32, b"o" * 32
PURPOSE = "list image ghcr.io/acme/app"
PLACE = "2026-11-22T10:01:00Z#sha256:" + "ab" * 32
SEALED = Seal((KEY,)).write(PURPOSE, PLACE)


def read(text: str, *, purpose: str = PURPOSE, keys: tuple[bytes, ...] = (KEY,)) -> Any:
    return Seal(keys).read(purpose, text, name="cursor")


@pytest.mark.parametrize("value", [PLACE, ["a", None, 1], {"image": "ghcr.io/acme/app"}, "", "ü\u202e\ud800"])
def test_what_was_sealed_is_read_again(value: Any) -> None:
    assert read(Seal((KEY,)).write(PURPOSE, value)) == value


def test_a_sealed_text_goes_into_an_address_as_it_is() -> None:
    assert set(SEALED) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_key_that_is_going_still_reads_and_the_first_one_writes() -> None:
    assert read(SEALED, keys=(OTHER, KEY)) == PLACE
    assert Seal((OTHER, KEY)).write(PURPOSE, PLACE) == Seal((OTHER,)).write(PURPOSE, PLACE) != SEALED


def tampered() -> dict[str, str]:
    raw = base64.urlsafe_b64decode(SEALED + "=" * (-len(SEALED) % 4))
    tag, content = raw[:16], raw[16:]
    flipped = bytes([tag[0] ^ 1]) + tag[1:]
    unused_bits = SEALED[:-1] + chr(ord(SEALED[-1]) + 1)
    return {
        "an empty text": "",
        "a tag alone": _encoded(tag),
        "a tag of nothing": _encoded(b"\0" * 16),
        "another tag": _encoded(flipped + content),
        "another place": _encoded(tag + content.replace(b"2026", b"2025")),
        "a place that goes on": _encoded(raw + b" "),
        "no tag": _encoded(content),
        "padding": SEALED + "=",
        "a line break": SEALED + "\n",
        "the other alphabet": SEALED.replace(SEALED[0], "+", 1),
        "bits that mean nothing": unused_bits,
        "a character alone": "a",
        "no ASCII": SEALED + "ü",
        "a long text": "a" * (LIMIT + 1),
        "JSON": json.dumps(PLACE),
    }


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("what", tampered())
def test_what_was_not_sealed_is_refused(what: str) -> None:
    with pytest.raises(BadRequest, match="cursor is not one of this API"):
        read(tampered()[what])


@pytest.mark.parametrize("purpose", ["", "list image ghcr.io/acme/ap", PURPOSE + '"', "request"])
def test_what_was_sealed_for_another_purpose_is_refused(purpose: str) -> None:
    with pytest.raises(BadRequest, match="or of another list"):
        read(SEALED, purpose=purpose)


def test_a_purpose_cannot_take_the_beginning_of_what_is_sealed() -> None:
    raw = base64.urlsafe_b64decode(SEALED + "=" * (-len(SEALED) % 4))
    with pytest.raises(BadRequest):
        read(_encoded(raw[:16] + raw[17:]), purpose=PURPOSE + '"')


def test_what_another_key_sealed_is_refused() -> None:
    with pytest.raises(BadRequest):
        read(SEALED, keys=(OTHER,))


def test_a_seal_without_keys_reads_nothing() -> None:
    with pytest.raises(BadRequest):
        read(SEALED, keys=())


def test_a_refusal_names_the_text_and_not_all_of_it() -> None:
    with pytest.raises(BadRequest) as caught:
        read("a" * LIMIT)
    assert str(caught.value).endswith(repr("a" * 40))


def test_keys_are_not_shown() -> None:
    assert "kkkk" not in repr(Seal((KEY,)))
