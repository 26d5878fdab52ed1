"""A copy of one repository in one JSON file: manifests and blobs byte for byte, tags, and what is known about it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.signing.distribution import Repository
from local.sigstore.protojson import Json


@dataclass(frozen=True)
class Recording:
    """What was in a repository. Everything is keyed by digest but `tags`, which point at digests."""

    image: str
    """the digest that the evidence is about"""
    tags: Mapping[str, str]
    manifests: Mapping[str, bytes]
    blobs: Mapping[str, bytes]
    facts: Json = field(default_factory=dict)
    """how it was made and what is to be expected of it"""

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read a file; ValueError where something in it does not have the digest that it is listed under."""
        document = json.loads(path.read_text())
        manifests = {digest: text.encode() for digest, text in document["manifests"].items()}
        blobs = {digest: _decoded(stored) for digest, stored in document["blobs"].items()}
        for digest, content in {**manifests, **blobs}.items():
            if _digest(content) != digest:
                raise ValueError(f"{path.name}: content of {digest} has digest {_digest(content)}")
        return cls(document["image"], document["tags"], manifests, blobs, document["facts"])

    def write(self, path: Path) -> None:
        """Write the file, sorted, so that changes can be read."""
        document = {
            "image": self.image,
            "facts": self.facts,
            "tags": dict(sorted(self.tags.items())),
            "manifests": {digest: content.decode() for digest, content in sorted(self.manifests.items())},
            "blobs": {digest: _encoded(content) for digest, content in sorted(self.blobs.items())},
        }
        path.write_text(json.dumps(document, indent=1) + "\n")

    def push(self, repository: Repository) -> None:
        """Put everything into another repository, what is pointed at before what points."""
        for content in self.blobs.values():
            repository.push_blob(content)
        for content in sorted(self.manifests.values(), key=_is_index):
            repository.push_raw_manifest(content, json.loads(content)["mediaType"])
        for tag, digest in self.tags.items():
            content = self.manifests[digest]
            repository.push_raw_manifest(content, json.loads(content)["mediaType"], tag=tag)


def record(repository: Repository, image: str, facts: Json) -> Recording:
    """Copy everything that can be reached from the tags of a repository."""
    tags: dict[str, str] = {}
    manifests: dict[str, bytes] = {}
    blobs: dict[str, bytes] = {}
    for tag in repository.tags():
        tags[tag] = repository.describe(tag)["digest"]
        _collect(repository, tags[tag], manifests, blobs)
    return Recording(image, tags, manifests, blobs, facts)


def _collect(repository: Repository, digest: str, manifests: dict[str, bytes], blobs: dict[str, bytes]) -> None:
    content = repository.raw_manifest(digest)
    if content is None or digest in manifests:
        return
    manifests[digest] = content
    document = json.loads(content)
    for child in document.get("manifests", ()):
        _collect(repository, child["digest"], manifests, blobs)
    for described in _parts(document):
        blobs[described["digest"]] = repository.blob(described["digest"])


def _parts(manifest: Json) -> Iterator[Any]:
    if "config" in manifest:
        yield manifest["config"]
    yield from manifest.get("layers", ())


def _is_index(content: bytes) -> bool:
    return "manifests" in json.loads(content)


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _encoded(content: bytes) -> Json:
    """As text where it is UTF-8, so that people can read it."""
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _decoded(stored: Json) -> bytes:
    return stored["text"].encode() if "text" in stored else base64.b64decode(stored["base64"])
