"""What is remembered beside the verdicts, in the same table: repositories, tags, checks, and the sweep's notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from registry_verifier import watch_record
from registry_verifier.dynamo_table import DynamoTable, readable
from registry_verifier.errors import Superseded
from registry_verifier.models import Digest, ImageName
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_record import Item, partition, repository_key
from registry_verifier.watched import TagPointer


class WatchTable(DynamoTable):
    """Remembers for the sweep, and for what is told of tags."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._heard: set[ImageName] = set()

    def hear_of(self, image: ImageName) -> None:
        """Remember that a repository has records: one write for each repository that a process meets."""
        if image not in self._heard:
            self._put(watch_record.write_image(image, self._end()))
            self._heard.add(image)

    def images(self, *, after: ImageName | None = None) -> Iterator[ImageName]:
        """Every repository that has records, by name; those after `after` only, where it is given."""
        for item in self._partition(watch_record.IMAGES, str(after) if after else None):
            if not self._expired(item):
                with readable():
                    image = watch_record.read_image(item)
                yield image

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        """What a tag is known to point to, read consistently."""
        item = self._get(repository_key(image), watch_record.tag_key(tag))
        with readable():
            return watch_record.read_pointer(item) if item else None

    def point(self, old: TagPointer | None, new: TagPointer) -> None:
        """Replace `old` (None: there is none yet) by `new`; raises `Superseded` where `old` is not what is stored."""
        item = watch_record.write_pointer(new, self._end())
        if not self._put(item, **(self._absent() if old is None else _still(old))):
            raise Superseded(f"tag {new.image}:{new.tag} no longer points to {old.digest if old else 'nothing'}")

    def unseen_since(self, image: ImageName, digest: Digest) -> datetime | None:
        """Since when a decided digest could not be looked at; None where the last look at it took place."""
        item = self._get(partition(image, digest), watch_record.UNSEEN)
        with readable():
            return watch_record.read_moment(item)

    def keep_unseen(self, image: ImageName, digest: Digest, since: datetime | None) -> None:
        """Remember since when a decided digest cannot be looked at, or that it can (None)."""
        self._put(watch_record.write_moment(image, digest, watch_record.UNSEEN, since, self._end()))

    def keep_looked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """Remember that a look at a decided digest took place, which changed nothing; no news to anybody else."""
        self._put(watch_record.write_moment(image, digest, watch_record.LOOKED, at, self._end()))

    def keep_checked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """Remember when the sweep had a record looked at; no news to anybody else."""
        self._put(watch_record.write_moment(image, digest, watch_record.CHECKED, at, self._end()))

    def kept(self, name: str) -> str | None:
        """A note that the sweep made."""
        item = self._get(watch_record.SWEEP, name)
        with readable():
            return watch_record.read_note(item)

    def keep(self, name: str, text: str) -> None:
        """Make a note of at most 4 KB under a name; replaces the one before."""
        if len(text.encode()) > watch_record.NOTE_LIMIT:
            raise ValueError(f"note {name} has {len(text.encode())} bytes (at most {watch_record.NOTE_LIMIT})")
        self._put(watch_record.write_note(name, text))

    def _partition(self, key: str, after: str | None) -> Iterator[Item]:
        """The items of a partition by sort key, page by page."""
        condition = "PK = :partition" + (" AND SK > :after" if after else "")
        values = {":partition": {"S": key}} | ({":after": {"S": after}} if after else {})
        return self._items(KeyConditionExpression=condition, ExpressionAttributeValues=values)

    def _end(self) -> datetime:
        return self._now() + self._retention


def _still(old: TagPointer) -> dict[str, Any]:
    """`since` too: a tag may have moved away and back."""
    return {
        "ConditionExpression": "digest = :digest AND since = :since",
        "ExpressionAttributeValues": {":digest": {"S": old.digest}, ":since": {"S": timestamp(old.since)}},
    }
