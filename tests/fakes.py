"""In-memory stand-ins that fit the Protocols of `registry_verifier.ports` and behave as the real ones do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from registry_verifier import drift
from registry_verifier import manifest as manifests
from registry_verifier.errors import EvidenceRejected, Superseded, Unavailable
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, Look, State, digest_of
from registry_verifier.reasons import Reason
from registry_verifier.watched import TagPointer, Timeline, Watched

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": digest_of(b"{}")}


def described(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    """An OCI descriptor of `content`."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


class FakeRegistry:
    """One repository, content addressed; without a referrers API unless `api`, as GHCR."""

    def __init__(self, *, api: bool = False) -> None:
        self.api = api
        self.contents: dict[Digest, bytes] = {}
        self.tags: dict[str, Digest] = {}
        self.listed: dict[Digest, list[Digest]] = {}
        self.down: Unavailable | None = None
        self.asked: list[str] = []

    def put(self, content: bytes, tag: str | None = None) -> Digest:
        """Store bytes, as a blob or a manifest."""
        digest = digest_of(content)
        self.contents[digest] = content
        if tag:
            self.tags[tag] = digest
        return digest

    def put_manifest(self, document: Mapping[str, Any], tag: str | None = None) -> Digest:
        """Store a manifest or an index."""
        kind = manifests.OCI_INDEX if "manifests" in document else manifests.OCI_MANIFEST
        return self.put(json.dumps({"schemaVersion": 2, "mediaType": kind, **document}).encode(), tag)

    def attach(self, subject: Digest, bundle: bytes, *, about: Digest | None = None) -> Digest:
        """Attach a bundle as cosign 3 does: a referrer, and the fallback tag where there is no API."""
        self.put(bundle)
        layers = [described(bundle, BUNDLE)]
        own = described(self.contents.get(about or subject, b""), manifests.OCI_MANIFEST) | {"digest": about or subject}
        referrer = self.put_manifest({"artifactType": BUNDLE, "config": EMPTY, "layers": layers, "subject": own})
        self.list_referrer(subject, referrer)
        return referrer

    def list_referrer(self, subject: Digest, referrer: Digest) -> None:
        """Name a referrer in the API's list, or in the fallback tag."""
        listed = self.listed.setdefault(subject, [])
        listed.append(referrer)
        if not self.api:
            entries = [described(self.contents.get(d, b""), manifests.OCI_MANIFEST) | {"digest": d} for d in listed]
            self.put_manifest({"manifests": entries}, manifests.fallback_tag(subject))

    def attach_layers(self, tag: str, layers: Iterable[tuple[bytes, Mapping[str, Any]]]) -> Digest:
        """Store legacy layers behind one of cosign's tags."""
        pairs = list(layers)
        for blob, _ in pairs:
            self.put(blob)
        config = described(b"{}", "application/vnd.oci.image.config.v1+json")
        return self.put_manifest({"config": config, "layers": [dict(descriptor) for _, descriptor in pairs]}, tag)

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """As ports.Registry."""
        self._ask(f"manifest {reference}")
        digest = self.tags.get(reference, Digest(reference))
        content = self.contents.get(digest)
        if content is not None and digest_of(content) != digest:
            raise EvidenceRejected(Reason.CONTENT_MISMATCH, f"expected manifest {digest}, got {digest_of(content)}")
        return None if content is None else manifests.read(content, media_type=None)

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """As ports.Registry."""
        self._ask(f"referrers {digest}")
        return tuple(self.listed.get(digest, ())) if self.api else ()

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """As ports.Registry."""
        self._ask(f"blob {digest}")
        if size > limit:
            raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, f"blob has {size} bytes (at most {limit})")
        content = self.contents.get(digest)
        if content is not None and len(content) != size:
            raise EvidenceRejected(Reason.CONTENT_MISMATCH, f"blob has {len(content)} bytes (expected {size})")
        return content

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise self.down


