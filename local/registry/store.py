"""What a registry keeps: repositories with blobs, manifests and tags, in memory, for as long as the process lives."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from registry_verifier.manifest import OCI_INDEX
from registry_verifier.models import Digest, digest_of


@dataclass(frozen=True)
class StoredManifest:
    """A manifest as it was pushed; `pushed_at` is on the monotonic clock, in seconds."""

    digest: Digest
    media_type: str
    content: bytes
    pushed_at: float

    @property
    def document(self) -> dict[str, Any]:
        """The manifest as JSON; empty where it is none."""
        try:
            document = json.loads(self.content)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def subject(self) -> str | None:
        """The digest in its `subject`."""
        subject = self.document.get("subject")
        return subject.get("digest") if isinstance(subject, dict) else None

    def descriptor(self) -> dict[str, Any]:
        """What the referrers API says about it (OCI distribution-spec 1.1 "Listing Referrers")."""
        document = self.document
        config_type = (document.get("config") or {}).get("mediaType")
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.content),
            "artifactType": document.get("artifactType") or config_type or "",
            "annotations": document.get("annotations") or {},
        }


@dataclass
class Repository:
    """One repository; a tag points at a manifest's digest."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def manifest(self, reference: str) -> StoredManifest | None:
        """The manifest behind a digest or a tag."""
        return self.manifests.get(self.tags.get(reference, reference))

    def referrers(self, digest: str, artifact_type: str | None) -> list[dict[str, Any]]:
        """Descriptors of the manifests whose subject is `digest`, by digest, all or of one artifact type."""
        found = [m.descriptor() for _, m in sorted(self.manifests.items()) if m.subject == digest]
        return [entry for entry in found if artifact_type in (None, entry["artifactType"])]


class Store:
    """All repositories and the uploads that are under way; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._repositories: dict[str, Repository] = {}
        self._uploads: dict[str, bytearray] = {}

    def find(self, name: str) -> Repository | None:
        """The repository `name`, or None where nothing was pushed to it."""
        with self._lock:
            return self._repositories.get(name)

    def put_blob(self, name: str, content: bytes) -> Digest:
        """Keep a blob; returns its digest."""
        digest = digest_of(content)
        with self._lock:
            self._open(name).blobs[digest] = content
        return digest

    def put_manifest(self, name: str, content: bytes, media_type: str, tag: str | None) -> StoredManifest:
        """Keep a manifest and point `tag` at it."""
        stored = StoredManifest(digest_of(content), media_type, content, time.monotonic())
        with self._lock:
            repository = self._open(name)
            stored = repository.manifests.setdefault(stored.digest, stored)
            if tag is not None:
                repository.tags[tag] = stored.digest
        return stored

    def begin_upload(self) -> str:
        """Begin an upload; returns its id."""
        upload = str(uuid.uuid4())
        with self._lock:
            self._uploads[upload] = bytearray()
        return upload

    def extend_upload(self, upload: str, chunk: bytes) -> int | None:
        """Add a chunk; returns the bytes so far, None for an upload that is not under way."""
        with self._lock:
            content = self._uploads.get(upload)
            if content is None:
                return None
            content += chunk
            return len(content)

    def end_upload(self, upload: str) -> bytes | None:
        """End an upload; returns its bytes, None for one that is not under way."""
        with self._lock:
            content = self._uploads.pop(upload, None)
        return None if content is None else bytes(content)

    def _open(self, name: str) -> Repository:
        return self._repositories.setdefault(name, Repository())


def index_of(descriptors: Iterable[dict[str, Any]]) -> bytes:
    """An OCI index of these descriptors."""
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(descriptors)}).encode()
