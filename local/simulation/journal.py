"""What happened, in order: so that a digest with a wrong ending can be understood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from registry_verifier.models import Digest, ImageName, State
from registry_verifier.reasons import Status


@dataclass(frozen=True)
class Entry:
    """One thing that happened about a digest."""

    at: datetime
    digest: str
    text: str

    def __str__(self) -> str:
        return f"{self.at:%d %H:%M:%S}  {self.digest.removeprefix('sha256:')[:8]}  {self.text}"


class Journal:
    """Everything that happened, by repository, and every status that a digest ever had."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.statuses: defaultdict[tuple[ImageName, Digest], list[Status]] = defaultdict(list)
        self._entries: defaultdict[ImageName, list[Entry]] = defaultdict(list)
        self._now = now

    def note(self, image: ImageName, digest: str, text: str) -> None:
        """Write down one thing."""
        self._entries[image].append(Entry(self._now(), digest, text))

    def changed(self, state: State) -> None:
        """A state was stored."""
        self.statuses[state.image, state.digest].append(state.status)
        why = " ".join(state.document["reasons"])
        kind = state.document.get("kind", "")
        self.note(state.image, state.digest, f"stored v{state.version} {state.status} {why} ({kind})")

    def story(self, image: ImageName, digests: set[str] | None = None) -> Iterator[Entry]:
        """Everything about a repository, or about some digests of it."""
        return (one for one in self._entries[image] if digests is None or one.digest in digests)
