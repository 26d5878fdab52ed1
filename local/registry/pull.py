"""Routes that hand something out: manifests, blobs by way of the storage, tags and referrers in pages."""

from __future__ import annotations

import time

from local.registry.http import Exchange
from local.registry.state import State
from local.registry.store import StoredManifest, index_of
from registry_verifier.manifest import INDEX_TYPES, OCI_INDEX, essence


def get_manifest(http: Exchange, state: State, name: str, reference: str) -> None:
    """`GET manifests/<tag or digest>`: unknown too where `Accept` does not list its type, as on GHCR."""
    repository = state.store.find(name)
    stored = repository.manifest(reference) if repository else None
    if stored is None or _lags(http, stored):
        http.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    elif not _accepts(http, stored.media_type):
        what = "index" if stored.media_type in INDEX_TYPES else "manifest"
        http.error(404, "MANIFEST_UNKNOWN", f"OCI {what} found, but accept header does not support OCI {what}s")
    else:
        http.answer(200, stored.content, stored.media_type, Docker_Content_Digest=stored.digest)


def get_blob(http: Exchange, state: State, name: str, digest: str) -> None:
    """`GET blobs/<digest>`: 307 to the storage, which is on another origin; `HEAD` is answered here."""
    repository = state.store.find(name)
    content = repository.blobs.get(digest) if repository else None
    if content is None:
        http.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    elif http.command == "GET" and state.redirects_blobs:
        http.answer(307, Location=state.ticket(content))
    else:
        http.answer(200, content, "application/octet-stream", Docker_Content_Digest=digest)


def get_storage(http: Exchange, state: State) -> None:
    """What the storage does: hands out what it has a ticket for, and refuses whoever says who they are."""
    content = state.tickets.get(http.path_only)
    if http.headers.get("Authorization"):
        state.leaks.append(http.path_only)
        http.answer(400, b"<Error><Code>InvalidAuthenticationInfo</Code></Error>", "application/xml")
    elif content is None:
        http.answer(403, b"<Error><Code>AuthenticationFailed</Code></Error>", "application/xml")
    else:
        http.answer(200, content, "application/octet-stream")


def get_tags(http: Exchange, state: State, name: str) -> None:
    """`GET tags/list?n=&last=`: in lexical order, the next page in `Link`."""
    repository = state.store.find(name)
    if repository is None:
        http.error(404, "NAME_UNKNOWN")
        return
    page, headers = _page(http, state, sorted(repository.tags))
    http.answer_json(200, {"name": name, "tags": page}, **headers)


def get_referrers(http: Exchange, state: State, name: str, digest: str) -> None:
    """`GET referrers/<digest>?artifactType=`: as the registry's mode has it."""
    if state.referrers == "404":
        http.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    elif state.referrers == "ghcr":
        http.answer(303, Location=f"{state.url}/-/packages/container/{name}")
    else:
        _list_referrers(http, state, name, digest)


def _list_referrers(http: Exchange, state: State, name: str, digest: str) -> None:
    wanted = http.parameter("artifactType")
    repository = state.store.find(name)
    found = {entry["digest"]: entry for entry in (repository.referrers(digest, wanted) if repository else ())}
    page, headers = _page(http, state, sorted(found))
    if wanted:
        headers["OCI_Filters_Applied"] = "artifactType"
    http.answer(200, index_of(found[key] for key in page), OCI_INDEX, **headers)


def _page(http: Exchange, state: State, keys: list[str]) -> tuple[list[str], dict[str, str]]:
    """The keys after `last`, at most `n` of them, and the header that leads to the next."""
    last, asked = http.parameter("last") or "", http.parameter("n") or ""
    size = min(int(asked), state.page_size) if asked.isdecimal() else state.page_size
    rest = [key for key in keys if key > last]
    if len(rest) <= size or not size:
        return rest[:size], {}
    return rest[:size], {"Link": f'<{http.path_only}?n={size}&last={rest[size - 1]}>; rel="next"'}


def _lags(http: Exchange, stored: StoredManifest) -> bool:
    return http.fault is not None and time.monotonic() - stored.pushed_at < http.fault.lag


def _accepts(http: Exchange, media_type: str) -> bool:
    listed = {essence(part) for header in http.headers.get_all("Accept", []) for part in header.split(",")}
    return bool(listed & {media_type, "*/*"}) or not listed
