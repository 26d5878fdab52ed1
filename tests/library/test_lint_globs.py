"""Globs that match more than they seem to, and globs that match nothing."""

from __future__ import annotations

import random
import time

import pytest

from registry_verifier.policy import glob
from registry_verifier.policy.lint import globs

HEX = "0123456789abcdef" * 4
APP = "ghcr.io/acme/app"


def codes(*patterns: str) -> list[str]:
    return [advice.code for advice in globs.advise(patterns, "spec.images")]


def said(pattern: str) -> str:
    (advice,) = globs.advise((pattern,), "spec.images")
    return advice.text


@pytest.mark.parametrize(
    "patterns",
    [
        (f"{APP}@sha256:*",),
        (f"{APP}@sha256:{HEX}",),
        (f"{APP}@*",),
        (f"{APP}@**",),
        (f"{APP}:**", f"{APP}@sha256:*"),
        (f"{APP}:v1*", f"{APP}@sha256:*"),
        ("ghcr.io/acme/*",),
        ("ghcr.io/acme/**",),
        ("ghcr.io/acme/app-*",),
        ("ghcr.io/acme/*/app@sha256:*",),
        ("*.gcr.io/acme/app@sha256:*",),
        ("localhost:5000/app@sha256:*",),
        ("index.docker.io/library/*",),
        ("ghcr.io/acme/*:v1", "ghcr.io/acme/*@sha256:*"),
    ],
)
def test_well_written_globs_are_left_alone(patterns: tuple[str, ...]) -> None:
    assert codes(*patterns) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (
            f"{APP}*",
            f"also matches '{APP}-x@sha256:…' and not '{APP}/x@sha256:…' (write '{APP}@sha256:*' and '{APP}:*')",
        ),
        (f"{APP}**", f"also matches '{APP}-x@sha256:…' and '{APP}/x@sha256:…' (write"),
        ("ghcr.io/acme*/app@sha256:*", "also matches 'ghcr.io/acme-x/app@sha256:*' (write the whole name)"),
        ("**", "matches every image of every registry (write the registry and the owner)"),
        ("**demo**", "leaves the registry open, anybody's may stand there (write the registry)"),
        ("**/acme/app@sha256:*", "leaves the registry open"),
        ("*/acme/app@sha256:*", "leaves the registry open"),
        ("*", "stands for 'index.docker.io/library/*'"),
        ("*/*", "stands for 'index.docker.io/*/*'"),
    ],
)
def test_a_glob_that_matches_more_than_it_seems_to(pattern: str, text: str) -> None:
    assert codes(pattern) == ["broad-glob"]
    assert text in said(pattern)


@pytest.mark.parametrize("pattern", [f"{APP}*", "ghcr.io/acme*/app@sha256:*", f"{APP}**"])
def test_the_other_image_that_is_named_is_matched(pattern: str) -> None:
    named = said(pattern).split("also matches '")[1].split("'")[0].replace("…", HEX).replace("*", HEX)
    assert glob.matches(pattern, named)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("image*", "the registry is missing"),
        ("images.*", "the registry is missing"),
        ("alpine:3", "(write 'index.docker.io/…' for Docker Hub, such as 'index.docker.io/library/alpine:3')"),
        ("acme/app@sha256:*", "such as 'index.docker.io/acme/app@sha256:*'"),
        ("docker.io/acme/app@sha256:*", "(write 'index.docker.io/acme/app@sha256:*')"),
        ("ghcr.io/Acme/app@sha256:*", "names are in lower case (write 'ghcr.io/acme/app@sha256:*')"),
        (APP, f"neither a tag nor a digest (write '{APP}@sha256:*' and '{APP}:*')"),
        (f"{APP}@sha256:abc", "expected @sha256: and 64 hex digits"),
        (f"{APP}@sha256:{HEX}0", "expected @sha256: and 64 hex digits"),
        (f"{APP}@sha512:*", "expected @sha256: and 64 hex digits"),
        (f"{APP}:v1@sha256:*", "expected @sha256: and 64 hex digits"),
    ],
)
def test_a_glob_that_matches_no_image(pattern: str, text: str) -> None:
    assert codes(pattern) == ["glob-never-matches"]
    assert text in said(pattern)


@pytest.mark.parametrize("pattern", [f"{APP}:*", f"{APP}:**", f"{APP}:v1.2.0", "ghcr.io/acme/*:v1"])
def test_a_glob_of_tags_matches_nothing_that_the_cluster_asks_for(pattern: str) -> None:
    assert codes(pattern) == ["glob-matches-no-digest"]
    name = pattern.rpartition(":")[0]
    assert said(pattern).endswith(f"matches tags only, and the cluster asks with a digest (add '{name}@sha256:*')")


def test_tags_in_upper_case_are_well_written() -> None:
    assert codes(f"{APP}:V1", f"{APP}@sha256:*") == []


def test_the_digests_of_another_repository_complete_nothing() -> None:
    assert codes(f"{APP}:*", "ghcr.io/acme/other@sha256:*") == ["glob-matches-no-digest"]


def test_places_in_the_document() -> None:
    found = list(globs.advise((f"{APP}@sha256:*", "**"), "spec.images"))
    assert [advice.path for advice in found] == ["spec.images[1].glob"]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_cut_out_of_a_digest_reference_matches_digests(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        text = f"ghcr.io/acme/app@sha256:{''.join(dice.choices('0123456789abcdef', k=64))}"
        for _ in range(dice.randint(1, 4)):
            start = dice.randrange(len(text))
            text = text[:start] + dice.choice(["*", "**"]) + text[start + dice.randint(0, 30) :]
        assert globs.matches_digests(text), text


@pytest.mark.parametrize(
    "pattern", [f"{APP}:x*", f"{APP}@sha256:{HEX[:-1]}", f"{APP}@sha256:*x", f"{APP}@sha256:*{HEX}0"]
)
def test_what_no_digest_matches(pattern: str) -> None:
    assert not globs.matches_digests(pattern)


def test_hostile_globs_end_soon() -> None:
    start = time.process_time()
    for pattern in ("*a" * 512, "*" * 1024, "a" * 1024, "@" * 1024, "ghcr.io/" + "*0" * 508):
        list(globs.advise([pattern], "spec.images"))
        globs.matches_digests(pattern)
    assert time.process_time() - start < 2
