"""Routes that take something in: blobs in one piece or in chunks, manifests by tag or digest."""

from __future__ import annotations

import json

from local.registry.http import Exchange
from local.registry.state import State
from registry_verifier.manifest import essence
from registry_verifier.models import digest_of

MANIFEST_LIMIT = 4 * 1024 * 1024


def begin_upload(http: Exchange, state: State, name: str, content: bytes) -> None:
    """`POST blobs/uploads/`: the whole blob where the query has its digest, else the place to send it to.

    A request to mount a blob of another repository is answered like any other, as the specification allows.
    """
    if digest := http.parameter("digest"):
        _keep_blob(http, state, name, content, digest)
        return
    upload = state.store.begin_upload()
    state.store.extend_upload(upload, content)
    _under_way(http, 202, name, upload, len(content))


def extend_upload(http: Exchange, state: State, name: str, content: bytes, upload: str) -> None:
    """`PATCH blobs/uploads/<id>`: one more chunk."""
    size = state.store.extend_upload(upload, content)
    if size is None:
        http.error(404, "BLOB_UPLOAD_UNKNOWN")
    else:
        _under_way(http, 202, name, upload, size)


def show_upload(http: Exchange, state: State, name: str, upload: str) -> None:
    """`GET blobs/uploads/<id>`: how much is here."""
    size = state.store.extend_upload(upload, b"")
    if size is None:
        http.error(404, "BLOB_UPLOAD_UNKNOWN")
    else:
        _under_way(http, 204, name, upload, size)


def end_upload(http: Exchange, state: State, name: str, content: bytes, upload: str) -> None:
    """`PUT blobs/uploads/<id>?digest=`: the last chunk, or the whole, and the digest to check."""
    if state.store.extend_upload(upload, content) is None:
        http.error(404, "BLOB_UPLOAD_UNKNOWN")
        return
    _keep_blob(http, state, name, state.store.end_upload(upload) or b"", http.parameter("digest") or "")


def put_manifest(http: Exchange, state: State, name: str, content: bytes, reference: str, user: str) -> None:
    """`PUT manifests/<tag or digest>`; tells `on_push` before the answer, so that nobody waits for an event in vain."""
    if len(content) > MANIFEST_LIMIT:
        http.error(413, "SIZE_INVALID")
        return
    tag = None if ":" in reference else reference
    if tag is None and reference != digest_of(content):
        http.error(400, "DIGEST_INVALID", f"expected {reference}, got {digest_of(content)}")
        return
    if not _is_json_object(content):
        http.error(400, "MANIFEST_INVALID")
        return
    stored = state.store.put_manifest(name, content, essence(http.headers.get("Content-Type", "")), tag)
    if state.on_push:
        state.on_push(name, stored.digest, tag, stored.media_type, user)
    subject = stored.subject if state.referrers == "api" else None
    headers = {"OCI_Subject": subject} if subject else {}
    location = f"/v2/{name}/manifests/{stored.digest}"
    http.answer(201, b"", Location=location, Docker_Content_Digest=stored.digest, **headers)


def _is_json_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False


def _keep_blob(http: Exchange, state: State, name: str, content: bytes, digest: str) -> None:
    if digest_of(content) != digest:
        http.error(400, "DIGEST_INVALID", f"expected {digest[:80]}, got {digest_of(content)}")
        return
    state.store.put_blob(name, content)
    http.answer(201, Location=f"/v2/{name}/blobs/{digest}", Docker_Content_Digest=digest)


def _under_way(http: Exchange, status: int, name: str, upload: str, size: int) -> None:
    http.answer(
        status,
        Location=f"/v2/{name}/blobs/uploads/{upload}",
        Range=f"0-{max(size - 1, 0)}",
        Docker_Upload_UUID=upload,
    )
