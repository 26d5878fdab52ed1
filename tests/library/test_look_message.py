"""Messages on the queue of looks: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry_verifier import look_message
from registry_verifier.look_message import MalformedLook
from registry_verifier.models import Digest, ImageName, Look

DIGEST = Digest("sha256:" + "0123456789abcdef" * 4)
LOOK = Look(
    image=ImageName("ghcr.io", "acme/app"),
    digest=DIGEST,
    cause="publish",
    tag="v1.2.3",
    delivery="00000000-0000-4000-8000-000000000001",
    actor="github-actions[bot]",
    attempt=3,
    first_seen=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
)


def message(**changes: object) -> str:
    return json.dumps(json.loads(look_message.write(LOOK)) | changes)


@pytest.mark.parametrize(
    "look",
    [
        LOOK,
        Look(LOOK.image, DIGEST, "recheck"),
        Look(ImageName("127.0.0.1:5000", "acme/a/b"), DIGEST, "evidence", first_seen=datetime(2026, 1, 2, tzinfo=UTC)),
    ],
    ids=["everything", "as little as can be", "another registry"],
)
def test_what_is_written_is_read(look: Look) -> None:
    assert look_message.read(look_message.write(look)) == look


def test_a_moment_of_another_time_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    read = look_message.read(look_message.write(Look(LOOK.image, DIGEST, "publish", first_seen=moment)))
    assert read.first_seen == moment
    assert read.first_seen.tzinfo == UTC


def test_the_message_names_its_version() -> None:
    assert json.loads(look_message.write(LOOK))["version"] == 1


@pytest.mark.parametrize("field", sorted(json.loads(look_message.write(LOOK))))
def test_a_field_too_few(field: str) -> None:
    document = json.loads(look_message.write(LOOK))
    del document[field]
    with pytest.raises(MalformedLook, match="fields are"):
        look_message.read(json.dumps(document))


def test_a_field_too_many() -> None:
    with pytest.raises(MalformedLook, match="fields are"):
        look_message.read(message(status="VERIFIED"))


WRONG_VALUES: dict[str, tuple[object, ...]] = {
    "version": (0, 2, "1", True, None, 10**40),
    "image": ("", "app", "ghcr.io/Acme/app", "ghcr.io/acme/../x", "ghcr.io/a\n", None, 1),
    "digest": ("", "sha256:" + "a" * 40, DIGEST.upper(), DIGEST + "\n", None, []),
    "cause": ("", "PUBLISH", "verified", None, {}),
    "tag": ("", ".a", "a" * 129, "a b", "v1\n", 1, []),
    "delivery": ("a b", "a" * 101, "<!here>", None),
    "actor": ("a b", "<@U1>", "a" * 120, None),
    "attempt": (-1, 100_001, 1.0, "1", True, None),
    "first_seen": (
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+02:00",
        "2026-13-02T03:04:05+00:00",
        "2026-01-02T03:04:05+00:00\n",
        "\u0662026-01-02T03:04:05+00:00",
        1767323045,
    ),
}
WRONG = [(field, value) for field, values in WRONG_VALUES.items() for value in values]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=[f"{field}={value!r:.40}" for field, value in WRONG])
def test_a_wrong_value(field: str, value: object) -> None:
    with pytest.raises(MalformedLook):
        look_message.read(message(**{field: value}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        "[" * 4000,
        message()[:-1],
        message()[:-1] + ',"version":1}',
        message(attempt=1).replace('"attempt": 1', '"attempt": NaN'),
        message() + " " * 5000,
    ],
    ids=["empty", "null", "list", "no fields", "text", "deep", "cut off", "key twice", "nan", "too large"],
)
def test_a_text_that_is_no_message(text: str) -> None:
    with pytest.raises(MalformedLook):
        look_message.read(text)


def test_the_error_is_short_whatever_the_message() -> None:
    with pytest.raises(MalformedLook) as caught:
        look_message.read(json.dumps({"k" * 300: 1, "j" * 3000: 2}))
    assert len(str(caught.value)) < 1000
