"""One repository in a registry, spoken to in plain OCI distribution: enough to put images and evidence there.

For loopback registries and tests. The verifier has its own, bounded and read-only, client.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from local.sigstore.layers import descriptor
from local.sigstore.protojson import Json, compact

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Repository:
    """A repository such as `acme/app` behind a registry's URL such as `http://127.0.0.1:5000`.

    Asks `/token` for a bearer token when the registry wants one. Raises httpx.HTTPStatusError when it says no.
    """

    def __init__(self, registry_url: str, name: str, *, credentials: tuple[str, str] | None = None) -> None:
        self.name = name
        self._client = httpx.Client(base_url=registry_url, timeout=30)
        self._credentials = credentials

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def push_blob(self, content: bytes, media_type: str = "application/octet-stream") -> Json:
        """Upload a blob and return its descriptor."""
        described = descriptor(media_type, content)
        upload = self._ask("POST", f"/v2/{self.name}/blobs/uploads/")
        place = httpx.URL(upload.headers["location"]).copy_merge_params({"digest": described["digest"]})
        self._ask("PUT", place, content=content, headers={"content-type": "application/octet-stream"})
        return described

    def push_manifest(self, manifest: Json, *, tag: str | None = None) -> tuple[Json, httpx.Response]:
        """Upload a manifest or index under its digest, or a tag; return its descriptor and the registry's answer."""
        return self.push_raw_manifest(compact(manifest), manifest["mediaType"], tag=tag)

    def push_raw_manifest(
        self, content: bytes, media_type: str, *, tag: str | None = None
    ) -> tuple[Json, httpx.Response]:
        """The same with the manifest's bytes as they are."""
        described = descriptor(media_type, content)
        path = f"/v2/{self.name}/manifests/{tag or described['digest']}"
        return described, self._ask("PUT", path, content=content, headers={"content-type": media_type})

    def manifest(self, reference: str) -> Any | None:
        """The manifest or index behind a tag or digest, or None."""
        path = f"/v2/{self.name}/manifests/{reference}"
        answer = self._ask("GET", path, headers={"accept": f"{MANIFEST_TYPE}, {INDEX_TYPE}"}, absent=True)
        return None if answer is None else answer.json()

    def raw_manifest(self, reference: str) -> bytes | None:
        """The bytes of the manifest or index behind a tag or digest, or None."""
        path = f"/v2/{self.name}/manifests/{reference}"
        answer = self._ask("GET", path, headers={"accept": f"{MANIFEST_TYPE}, {INDEX_TYPE}"}, absent=True)
        return None if answer is None else answer.content

    def tags(self) -> list[str]:
        """All tags, for registries that list them on one page."""
        listed: list[str] = self._ask("GET", f"/v2/{self.name}/tags/list").json()["tags"] or []
        return listed

    def describe(self, reference: str) -> Json:
        """The descriptor of the manifest or index behind a tag or digest; LookupError where there is none."""
        content = self.raw_manifest(reference)
        if content is None:
            raise LookupError(f"no manifest {reference} in {self.name}")
        media_type = httpx.Response(200, content=content).json()["mediaType"]
        return descriptor(media_type, content)

    def blob(self, digest: str) -> bytes:
        """The bytes of a blob."""
        answer: httpx.Response = self._ask("GET", f"/v2/{self.name}/blobs/{digest}", follow_redirects=True)
        return answer.content

    def _ask(self, method: str, url: str | httpx.URL, **how: Any) -> Any:
        absent = how.pop("absent", False)
        answer = self._client.request(method, url, **how)
        if answer.status_code == httpx.codes.UNAUTHORIZED and "authorization" not in self._client.headers:
            self._client.headers["authorization"] = f"Bearer {self._token(answer)}"
            answer = self._client.request(method, url, **how)
        if absent and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status()

    def _token(self, challenge: httpx.Response) -> str:
        named = dict(_CHALLENGE.findall(challenge.headers.get("www-authenticate", "")))
        wanted = {"service": named.get("service", ""), "scope": f"repository:{self.name}:pull,push"}
        answer = self._client.get("/token", params=wanted, auth=self._credentials).raise_for_status()
        return str(answer.json()["token"])
