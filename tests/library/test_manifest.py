"""Reading manifests strictly, and telling what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_verifier import manifest, manifest_kind
from registry_verifier.errors import EvidenceRejected
from registry_verifier.manifest_kind import Kind
from registry_verifier.models import Digest, digest_of
from registry_verifier.reasons import Reason
from tests.library.registry_wire import descriptor, image, index

HEX = "ab" * 32
DIGEST = Digest(f"sha256:{HEX}")
SUBJECT = descriptor(b"subject", manifest.OCI_MANIFEST)


def layers(*types: str) -> list[dict[str, Any]]:
    return [descriptor(media_type=media_type) for media_type in types]


def expect_rejected(raw: bytes, media_type: str | None = None) -> str:
    with pytest.raises(EvidenceRejected) as caught:
        manifest.read(raw, media_type=media_type)
    assert caught.value.reason is Reason.MANIFEST_INVALID
    return str(caught.value)


def test_an_image_manifest_is_read_whole() -> None:
    raw = image(subject=SUBJECT, artifactType="application/x")
    read = manifest.read(raw, media_type=manifest.OCI_MANIFEST)
    assert (read.digest, read.raw, read.subject) == (digest_of(raw), raw, SUBJECT["digest"])
    assert read.artifact_type == "application/x"
    assert read.config_media_type == "application/vnd.oci.image.config.v1+json"
    assert [(layer.digest, layer.size) for layer in read.layers] == [(digest_of(b"layer"), 5)]
    assert read.children == ()


def test_an_index_has_children_with_platforms_and_annotations() -> None:
    arm = descriptor(platform={"os": "linux", "architecture": "arm64", "variant": "v8"}, annotations={"a": "b"})
    read = manifest.read(index(arm, descriptor()), media_type=None)
    assert [child.platform for child in read.children] == ["linux/arm64", None]
    assert read.children[0].annotations == {"a": "b"}
    assert read.config_media_type is None


@pytest.mark.parametrize("media_type", manifest.MANIFEST_TYPES)
def test_all_four_types_are_read(media_type: str) -> None:
    make = index if media_type in manifest.INDEX_TYPES else image
    assert manifest.read(make(mediaType=media_type), media_type=f"{media_type}; charset=utf-8").media_type == media_type


@pytest.mark.parametrize(("raw", "media_type"), [(image, manifest.OCI_MANIFEST), (index, manifest.OCI_INDEX)])
def test_an_oci_document_may_leave_its_type_out(raw: Any, media_type: str) -> None:
    assert manifest.read(raw(mediaType=...), media_type=None).media_type == media_type
    assert manifest.read(raw(mediaType=...), media_type=media_type).media_type == media_type


def test_null_is_absent_as_go_writes_it() -> None:
    read = manifest.read(image(layers=None, subject=None, artifactType=None), media_type=None)
    assert (read.layers, read.subject, read.artifact_type) == ((), None, None)


def test_a_content_type_that_disagrees_is_rejected() -> None:
    text = expect_rejected(image(), manifest.DOCKER_MANIFEST)
    assert manifest.DOCKER_MANIFEST in text
    assert manifest.OCI_MANIFEST in text


@pytest.mark.parametrize("media_type", ["application/json", "", "application/vnd.docker.distribution.manifest.v1+json"])
def test_other_types_are_rejected(media_type: str) -> None:
    expect_rejected(image(mediaType=...), media_type or "text/html")
    expect_rejected(image(mediaType=media_type or "text/html"))


@pytest.mark.parametrize("media_type", [manifest.DOCKER_MANIFEST, manifest.DOCKER_LIST])
def test_a_docker_manifest_without_a_type_is_rejected(media_type: str) -> None:
    expect_rejected((index if media_type in manifest.INDEX_TYPES else image)(mediaType=...), media_type)


@pytest.mark.parametrize("extra", [{"manifests": []}, {"fsLayers": []}, {"manifests": None}])
def test_cve_2021_41190_image_that_is_an_index_too(extra: dict[str, Any]) -> None:
    expect_rejected(image(**extra))
    expect_rejected(image(mediaType=..., **extra), manifest.OCI_MANIFEST)


@pytest.mark.parametrize("extra", [{"layers": []}, {"config": descriptor()}, {"fsLayers": []}])
def test_cve_2021_41190_index_that_is_an_image_too(extra: dict[str, Any]) -> None:
    expect_rejected(index(**extra))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff{}", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":NaN}'])
def test_what_is_no_json_object_is_rejected(raw: bytes) -> None:
    expect_rejected(raw)


def test_a_key_that_stands_twice_is_rejected() -> None:
    expect_rejected(image().replace(b'"schemaVersion"', b'"layers": [], "schemaVersion"'))


@pytest.mark.parametrize("version", [1, 3, "2", 2.0, True, None, ...])
def test_another_schema_version_is_rejected(version: Any) -> None:
    expect_rejected(image(schemaVersion=version))


@pytest.mark.parametrize("value", [{}, "x", 7])
def test_layers_of_another_type_are_rejected(value: Any) -> None:
    expect_rejected(image(layers=value))


@pytest.mark.parametrize("change", [{"layers": ...}, {"config": ...}, {"config": None}, {"mediaType": 7}])
def test_an_image_that_lacks_a_part_is_rejected(change: dict[str, Any]) -> None:
    expect_rejected(image(**change))


def test_an_index_without_manifests_is_rejected() -> None:
    expect_rejected(index(manifests=...), manifest.OCI_INDEX)


@pytest.mark.parametrize(
    "change",
    [
        {"digest": None},
        {"digest": 7},
        {"digest": "sha256:" + "A" * 64},
        {"digest": "sha256:" + "a" * 63},
        {"digest": "sha512:" + "a" * 128},
        {"digest": DIGEST + "\n"},
        {"size": -1},
        {"size": "5"},
        {"size": 5.0},
        {"size": True},
        {"size": 2**63},
        {"size": None},
        {"mediaType": None},
        {"mediaType": "nothing"},
        {"mediaType": "a/b\n"},
        {"mediaType": "a/" + "b" * 300},
        {"annotations": []},
        {"annotations": {"a": 1}},
        {"annotations": {"a": "\ud800"}},
        {"platform": "linux"},
        {"platform": {"os": 1, "architecture": "amd64"}},
        {"platform": {"os": "linux\n", "architecture": "amd64"}},
    ],
    ids=str,
)
def test_a_malformed_descriptor_is_rejected_wherever_it_stands(change: dict[str, Any]) -> None:
    wrong = {**descriptor(), **change}
    expect_rejected(image(layers=[wrong]))
    expect_rejected(image(config=wrong))
    expect_rejected(image(subject=wrong))
    expect_rejected(index(wrong))


@pytest.mark.parametrize("entry", [None, 7, "x", []])
def test_an_entry_that_is_no_descriptor_is_rejected(entry: Any) -> None:
    expect_rejected(image(layers=[entry]))
    expect_rejected(index(entry))


def test_cve_2023_46737_too_many_layers() -> None:
    entries = [descriptor()] * manifest.ENTRIES_LIMIT
    assert len(manifest.read(image(layers=entries), media_type=None).layers) == manifest.ENTRIES_LIMIT
    assert str(manifest.ENTRIES_LIMIT + 1) in expect_rejected(image(layers=[*entries, descriptor()]))
    expect_rejected(index(*entries, descriptor()))


def test_error_texts_are_short_and_printable() -> None:
    text = expect_rejected(image(mediaType="\x1b[2J" + "x" * 10_000))
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (image(), Kind.IMAGE),
        (image(layers=[]), Kind.IMAGE),
        (image(mediaType=manifest.DOCKER_MANIFEST), Kind.IMAGE),
        (index(), Kind.INDEX),
        (index(mediaType=manifest.DOCKER_LIST), Kind.INDEX),
        (image(subject=SUBJECT), Kind.IMAGE),
        (image(subject=SUBJECT, config=descriptor(mediaType="application/vnd.oci.empty.v1+json")), Kind.EVIDENCE),
        (index(subject=SUBJECT), Kind.INDEX),
        (image(layers=layers(manifest.SIMPLE_SIGNING, manifest.SIMPLE_SIGNING)), Kind.EVIDENCE),
        (image(layers=layers(manifest.DSSE_ENVELOPE)), Kind.EVIDENCE),
        (image(layers=layers("application/vnd.dev.sigstore.bundle.v0.3+json")), Kind.EVIDENCE),
        (image(layers=layers("application/vnd.dev.sigstore.bundle+json;version=0.1")), Kind.EVIDENCE),
        (image(layers=layers(manifest.IN_TOTO, manifest.IN_TOTO)), Kind.BUILDKIT_ATTESTATION),
        (image(layers=layers(manifest.IN_TOTO), subject=SUBJECT), Kind.BUILDKIT_ATTESTATION),
        (image(layers=layers(manifest.SIMPLE_SIGNING, "application/vnd.oci.image.layer.v1.tar")), Kind.IMAGE),
        (image(layers=layers(manifest.IN_TOTO, "application/vnd.oci.image.layer.v1.tar")), Kind.IMAGE),
        (image(layers=layers("application/vnd.dev.sigstore.bundlex")), Kind.IMAGE),
    ],
)
def test_what_a_manifest_is(raw: bytes, kind: Kind) -> None:
    assert manifest_kind.kind(manifest.read(raw, media_type=None)) is kind


def test_annotations_have_no_say_in_what_a_manifest_is() -> None:
    raw = image(annotations={"vnd.docker.reference.type": "attestation-manifest"}, artifactType=manifest.SIMPLE_SIGNING)
    assert manifest_kind.kind(manifest.read(raw, media_type=None)) is Kind.IMAGE


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_a_tag_that_evidence_hides_behind_names_its_subject(suffix: str) -> None:
    assert manifest.subject_of_tag(f"sha256-{HEX}{suffix}") == DIGEST


@pytest.mark.parametrize(
    "tag",
    [None, "", "v1", f"sha256-{HEX[:-1]}", f"sha256-{HEX.upper()}", f"sha256-{HEX}.sig\n", f"sha256-{HEX}.sigx"]
    + [f"xsha256-{HEX}", f"sha256:{HEX}", f"sha512-{HEX}", f"sha256-{HEX}.SIG"],
)
def test_other_tags_name_none(tag: str | None) -> None:
    assert manifest.subject_of_tag(tag) is None


def test_the_tags_of_a_digest_lead_back_to_it() -> None:
    tags = [manifest.fallback_tag(DIGEST), manifest.signature_tag(DIGEST), manifest.attestation_tag(DIGEST)]
    assert tags == [f"sha256-{HEX}", f"sha256-{HEX}.sig", f"sha256-{HEX}.att"]
    assert {manifest.subject_of_tag(tag) for tag in tags} == {DIGEST}


def test_the_bytes_are_not_in_the_repr() -> None:
    assert "raw" not in repr(manifest.read(image(), media_type=None))
    assert json.loads(manifest.read(image(), media_type=None).raw)
