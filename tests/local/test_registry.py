"""The local registry has the ways of GHCR, to clients that push and pull as cosign, crane and docker do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from registry_verifier.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from registry_verifier.models import digest_of

NAME = "acme/app"
BLOB = b"a blob of some bytes"
DIGEST = digest_of(BLOB)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as started:
        yield started


@pytest.fixture
def client(registry: LocalRegistry) -> Iterator[httpx.Client]:
    with logged_in(registry) as made:
        yield made


def logged_in(registry: LocalRegistry, actions: str = "pull,push", auth: tuple[str, str] | None = None) -> httpx.Client:
    answer = asked_for_token(registry, f"repository:{NAME}:{actions}", auth)
    headers = {"Authorization": f"Bearer {answer.json()['token']}", "Accept": "*/*"}
    return httpx.Client(base_url=registry.url, headers=headers, trust_env=False)


def asked_for_token(registry: LocalRegistry, scope: str, auth: tuple[str, str] | None = None) -> httpx.Response:
    return httpx.get(f"{registry.url}/token", params={"service": "ghcr.io", "scope": scope}, auth=auth, trust_env=False)


def manifest(**more: Any) -> bytes:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": len(BLOB)}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [], **more}).encode()


def push(client: httpx.Client, reference: str, content: bytes, media_type: str = OCI_MANIFEST) -> httpx.Response:
    headers = {"Content-Type": media_type}
    return client.put(f"/v2/{NAME}/manifests/{reference}", content=content, headers=headers)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["code"])


def chunks() -> Iterator[bytes]:
    yield BLOB[:7]
    yield BLOB[7:]


def test_a_blob_in_one_request(client: httpx.Client) -> None:
    answer = client.post(f"/v2/{NAME}/blobs/uploads/", params={"digest": DIGEST}, content=BLOB)
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, DIGEST)
    assert client.head(f"/v2/{NAME}/blobs/{DIGEST}").headers["Content-Length"] == str(len(BLOB))


def test_a_blob_by_post_and_put(client: httpx.Client) -> None:
    begun = client.post(f"/v2/{NAME}/blobs/uploads/", params={"mount": DIGEST, "from": "acme/other"})
    assert begun.status_code == 202
    assert client.put(begun.headers["Location"], params={"digest": DIGEST}, content=BLOB).status_code == 201


def test_a_blob_in_chunks_of_unknown_length(client: httpx.Client) -> None:
    place = client.post(f"/v2/{NAME}/blobs/uploads/").headers["Location"]
    assert client.patch(place, content=chunks()).headers["Range"] == f"0-{len(BLOB) - 1}"
    assert client.get(place).status_code == 204
    assert client.put(place, params={"digest": DIGEST}).status_code == 201
    assert client.get(f"/v2/{NAME}/blobs/{DIGEST}").status_code == 307


def test_a_blob_that_is_not_what_was_said(client: httpx.Client) -> None:
    answer = client.post(f"/v2/{NAME}/blobs/uploads/", params={"digest": DIGEST}, content=b"other")
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "GET"])
def test_an_upload_that_was_never_begun(client: httpx.Client, method: str) -> None:
    assert code(client.request(method, f"/v2/{NAME}/blobs/uploads/abc")) == "BLOB_UPLOAD_UNKNOWN"


def test_a_blob_comes_from_another_origin_that_wants_no_authorization(
    registry: LocalRegistry, client: httpx.Client
) -> None:
    registry.put_blob(NAME, BLOB)
    place = client.get(f"/v2/{NAME}/blobs/{DIGEST}").headers["Location"]
    assert httpx.URL(place).port != httpx.URL(registry.url).port
    assert httpx.get(place, trust_env=False).content == BLOB
    assert registry.leaks == []
    assert httpx.get(place, headers={"Authorization": "Bearer x"}, trust_env=False).status_code == 400
    assert registry.leaks == [httpx.URL(place).path]
    assert httpx.get(place[:-30] + "?sig=x", trust_env=False).status_code == 403


def test_a_manifest_by_tag_and_by_digest(client: httpx.Client) -> None:
    digest = digest_of(manifest())
    assert push(client, "v1", manifest()).headers["Docker-Content-Digest"] == digest
    assert push(client, digest, manifest()).status_code == 201
    for reference in ("v1", digest):
        answer = client.get(f"/v2/{NAME}/manifests/{reference}")
        assert (answer.content, answer.headers["Content-Type"]) == (manifest(), OCI_MANIFEST)
        assert client.head(f"/v2/{NAME}/manifests/{reference}").headers["Docker-Content-Digest"] == digest


def test_a_manifest_that_is_not_what_was_said(client: httpx.Client) -> None:
    assert code(push(client, DIGEST, manifest())) == "DIGEST_INVALID"
    assert code(push(client, "v1", b"no json")) == "MANIFEST_INVALID"
    assert code(push(client, "v1", b" " * (4 << 20) + b"{}")) == "SIZE_INVALID"


def test_a_manifest_is_unknown_to_who_does_not_accept_its_type(client: httpx.Client) -> None:
    push(client, "v1", manifest())
    answer = client.get(f"/v2/{NAME}/manifests/v1", headers={"Accept": DOCKER_MANIFEST})
    assert (answer.status_code, code(answer)) == (404, "MANIFEST_UNKNOWN")
    assert "accept header does not support OCI" in answer.text
    both = {"Accept": f"{DOCKER_MANIFEST}, {OCI_MANIFEST}"}
    assert client.get(f"/v2/{NAME}/manifests/v1", headers=both).status_code == 200


def test_nothing_is_deleted(client: httpx.Client) -> None:
    push(client, "v1", manifest())
    assert client.delete(f"/v2/{NAME}/manifests/v1").status_code == 405


def test_tags_in_pages(registry: LocalRegistry, client: httpx.Client) -> None:
    for tag in ("v3", "v1", "v2"):
        registry.put_manifest(NAME, manifest(), OCI_MANIFEST, tag)
    first = client.get(f"/v2/{NAME}/tags/list", params={"n": 2})
    assert first.json() == {"name": NAME, "tags": ["v1", "v2"]}
    second = client.get(first.links["next"]["url"])
    assert (second.json()["tags"], "Link" in second.headers) == (["v3"], False)


def test_one_event_for_each_manifest(registry: LocalRegistry) -> None:
    events: list[tuple[str, str, str | None, str, str]] = []
    with LocalRegistry(users={"robot": "pw"}, on_push=lambda *event: events.append(event)) as started:
        with logged_in(started, auth=("robot", "pw")) as client:
            push(client, digest_of(manifest()), manifest())
            push(client, "v1", manifest())
            push(client, "v1", b"no json")
        started.put_manifest(NAME, manifest(), OCI_MANIFEST, "v2")
    digest = digest_of(manifest())
    assert events == [
        (NAME, digest, None, OCI_MANIFEST, "robot"),
        (NAME, digest, "v1", OCI_MANIFEST, "robot"),
        (NAME, digest, "v2", OCI_MANIFEST, ""),
    ]


def test_a_request_without_a_token_is_challenged_with_a_placeholder(registry: LocalRegistry) -> None:
    answer = httpx.get(f"{registry.url}/v2/", trust_env=False)
    assert (answer.status_code, code(answer)) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="{registry.url}/token",service="ghcr.io",scope="repository:user/image:pull"'
    )


def test_the_token_answer_has_a_token_and_nothing_else(registry: LocalRegistry) -> None:
    registry.put_blob(NAME, BLOB)
    answer = asked_for_token(registry, f"repository:{NAME}:pull")
    assert list(answer.json()) == ["token"]
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert httpx.get(f"{registry.url}/v2/", headers=bearer, trust_env=False).status_code == 200


def test_a_token_is_for_what_was_asked(registry: LocalRegistry) -> None:
    registry.put_blob(NAME, BLOB)
    with logged_in(registry, "pull") as client:
        assert code(push(client, "v1", manifest())) == "DENIED"
        assert client.get("/v2/acme/other/tags/list").status_code == 403


def test_tokens_can_be_forgotten(registry: LocalRegistry, client: httpx.Client) -> None:
    registry.access.forget_tokens()
    assert client.get("/v2/").status_code == 401


def test_private_repositories_and_who_may_push() -> None:
    with LocalRegistry(users={"robot": "pw"}, private=[NAME]) as registry:
        registry.put_blob(NAME, BLOB)
        registry.put_blob("acme/public", BLOB)
        assert asked_for_token(registry, f"repository:{NAME}:pull").status_code == 401
        assert asked_for_token(registry, f"repository:{NAME}:pull", ("robot", "pw")).status_code == 200
        assert asked_for_token(registry, "repository:acme/public:pull").status_code == 200
        assert asked_for_token(registry, "repository:acme/public:push").status_code == 401
        assert asked_for_token(registry, "repository:acme/missing:pull").status_code == 401


@pytest.mark.parametrize("auth", [("robot", "wrong"), ("nobody", "pw"), ("robot", "")])
def test_bad_credentials_are_denied_even_for_public_images(auth: tuple[str, str]) -> None:
    with LocalRegistry(users={"robot": "pw"}) as registry:
        registry.put_blob(NAME, BLOB)
        answer = asked_for_token(registry, f"repository:{NAME}:pull", auth)
        assert (answer.status_code, code(answer)) == (403, "DENIED")


def test_several_scopes_of_which_one_is_the_placeholder(registry: LocalRegistry) -> None:
    registry.put_blob(NAME, BLOB)
    assert asked_for_token(registry, f"repository:user/image:pull repository:{NAME}:pull").status_code == 200


def subject() -> dict[str, Any]:
    return {"mediaType": OCI_MANIFEST, "digest": digest_of(manifest()), "size": len(manifest())}


def test_referrers_as_ghcr_has_them(registry: LocalRegistry, client: httpx.Client) -> None:
    assert "OCI-Subject" not in push(client, "v1", manifest(subject=subject())).headers
    answer = client.get(f"/v2/{NAME}/referrers/{DIGEST}")
    assert answer.status_code == 303
    people = httpx.get(answer.headers["Location"], trust_env=False)
    assert (people.status_code, people.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_referrers_as_an_unknown_path() -> None:
    with LocalRegistry(referrers="404") as registry, logged_in(registry) as client:
        assert code(client.get(f"/v2/{NAME}/referrers/{DIGEST}")) == "MANIFEST_UNKNOWN"


def test_referrers_as_the_specification_has_them() -> None:
    about = digest_of(manifest())
    with LocalRegistry(referrers="api", page_size=1) as registry, logged_in(registry) as client:
        pushed = push(client, "a", manifest(subject=subject(), artifactType="application/a"))
        assert pushed.headers["OCI-Subject"] == about
        push(client, "b", manifest(subject=subject(), artifactType="application/b"))
        first = client.get(f"/v2/{NAME}/referrers/{about}")
        assert first.headers["Content-Type"] == OCI_INDEX
        second = client.get(first.links["next"]["url"])
        listed = [answer.json()["manifests"][0]["artifactType"] for answer in (first, second)]
        assert sorted(listed) == ["application/a", "application/b"]
        only = client.get(f"/v2/{NAME}/referrers/{about}", params={"artifactType": "application/b"})
        assert [entry["artifactType"] for entry in only.json()["manifests"]] == ["application/b"]
        assert only.headers["OCI-Filters-Applied"] == "artifactType"
        assert client.get(f"/v2/{NAME}/referrers/{DIGEST}").json()["manifests"] == []


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="referrers mode"):
        LocalRegistry(referrers="oci")


def test_faults_by_http_are_counted_and_cleared(registry: LocalRegistry, client: httpx.Client) -> None:
    faults = f"{registry.url}/_faults"
    put = httpx.put(faults, json={"status": 429, "retry_after": 1, "count": 1, "path": "/tags/"}, trust_env=False)
    assert put.json()[0]["status"] == 429
    answer = client.get(f"/v2/{NAME}/tags/list")
    assert (answer.status_code, answer.headers["Retry-After"], code(answer)) == (429, "1", "TOOMANYREQUESTS")
    assert client.get(f"/v2/{NAME}/tags/list").status_code == 404
    httpx.put(faults, json=[{"status": 500}], trust_env=False)
    assert client.get("/v2/").status_code == 500
    httpx.delete(faults, trust_env=False)
    assert client.get("/v2/").status_code == 200


@pytest.mark.parametrize("document", ["7", "[7]", '{"status": 500, "x": 1}', '{"path": "("}', '{"content": "?"}', "{"])
def test_what_is_no_fault_is_refused(registry: LocalRegistry, document: str) -> None:
    assert httpx.put(f"{registry.url}/_faults", content=document, trust_env=False).status_code == 400


def test_a_fault_may_be_for_a_time_or_a_method(registry: LocalRegistry, client: httpx.Client) -> None:
    registry.fail(Fault(status=500, seconds=0), Fault(status=502, method="HEAD"))
    assert client.get("/v2/").status_code == 200
    assert client.head("/v2/").status_code == 502


def test_lag(registry: LocalRegistry, client: httpx.Client) -> None:
    push(client, "v1", manifest())
    registry.fail(Fault(lag=60))
    assert client.get(f"/v2/{NAME}/manifests/v1").status_code == 404
    registry.fail(Fault(lag=0))
    assert client.get(f"/v2/{NAME}/manifests/v1").status_code == 200


def test_wrong_and_truncated_bytes(registry: LocalRegistry, client: httpx.Client) -> None:
    push(client, "v1", manifest())
    registry.fail(Fault(content="wrong"))
    assert digest_of(client.get(f"/v2/{NAME}/manifests/v1").content) != digest_of(manifest())
    registry.fail(Fault(content="truncated"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"/v2/{NAME}/manifests/v1")


def test_endless_bytes(registry: LocalRegistry, client: httpx.Client) -> None:
    push(client, "v1", manifest())
    registry.fail(Fault(content="endless"))
    with client.stream("GET", f"/v2/{NAME}/manifests/v1") as answer:
        sizes = (len(chunk) for chunk in answer.iter_raw())
        assert sum(next(sizes) for _ in range(100)) > len(manifest())


def test_a_hang_ends_with_the_registry() -> None:
    with LocalRegistry() as registry:
        registry.fail(Fault(hang=60))
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{registry.url}/v2/", timeout=0.1, trust_env=False)


def test_requests_are_counted(registry: LocalRegistry, client: httpx.Client) -> None:
    registry.requests.clear()
    client.get("/v2/?x=1")
    assert registry.requests == ["GET /v2/?x=1"]
    assert httpx.get(f"{registry.url}/_requests", trust_env=False).json() == ["GET /v2/?x=1"]
    assert httpx.delete(f"{registry.url}/_requests", trust_env=False).json() == []


def test_a_connection_is_kept_after_refused_bodies(registry: LocalRegistry) -> None:
    with httpx.Client(base_url=registry.url, limits=httpx.Limits(max_connections=1), trust_env=False) as client:
        for _ in range(3):
            assert client.post(f"/v2/{NAME}/blobs/uploads/", content=BLOB).status_code == 401


@pytest.mark.parametrize("path", ["/", "/v2/x", "/v2/UPPER/tags/list", f"/v2/{NAME}/blobs/sha256:short", "/v3/"])
def test_unknown_paths(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_module_serves() -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "registry_verifier")])
    command = [sys.executable, "-m", "local.registry", "--port", "0", "--user", "robot:pw", "--private", NAME]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("listening ").strip()
            assert httpx.get(f"{url}/v2/", trust_env=False).status_code == 401
        finally:
            process.terminate()
