"""Holding a provenance against the certificate that signed it and the digest that was verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from registry_verifier.models import Digest, ImageName, Json, Statement
from registry_verifier.provenance import certified as comparisons
from registry_verifier.provenance.certified import Certified
from registry_verifier.provenance.disagreement import MISSING, Disagreement, at, listed, shown
from registry_verifier.provenance.layouts import BY_TYPE, Fact, Layout

_SLSA = "https://slsa.dev/provenance/"
_SCHEMES = ("docker://", "oci://")
_DOCKER_HUB = ("docker.io", "index.docker.io")
_REPOSITORY = "source repository"
_SOURCE = (
    Fact(_REPOSITORY, "uri", comparisons.repository),
    Fact("ref", "uri", comparisons.ref_of_uri, published=True),
    Fact("commit", "digest.gitCommit", comparisons.commit, published=True),
    Fact("commit", "digest.sha1", comparisons.commit, published=True),
)


def is_checked(statement: Statement) -> bool:
    """Whether it is provenance of a workflow in a form that is read here, held against a certificate.

    Its source repository is stated at least, and the certificate speaks of one: what leaves that out says nothing, and
    could not be caught at a lie. A key vouches for no repository.
    """
    layout = _layout(statement)
    if layout is None or statement.identity is None:
        return False
    predicate, certified = statement.document["predicate"], comparisons.read(statement.identity)
    stated = [at(predicate, fact.path) for fact in layout.facts if fact.what == _REPOSITORY]
    stated += [at(entry, "uri") for entry in _sources(predicate, layout, certified)]
    return bool(certified[_REPOSITORY]) and any(one is not MISSING for one in stated)


def may_be_checked(statement: Statement) -> bool:
    """Whether it calls itself SLSA provenance, of whatever version and build type."""
    return (statement.predicate_type or "").startswith(_SLSA)


def disagreements(statement: Statement, image: ImageName, digest: Digest) -> tuple[Disagreement, ...]:
    """What a workflow's provenance states wrongly; nothing for other documents, and for facts that it does not state.

    A stated fact that is no text is a disagreement. Without a certificate, as with keys, only the image is compared.
    """
    layout = _layout(statement)
    if layout is None:
        return ()
    document, predicate = statement.document, statement.document["predicate"]
    found = [*_subject(document, digest), *_image(predicate, layout, image, digest)]
    if statement.identity is not None:
        certified = comparisons.read(statement.identity)
        found += [*_facts(predicate, layout, certified), *_source(predicate, layout, certified)]
    return tuple(dict.fromkeys(found))


def _layout(statement: Statement) -> Layout | None:
    predicate = statement.document.get("predicate")
    for build_type, layout in BY_TYPE.get(statement.predicate_type or "", {}).items():
        if isinstance(predicate, Mapping) and at(predicate, layout.build_type) == build_type:
            return layout
    return None


def _facts(predicate: Json, layout: Layout, certified: Certified) -> Iterator[Disagreement]:
    for fact in layout.facts:
        yield from _held(fact, at(predicate, fact.path), certified)


def _held(fact: Fact, claimed: object, certified: Certified) -> Iterator[Disagreement]:
    known = certified[fact.what]
    excused = fact.published and comparisons.was_started_by_another(certified)
    if claimed is MISSING or not known or (excused and isinstance(claimed, str)):
        return
    if not isinstance(claimed, str) or not fact.agrees(claimed, certified):
        yield Disagreement(fact.what, shown(claimed), known)


def _source(predicate: Json, layout: Layout, certified: Certified) -> Iterator[Disagreement]:
    """The source among the dependencies: the first of the certified repository, or else the first that is of git."""
    for entry in _sources(predicate, layout, certified):
        for fact in _SOURCE:
            held = replace(fact, published=fact.published and layout.published)
            yield from _held(held, at(entry, fact.path), certified)
    listing = at(predicate, layout.dependencies)
    if not isinstance(listing, list):
        yield from _held(_SOURCE[0], listing, certified)


def _sources(predicate: Json, layout: Layout, certified: Certified) -> list[Json]:
    entries = [entry for entry in listed(predicate, layout.dependencies) if _is_source(entry)]
    ours = [e for e in entries if isinstance(e.get("uri"), str) and comparisons.repository(e["uri"], certified)]
    return (ours or entries)[:1]


def _is_source(entry: Json) -> bool:
    uri, digest = entry.get("uri"), entry.get("digest")
    by_digest = isinstance(digest, Mapping) and ("gitCommit" in digest or "sha1" in digest)
    return by_digest or (isinstance(uri, str) and uri.startswith("git+"))


def _subject(document: Json, digest: Digest) -> Iterator[Disagreement]:
    subjects = [at(subject, "digest.sha256") for subject in listed(document, "subject")]
    if subjects and digest.removeprefix("sha256:") not in subjects:
        yield Disagreement("image digest", shown(subjects[0]), digest)


def _image(predicate: Json, layout: Layout, image: ImageName, digest: Digest) -> Iterator[Disagreement]:
    """The image as a parameter, and the dependencies that are the same image or name the same parameter."""
    if not layout.image:
        return
    claimed = at(predicate, layout.image)
    if claimed is not MISSING:
        yield from _same_image(claimed, image, digest)
    for entry in listed(predicate, layout.dependencies):
        uri, sha256 = at(entry, "uri"), at(entry, "digest.sha256")
        if sha256 is not MISSING and isinstance(uri, str) and (uri == claimed or _name(uri) in _names(image)):
            yield from _same_digest(f"sha256:{sha256}" if isinstance(sha256, str) else sha256, digest)


def _same_image(claimed: object, image: ImageName, digest: Digest) -> Iterator[Disagreement]:
    if not isinstance(claimed, str):
        yield Disagreement("image", shown(claimed), str(image))
        return
    if _name(claimed) not in _names(image):
        yield Disagreement("image", shown(claimed.partition("@")[0]), str(image))
    if stated := claimed.partition("@")[2]:
        yield from _same_digest(stated, digest)


def _same_digest(claimed: object, digest: Digest) -> Iterator[Disagreement]:
    if claimed != digest:
        yield Disagreement("image digest", shown(claimed), digest)


def _name(reference: str) -> str:
    """`docker://ghcr.io/Acme/App:v1@sha256:…` as `ghcr.io/acme/app`."""
    name = reference.partition("@")[0].lower()
    for scheme in _SCHEMES:
        name = name.removeprefix(scheme)
    path, separator, last = name.rpartition("/")
    return f"{path}{separator}{last.partition(':')[0]}"


def _names(image: ImageName) -> tuple[str, ...]:
    """How the image may be named: with its host or, where none is stated, without."""
    hosts = _DOCKER_HUB if image.registry in _DOCKER_HUB else (image.registry,)
    return (image.repository, *(f"{host}/{image.repository}" for host in hosts))
