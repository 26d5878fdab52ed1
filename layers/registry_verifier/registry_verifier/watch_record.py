"""What is remembered beside the verdicts, as DynamoDB items, and back. Knows the keys of the table; asks nothing of it.

| item       | PK                                     | SK                          |
|------------|----------------------------------------|-----------------------------|
| repository | `IMAGES`                               | `<registry>/<repository>`   |
| tag        | `REPO#<image>`                         | `TAG#<tag>`                 |
| checked    | `IMG#<image>@<digest>`, as the state   | `CHECKED`                   |
| unseen     | the same                               | `UNSEEN`                    |
| looked     | the same                               | `LOOKED`                    |
| note       | `SWEEP`                                | its name                    |

Each has one writer: the sweep those of `CHECKED` and `SWEEP`, verify the others. What a tag pointed to before is
packed, so that a tag that moves at every release costs one write unit as the others do.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from registry_verifier.models import Digest, ImageName, parse_digest, parse_tag
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item, partition, repository_key
from registry_verifier.watched import FORMER_LIMIT, Former, TagPointer

IMAGES = "IMAGES"
SWEEP = "SWEEP"
CHECKED = "CHECKED"
UNSEEN = "UNSEEN"
LOOKED = "LOOKED"
NOTE_LIMIT = 4096
_FORMER = struct.Struct(">32sI")


def tag_key(tag: str) -> str:
    """SK of what a tag points to."""
    return f"TAG#{tag}"


def write_image(image: ImageName, expires_at: datetime) -> Item:
    """The item that says that a repository has records."""
    return _item(IMAGES, str(image), expires_at)


def read_image(item: Mapping[str, Any]) -> ImageName:
    """The repository; ValueError where the item names none."""
    return ImageName.parse(_texts(item, "SK")[0])


def write_moment(image: ImageName, digest: Digest, name: str, at: datetime | None, expires_at: datetime) -> Item:
    """The CHECKED or the UNSEEN item: one moment, or that there is none."""
    item = _item(partition(image, digest), name, expires_at)
    return item | ({"at": {"S": timestamp(at)}} if at else {})


def read_moment(item: Mapping[str, Any] | None) -> datetime | None:
    """The moment, or None; ValueError where it is none."""
    return datetime.fromisoformat(_texts(item, "at")[0]) if item and "at" in item else None


def write_note(name: str, text: str) -> Item:
    """A note of the sweep; it has no end."""
    return {"PK": {"S": SWEEP}, "SK": {"S": name}, "text": {"S": text}}


def read_note(item: Mapping[str, Any] | None) -> str | None:
    """The text of a note; ValueError where it has none."""
    return _texts(item, "text")[0] if item else None


def write_pointer(pointer: TagPointer, expires_at: datetime) -> Item:
    """The item of a tag; times are kept to the second."""
    item = _item(repository_key(pointer.image), tag_key(pointer.tag), expires_at)
    former = b"".join(_pack(one) for one in pointer.former[:FORMER_LIMIT])
    return {
        **item,
        "digest": {"S": pointer.digest},
        "since": {"S": timestamp(pointer.since)},
        **({"former": {"B": former}} if former else {}),
    }


def read_pointer(item: Mapping[str, Any]) -> TagPointer:
    """The pointer in an item; ValueError where it is none."""
    repository, name, digest, since = _texts(item, "PK", "SK", "digest", "since")
    return TagPointer(
        image=ImageName.parse(repository.removeprefix("REPO#")),
        tag=parse_tag(name.removeprefix(tag_key(""))),
        digest=parse_digest(digest),
        since=datetime.fromisoformat(since),
        former=_unpack(item),
    )


def _unpack(item: Mapping[str, Any]) -> tuple[Former, ...]:
    try:
        return tuple(
            Former(parse_digest(f"sha256:{raw.hex()}"), datetime.fromtimestamp(at, UTC))
            for raw, at in _FORMER.iter_unpack(bytes(item.get("former", {"B": b""})["B"]))
        )
    except (struct.error, KeyError, TypeError) as error:
        raise ValueError(f"item is no tag: former is {str(item['former'])[:80]}") from error


def _pack(former: Former) -> bytes:
    return _FORMER.pack(bytes.fromhex(former.digest.removeprefix("sha256:")), int(former.since.timestamp()))


def _item(partition_key: str, sort_key: str, expires_at: datetime) -> Item:
    return {"PK": {"S": partition_key}, "SK": {"S": sort_key}, "expires_at": {"N": str(int(expires_at.timestamp()))}}


def _texts(item: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    try:
        return tuple(item[name]["S"] for name in names)
    except (KeyError, TypeError) as error:
        raise ValueError(f"item lacks one of {', '.join(names)}") from error
