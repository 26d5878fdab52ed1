"""Images and evidence put into a registry on loopback, with and without a referrers API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import httpx
import pytest

from local.interop.recording import Recording, record
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.signing.publisher import AMD64, EMPTY_TYPE, attach_bundle, attach_layer, push_image, push_index
from local.signing.signer import BUNDLE_TYPE
from local.sigstore.layers import descriptor


@pytest.fixture(params=["ghcr", "api"])
def registry(request: pytest.FixtureRequest) -> Iterator[LocalRegistry]:
    with LocalRegistry(referrers=request.param) as running:
        yield running


@pytest.fixture
def repository(registry: LocalRegistry) -> Iterator[Repository]:
    with Repository(registry.url, "acme/app") as opened:
        yield opened


def test_same_image_has_the_same_digest(repository: Repository) -> None:
    first, second = (push_image(repository, content=b"same")["digest"] for _ in range(2))
    assert first == second != push_image(repository, content=b"other")["digest"]


def test_image_can_be_read_back(repository: Repository) -> None:
    pushed = push_image(repository, tag="v1")
    content = repository.raw_manifest("v1") or b""
    assert "sha256:" + hashlib.sha256(content).hexdigest() == pushed["digest"]
    assert [len(repository.blob(layer["digest"])) for layer in json.loads(content)["layers"]] == [
        layer["size"] for layer in json.loads(content)["layers"]
    ]


def test_index_lists_its_children_with_platforms(repository: Repository) -> None:
    child = push_image(repository)
    index = push_index(repository, [(child, AMD64)], tag="v1")
    assert repository.manifest("v1") == {
        "schemaVersion": 2,
        "mediaType": index["mediaType"],
        "manifests": [{**child, "platform": {"os": "linux", "architecture": "amd64"}}],
    }


def _referrers(registry: LocalRegistry, digest: str) -> list[str]:
    token = httpx.get(f"{registry.url}/token", params={"scope": "repository:acme/app:pull"}).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    listed = httpx.get(f"{registry.url}/v2/acme/app/referrers/{digest}", headers=headers).json()
    return [entry["digest"] for entry in listed["manifests"]]


def test_bundles_are_listed_where_verifiers_look(registry: LocalRegistry, repository: Repository) -> None:
    image = push_image(repository)
    attached = [attach_bundle(repository, image, bundle)["digest"] for bundle in (b"one", b"two")]
    fallback = repository.manifest(image["digest"].replace(":", "-"))
    if registry.state.referrers == "api":
        assert fallback is None
        assert sorted(_referrers(registry, image["digest"])) == sorted(attached)
    else:
        assert [entry["digest"] for entry in (fallback or {})["manifests"]] == attached
        assert {entry["artifactType"] for entry in (fallback or {})["manifests"]} == {EMPTY_TYPE}


def test_referrer_names_its_subject_and_holds_the_bundle(repository: Repository) -> None:
    image = push_image(repository)
    referrer = repository.manifest(attach_bundle(repository, image, b"bundle")["digest"]) or {}
    assert (referrer["subject"], referrer["artifactType"]) == (image, BUNDLE_TYPE)
    assert repository.blob(referrer["layers"][0]["digest"]) == b"bundle"


def test_layers_are_appended_at_the_tag(repository: Repository) -> None:
    image = push_image(repository)
    for blob in (b"one", b"two"):
        attach_layer(repository, image["digest"], "att", (blob, descriptor("text/plain", blob, {"a": "b"})))
    manifest = repository.manifest(image["digest"].replace(":", "-") + ".att") or {}
    assert [repository.blob(layer["digest"]) for layer in manifest["layers"]] == [b"one", b"two"]
    assert [layer["annotations"] for layer in manifest["layers"]] == [{"a": "b"}, {"a": "b"}]


def test_refusal_of_the_registry_is_an_error() -> None:
    with (
        LocalRegistry(users={"acme": "secret"}) as registry,
        Repository(registry.url, "acme/app") as stranger,
        pytest.raises(httpx.HTTPStatusError),
    ):
        push_image(stranger)


def test_member_may_push() -> None:
    with (
        LocalRegistry(users={"acme": "secret"}) as registry,
        Repository(registry.url, "acme/app", credentials=("acme", "secret")) as member,
    ):
        assert push_image(member, tag="v1") == member.describe("v1")


def test_what_is_not_there_cannot_be_described(repository: Repository) -> None:
    push_image(repository)
    with pytest.raises(LookupError, match="no manifest v9"):
        repository.describe("v9")


def _recorded(repository: Repository) -> Recording:
    image = push_image(repository, tag="v1")
    attach_bundle(repository, image, b"bundle")
    return record(repository, image["digest"], {"made_by": "a test"})


def test_recording_goes_through_a_file_and_into_another_registry(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("recording") / "one.json"
    made = _recorded(repository)
    made.write(path)
    loaded = Recording.load(path)
    assert loaded == made
    with LocalRegistry() as other, Repository(other.url, "acme/app") as copy:
        loaded.push(copy)
        assert record(copy, loaded.image, loaded.facts) == made


def test_recording_that_was_touched_does_not_load(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("recording") / "one.json"
    _recorded(repository).write(path)
    path.write_text(path.read_text().replace("schemaVersion", "schemaversion", 1))
    with pytest.raises(ValueError, match="has digest"):
        Recording.load(path)
