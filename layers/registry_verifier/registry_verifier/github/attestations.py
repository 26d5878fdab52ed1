"""Sigstore bundles that GitHub keeps beside the registry, as `actions/attest` makes them.

Source: docs.github.com/rest, "List attestations":
`GET /orgs/{owner}/attestations/{sha256:…}?per_page=30`, and `/users/{owner}/…` where that has none, then `Link` with
`after=…`. 404, or an empty list, from both means that there are none. Of each row of `attestations` are read `bundle`
(the bundle itself; GitHub leaves it null since July 2026) or else `bundle_url`, which `bundle_file` fetches.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.github import answers
from registry_verifier.github.answers import Exceeded
from registry_verifier.github.bundle_file import HOSTS, BundleStorage
from registry_verifier.github.client import GitHubClient
from registry_verifier.models import Digest, ImageName, Json
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer

REGISTRY = "ghcr.io"
BUNDLES_LIMIT = 128
PAGES_LIMIT = 5
PAGE_LIMIT = 32 << 20
"""in bytes, should the bundles stand in the page"""
TOTAL_LIMIT = 64 << 20
"""bytes of all bundles together"""
OPERATION_SECONDS = 30.0

_Row = tuple[Json, Answer]


class AttestationList:
    """Fits the `Attestations` of ports.py by shape: `AttestationList(client, http).bundles(image, digest)`.

    `http` fetches bundles from storage, as nobody; it may be the client's own. `hosts` are those that may serve them: a
    leading dot stands for any name below. An API on this machine may serve them itself.
    """

    def __init__(
        self,
        client: GitHubClient,
        http: httpx.Client,
        *,
        hosts: tuple[str, ...] = HOSTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._storage = BundleStorage(http, client, hosts)
        self._clock = clock
        self._kinds: dict[str, str] = {}
        """owner -> `orgs` or `users`, where attestations were found"""

    def bundles(self, image: ImageName, digest: Digest) -> tuple[bytes | EvidenceRejected, ...]:
        """The bundles about `digest`, and why others cannot be read; empty where there are none.

        Raises Unavailable where GitHub could not be asked, or one bundle could not be fetched.
        """
        if image.registry != REGISTRY:
            return ()
        until = self._clock() + OPERATION_SECONDS
        found: list[bytes | EvidenceRejected] = []
        try:
            for row in self._rows(image.repository.partition("/")[0], digest):
                _insist_on_room(found)
                found.append(self._bundle(*row))
                self._insist_on_time(until, digest)
        except (Exceeded, _Full) as error:
            found.append(EvidenceRejected(Reason.TOO_MANY_CANDIDATES, str(error)))
        return tuple(found)

    def _rows(self, owner: str, digest: Digest) -> Iterator[_Row]:
        """The rows under whichever kind of owner has some; only that kind is asked from then on."""
        known = self._kinds.get(owner)
        for kind in (known,) if known else ("orgs", "users"):
            rows = self._listed(f"/{kind}/{owner}/attestations/{digest}")
            for row in rows:
                self._kinds[owner] = kind
                yield row
            if owner in self._kinds:
                return

    def _listed(self, path: str) -> Iterator[_Row]:
        for page, answer in self._client.pages(path, {"per_page": "30"}, count=PAGES_LIMIT, size=PAGE_LIMIT) or ():
            listed = page.get("attestations") if isinstance(page, dict) else None
            yield from ((row, answer) for row in answers.rows(listed, answer))

    def _bundle(self, row: Json, answer: Answer) -> bytes | EvidenceRejected:
        bundle, url = row.get("bundle"), row.get("bundle_url")
        try:
            if isinstance(bundle, dict):
                return _written(bundle)
            if bundle is None and isinstance(url, str):
                return self._storage.fetch(url)
        except EvidenceRejected as error:
            return error
        raise answers.garbage(answer, "attestations with a bundle or a bundle_url")

    def _insist_on_time(self, until: float, digest: Digest) -> None:
        if self._clock() > until:
            text = f"attestations of {digest} took longer than {OPERATION_SECONDS:g} seconds"
            raise Unavailable(Reason.GITHUB_UNAVAILABLE, text)


class _Full(Exception):
    """There are more bundles than are read."""


def _insist_on_room(found: list[bytes | EvidenceRejected]) -> None:
    if len(found) >= BUNDLES_LIMIT:
        raise _Full(f"github keeps more than {BUNDLES_LIMIT} attestations")
    if sum(len(bundle) for bundle in found if isinstance(bundle, bytes)) >= TOTAL_LIMIT:
        raise _Full(f"github keeps attestations of more than {TOTAL_LIMIT} bytes together")


def _written(bundle: dict[str, Any]) -> bytes:
    try:
        return json.dumps(bundle).encode()
    except RecursionError:
        raise EvidenceRejected(Reason.BUNDLE_INVALID, "bundle is nested too deep") from None