class FakeLooks:
    """A queue that remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Look, int]] = []
        self.returned: list[tuple[str, int]] = []
        self.down: Unavailable | None = None

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """As ports.Looks."""
        if self.down:
            raise self.down
        self.sent.append((look, delay_seconds))

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """As verify_message.Returns."""
        self.returned.append((receipt_handle, seconds))


class FakeVerdicts:
    """A table in memory, with the conditions that the real one has: as ports.Verdicts and ports.SweepTable."""

    def __init__(self) -> None:
        self.pointers: dict[tuple[ImageName, str], TagPointer] = {}
        self.unseen: dict[tuple[ImageName, Digest], datetime] = {}
        self.checked: dict[tuple[ImageName, Digest], datetime] = {}
        self.looked: dict[tuple[ImageName, Digest], datetime] = {}
        self.notes: dict[str, str] = {}
        self.states: dict[tuple[ImageName, Digest], State] = {}
        self.runs: dict[tuple[Digest, str], State] = {}
        self.writes = 0
        self.before_record: list[State] = []
        """states that somebody else stores just before the next `record`"""

    def state(self, image: ImageName, digest: Digest) -> State | None:
        """As ports.Verdicts."""
        return self.states.get((image, digest))

    def record(self, old: State | None, new: State) -> None:
        """As ports.Verdicts."""
        while self.before_record:
            other = self.before_record.pop(0)
            self.states[(other.image, other.digest)] = other
        stored = self.state(new.image, new.digest)
        if (stored and stored.version) != (old and old.version):
            raise Superseded(f"version is {stored and stored.version} (expected {old and old.version})")
        self.writes += 1
        self.states[(new.image, new.digest)] = new

    def keep_run(self, state: State, replaced_at: datetime) -> None:
        """As ports.Verdicts."""
        verdict = json.dumps(drift.without_marks(state.document), sort_keys=True)
        self.runs.setdefault((state.digest, verdict), state)

    def recent(self, image: ImageName, *, limit: int) -> Iterable[State]:
        """As ports.Verdicts."""
        return self._newest_first(image)[:limit]

    def _newest_first(self, image: ImageName) -> list[State]:
        mine = [state for (name, _), state in self.states.items() if name == image]
        return sorted(mine, key=lambda state: (state.first_seen, state.digest), reverse=True)

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        """As ports.Verdicts."""
        return self.pointers.get((image, tag))

    def point(self, old: TagPointer | None, new: TagPointer) -> None:
        """As ports.Verdicts."""
        if self.pointer(new.image, new.tag) != old:
            raise Superseded(f"tag {new.tag} no longer points to {old and old.digest}")
        self.pointers[(new.image, new.tag)] = new

    def unseen_since(self, image: ImageName, digest: Digest) -> datetime | None:
        """As ports.Verdicts."""
        return self.unseen.get((image, digest))

    def keep_unseen(self, image: ImageName, digest: Digest, since: datetime | None) -> None:
        """As ports.Verdicts."""
        self.unseen.pop((image, digest), None)
        if since:
            self.unseen[(image, digest)] = since

    def keep_looked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """As ports.Verdicts."""
        self.looked[(image, digest)] = at

    def images(self, *, after: ImageName | None = None) -> Iterator[ImageName]:
        """As ports.SweepTable."""
        names = sorted({str(image) for image, _ in self.states})
        return (ImageName.parse(name) for name in names if after is None or name > str(after))

    def timeline(self, image: ImageName, *, limit: int, cursor: str | None, since: datetime) -> Timeline:
        """As ports.SweepTable; a cursor is the position of what comes next."""
        mine = [state for state in self._newest_first(image) if state.first_seen >= since]
        start = int(cursor or 0)
        more = str(start + limit) if len(mine) > start + limit else None
        shown = mine[start : start + limit]
        return Timeline(tuple(Watched(one, self.checked.get((image, one.digest))) for one in shown), more)

    def keep_checked(self, image: ImageName, digest: Digest, at: datetime) -> None:
        """As ports.SweepTable."""
        self.checked[(image, digest)] = at

    def kept(self, name: str) -> str | None:
        """As ports.SweepTable."""
        return self.notes.get(name)

    def keep(self, name: str, text: str) -> None:
        """As ports.SweepTable."""
        self.notes[name] = text


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def __call__(self) -> datetime:
        """What time it is."""
        return self.moment

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**span)
