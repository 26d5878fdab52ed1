"""Which images a policy is about: policy-controller's globs, matched by digest and by tag."""

from __future__ import annotations

import pytest

from registry_verifier.models import Digest, ImageName
from registry_verifier.policy.glob import compiled, matches, policies_for
from registry_verifier.policy.model import Policy

DIGEST = Digest("sha256:" + "a" * 64)
APP = "ghcr.io/acme/app"


@pytest.mark.parametrize(
    ("glob", "reference", "expected"),
    [
        ("ghcr.io/acme/app*", f"{APP}@{DIGEST}", True),
        ("ghcr.io/acme/app*", f"{APP}-tools:v1", True),
        ("ghcr.io/acme/app*", f"{APP}/tools:v1", False),
        ("ghcr.io/acme/app", f"{APP}:v1", False),
        ("ghcr.io/acme/app:**", f"{APP}:v1", True),
        ("ghcr.io/acme/app:**", f"{APP}@{DIGEST}", False),
        ("ghcr.io/acme/app@sha256:*", f"{APP}@{DIGEST}", True),
        ("ghcr.io/acme/app:v1*", f"{APP}:v1.2", True),
        ("ghcr.io/acme/app:v1*", f"{APP}:v2", False),
        ("ghcr.io/*/*", f"{APP}:v1", True),
        ("ghcr.io/*/*", "ghcr.io/app:v1", False),
        ("ghcr.io/**", f"{APP}:v1", True),
        ("ghcr.io/**", "ghcrxio/acme/app:v1", False),
        ("ghcr.io/**", f"evil.{APP}:v1", False),
        ("**", f"{APP}:v1", True),
        ("*/**", f"{APP}:v1", True),
        ("***", f"{APP}:v1", True),
        ("*", f"{APP}:v1", False),
        ("*", "index.docker.io/library/app:v1", True),
        ("*/*", f"{APP}:v1", False),
        ("*/*", "index.docker.io/acme/app:v1", True),
        ("index.docker.**", "index.docker.io/library/app:v1", True),
        ("ghcr.io/acme/a.p:v1", f"{APP}:v1", False),
        ("GHCR.io/**", f"{APP}:v1", False),
    ],
)
def test_glob(glob: str, reference: str, expected: bool) -> None:
    assert matches(glob, reference) is expected


@pytest.mark.parametrize("glob", ["", "[", ".+", "[a-z]*", "a b", "a\n", "a\\*", "é", "a?", "{a,b}", "#", "x" * 2000])
def test_glob_of_other_characters_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match="glob is"):
        compiled(glob)


def test_longest_glob_of_stars_compiles_and_matches() -> None:
    assert not matches("*a" * 512, "b" * 1000)


def found(globs: tuple[str, ...], *tags: str, image: str = APP) -> bool:
    return bool(policies_for([Policy("p", globs, ())], ImageName.parse(image), DIGEST, tags))


def test_policy_for_a_tag_applies_to_the_digest_under_that_tag() -> None:
    assert found(("ghcr.io/acme/app:v*",), "latest", "v1")


def test_policy_for_a_tag_does_not_apply_without_it() -> None:
    assert not found(("ghcr.io/acme/app:v*",), "latest")
    assert not found(("ghcr.io/acme/app:v*",))


def test_one_glob_of_several_is_enough() -> None:
    assert found(("ghcr.io/other/*", "ghcr.io/acme/app@**"))


def test_policy_without_globs_applies_to_nothing() -> None:
    assert not found((), "v1")


def test_all_policies_that_match_are_found_in_order() -> None:
    policies = [
        Policy(name, (glob,), ()) for name, glob in [("a", "**"), ("b", "ghcr.io/x/*"), ("c", "ghcr.io/acme/*")]
    ]
    assert [p.name for p in policies_for(policies, ImageName.parse(APP), DIGEST, [])] == ["a", "c"]


@pytest.mark.parametrize("image", ["docker.io/app", "docker.io/library/app", "index.docker.io/app"])
def test_docker_hub_goes_by_its_long_name(image: str) -> None:
    assert found(("*",), image=image)
