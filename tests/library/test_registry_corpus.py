"""Real images and their evidence, served as a registry in each of its modes; needs the folder beside the repository."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from registry_verifier import manifest
from registry_verifier.models import Digest, ImageName
from registry_verifier.registry.client import RegistryClient
from tests.library.registry_wire import ask

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
BLOB_LIMIT = 20 * 1024 * 1024

pytestmark = pytest.mark.skipif(not (CORPUS / "serve.py").is_file(), reason="../shared/corpus is not here")


@contextmanager
def serving(cases: list[Path], mode: str, auth: bool) -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("corpus_serve", CORPUS / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    serve: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(serve)
    server = serve.make_server(cases, referrers=mode, auth=auth)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def case_image(case: Path) -> ImageName:
    return ImageName.parse(json.loads((case / "meta.json").read_text())["image_ref"])


async def read_all(client: RegistryClient, case: Path) -> int:
    """Read every manifest of a case by digest and by tag, its referrers, and the blobs that are in the case."""
    name, here = case_image(case), {f"sha256:{blob.name}" for blob in (case / "blobs" / "sha256").iterdir()}
    entries = json.loads((case / "index.json").read_text())["manifests"]
    for entry in entries:
        by_digest = await client.manifest(name, entry["digest"])
        assert by_digest is not None
        assert (by_digest.media_type, len(by_digest.raw)) == (entry["mediaType"], entry["size"])
        if tag := entry.get("annotations", {}).get("org.opencontainers.image.ref.name"):
            assert await client.manifest(name, tag) == by_digest
        for layer in (layer for layer in by_digest.layers if layer.digest in here):
            assert await client.blob(name, layer.digest, size=layer.size, limit=BLOB_LIMIT) is not None
    return len(entries)


def subjects(case: Path) -> dict[Digest, set[str]]:
    found: dict[Digest, set[str]] = {}
    for entry in json.loads((case / "index.json").read_text())["manifests"]:
        raw = (case / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")).read_bytes()
        if subject := manifest.read(raw, media_type=entry["mediaType"]).subject:
            found.setdefault(subject, set()).add(entry["digest"])
    return found


def waves() -> list[list[Path]]:
    """The cases such that no two at a time share a repository, whose tags they would take from one another."""
    by_name: dict[ImageName, list[Path]] = {}
    for case in sorted((CORPUS / "cases").iterdir()):
        by_name.setdefault(case_image(case), []).append(case)
    return [[case for case in wave if case] for wave in itertools.zip_longest(*by_name.values())]


async def read_wave(client: RegistryClient, cases: list[Path], mode: str) -> int:
    counts = await asyncio.gather(*(read_all(client, case) for case in cases))
    for case in cases:
        for subject, expected in subjects(case).items():
            listed = set(await client.referrers(case_image(case), subject))
            assert listed == expected if mode == "api" else not listed
    return sum(counts)


@pytest.mark.parametrize("auth", [False, True], ids=["plain", "auth"])
@pytest.mark.parametrize("mode", ["api", "404", "ghcr"])
def test_every_manifest_of_each_case_is_read(mode: str, auth: bool) -> None:
    for cases in waves():
        with serving(cases, mode, auth) as url:
            endpoints = {case_image(case).registry: url for case in cases}
            assert ask(None, lambda client: read_wave(client, cases, mode), endpoints=endpoints) >= len(cases)  # noqa: B023 - used at once
