"""One bundle from GitHub's storage: a pre-signed URL, fetched as nobody, and one block of raw snappy.

The URL is the API's word, so it is held to the hosts that GitHub uses (Azure blob storage), and never sees our token:
whoever holds the URL may read the file. `GET bundle_url` answers 200, `application/x-snappy`.
Source: google/snappy format_description.txt: the length of the content comes first, as a varint of at most 32 bits,
which is read before anything is decompressed.
"""

from __future__ import annotations

import httpx

from registry_verifier import strict_json
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.github import exchange
from registry_verifier.github.answers import Exceeded
from registry_verifier.github.client import GitHubClient
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import place
from registry_verifier.registry.hosts import parse_url

HOSTS = (".blob.core.windows.net",)
COMPRESSED_LIMIT = 16 << 20
BUNDLE_LIMIT = 16 << 20

_TYPES = ("application/x-snappy", "application/octet-stream")  # the second is what Azure says where nobody said


class BundleStorage:
    """Fetches bundles from the hosts that may serve them."""

    def __init__(self, http: httpx.Client, client: GitHubClient, hosts: tuple[str, ...]) -> None:
        self._http = http
        self._client = client
        self._hosts = hosts

    def fetch(self, text: str) -> bytes:
        """The bundle behind this URL, which is JSON whatever else it is.

        Raises EvidenceRejected for a file that is no bundle, and Unavailable where it could not be fetched, or stands
        where nothing is fetched from.
        """
        url = self._allowed(text)
        request = exchange.Request("GET", url, {"Accept": "application/x-snappy"}, COMPRESSED_LIMIT)
        try:
            answer = exchange.send(self._http, request)
        except Exceeded as error:
            raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, str(error)) from error
        if answer.status != 200 or answer.media_type not in _TYPES:
            got = f"{answer.status} {answer.media_type or ''}".strip()
            text = f"{place(url)} answered {got} (expected 200 {_TYPES[0]})"
            raise Unavailable(Reason.GITHUB_UNAVAILABLE, text)
        return read(answer.content)

    def _allowed(self, text: str) -> httpx.URL:
        url = parse_url(text)
        if url is not None and (self._is_storage(url) or (self._client.is_local and self._client.owns(url))):
            return url
        where = f"{url.scheme}://{place(url)}" if url else "no url"
        text = f"bundle_url is {where} (expected https at {' or '.join(self._hosts)})"
        raise Unavailable(Reason.GITHUB_UNAVAILABLE, text)

    def _is_storage(self, url: httpx.URL) -> bool:
        is_plain = url.scheme == "https" and not url.userinfo and url.port in (None, 443)
        return is_plain and any(
            url.host == host or (host.startswith(".") and url.host.endswith(host)) for host in self._hosts
        )


def read(content: bytes) -> bytes:
    """The bundle in a block of raw snappy; EvidenceRejected where it is none, or more than `BUNDLE_LIMIT`."""
    bundle = _decompressed(content)
    try:
        strict_json.parse_object(bundle, half_characters=True)
    except ValueError as error:
        raise EvidenceRejected(Reason.BUNDLE_INVALID, f"bundle is not read: {error}"[:300]) from error
    return bundle


def _decompressed(content: bytes) -> bytes:
    import cramjam  # here, for verify reads this room at each start, and most images have no such bundle

    try:
        size = cramjam.snappy.decompress_raw_len(content)
        if size > BUNDLE_LIMIT:
            text = f"bundle has {size} bytes (at most {BUNDLE_LIMIT})"
            raise EvidenceRejected(Reason.EVIDENCE_TOO_LARGE, text)
        return bytes(cramjam.snappy.decompress_raw(content))
    except (cramjam.DecompressionError, ValueError, OverflowError) as error:
        text = f"bundle is not read as snappy: {error}"
        raise EvidenceRejected(Reason.BUNDLE_INVALID, text[:300]) from error
