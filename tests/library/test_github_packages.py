"""What GitHub lists as published: which owner is asked, what a row gives, and what is no silence."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github.packages import PAGES_LIMIT, PackageList
from registry_verifier.models import ImageName, PackageVersion, parse_digest
from registry_verifier.ports import Packages
from registry_verifier.reasons import Reason
from tests.library.github_wire import IMAGE, GitHub, Reply, client_of

VERSIONS = "/orgs/acme/packages/container/app/versions"
OF_USER = "/users/acme/packages/container/app/versions"
DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def packages(github: GitHub, http: httpx.Client) -> PackageList:
    return PackageList(client_of(github, http))


def _row(digest: object = DIGEST, tags: object = ("v1", "latest"), **more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "name": digest,
        "url": "https://api.github.com/orgs/acme/packages/container/app/versions/1",
        "created_at": "2026-11-25T10:00:00Z",
        "updated_at": "2026-11-25T11:00:00Z",
        "metadata": {"package_type": "container", "container": {"tags": tags}},
        **more,
    }


def _package(name: object, **more: Any) -> dict[str, Any]:
    return {"id": 1, "name": name, "package_type": "container", "visibility": "private", "version_count": 3, **more}


def _versions(packages: PackageList, image: ImageName = IMAGE) -> list[PackageVersion]:
    return list(packages.versions(image))


def test_it_fits_the_port(github: GitHub, packages: PackageList) -> None:
    port: Packages = packages
    github.at("/orgs/acme/packages", [])
    assert list(port.images("orgs/acme")) == []


def test_a_version_has_its_digest_times_and_tags(github: GitHub, packages: PackageList) -> None:
    github.at(VERSIONS, [_row()])
    created, updated = datetime(2026, 11, 25, 10, tzinfo=UTC), datetime(2026, 11, 25, 11, tzinfo=UTC)
    assert _versions(packages) == [PackageVersion(parse_digest(DIGEST), created, updated, ("v1", "latest"))]
    assert github.seen[0].query == {"state": ["active"], "per_page": ["100"]}


def test_versions_come_in_githubs_order_over_all_pages(github: GitHub, packages: PackageList) -> None:
    digests = ["sha256:" + f"{n:064x}" for n in (3, 2, 1)]
    github.paged(VERSIONS, [_row(digests[0]), _row(digests[1])], [_row(digests[2])])
    assert [version.digest for version in packages.versions(IMAGE)] == digests


def test_a_page_is_asked_for_when_it_is_needed(github: GitHub, packages: PackageList) -> None:
    github.paged(VERSIONS, [_row()], [_row()])
    assert len(list(itertools.islice(packages.versions(IMAGE), 1))) == 1
    assert len(github.seen) == 1


def test_nothing_is_asked_before_something_is_read(github: GitHub, packages: PackageList) -> None:
    packages.versions(IMAGE)
    packages.images("orgs/acme")
    assert github.seen == []


def test_a_name_with_a_slash_is_one_part_of_the_path(github: GitHub, packages: PackageList) -> None:
    github.at("/orgs/acme/packages/container/group%2Fapp%2Fmanifests/versions", [_row()])
    assert len(_versions(packages, ImageName("ghcr.io", "acme/group/app/manifests"))) == 1


def test_a_user_is_asked_where_no_organization_has_the_package(github: GitHub, packages: PackageList) -> None:
    github.at(OF_USER, [_row()])
    assert len(_versions(packages)) == 1
    assert github.asked == [f"GET {VERSIONS}", f"GET {OF_USER}"]


def test_which_kind_of_owner_it_is_is_remembered(github: GitHub, packages: PackageList) -> None:
    github.at(OF_USER, [_row()])
    _versions(packages), _versions(packages)
    assert github.asked == [f"GET {VERSIONS}", f"GET {OF_USER}", f"GET {OF_USER}"]


def test_the_owner_in_the_settings_says_which_kind_it_is(github: GitHub, packages: PackageList) -> None:
    github.at("/users/Acme/packages", [_package("app")])
    github.at(OF_USER, [_row()])
    [image] = packages.images("users/Acme")
    assert len(_versions(packages, image)) == 1
    assert github.asked == ["GET /users/Acme/packages", f"GET {OF_USER}"]


def test_what_is_remembered_wrongly_is_put_right(github: GitHub, packages: PackageList) -> None:
    github.at(OF_USER, [_row()])
    _versions(packages)
    del github.replies[OF_USER]
    github.at(VERSIONS, [_row()])
    assert len(_versions(packages)) == 1


def test_a_package_that_nobody_has_is_not_one_without_versions(packages: PackageList) -> None:
    with pytest.raises(Unavailable, match="is not there, or not for this token") as raised:
        _versions(packages)
    assert raised.value.reason is Reason.GITHUB_FORBIDDEN


def test_an_organization_that_refuses_is_not_taken_for_a_user(github: GitHub, packages: PackageList) -> None:
    github.at(VERSIONS, Reply({"message": "Resource not accessible by integration"}, 403))
    with pytest.raises(Unavailable, match="Resource not accessible by integration") as raised:
        _versions(packages)
    assert raised.value.reason is Reason.GITHUB_FORBIDDEN and len(github.seen) == 1


@pytest.mark.parametrize(
    "name", ["1.0.0", "", None, 5, "sha512:" + "a" * 64, "sha256:" + "A" * 64, "sha256:" + "a" * 40, ["sha256:"]]
)
def test_a_version_whose_name_is_no_digest_is_passed_over(github: GitHub, packages: PackageList, name: object) -> None:
    github.at(VERSIONS, [_row(name, created_at=None), _row()])
    assert [version.digest for version in packages.versions(IMAGE)] == [DIGEST]


@pytest.mark.parametrize("metadata", [None, [], {}, {"container": None}, {"container": {"tags": None}}, "x"])
def test_a_version_without_tags_has_none(github: GitHub, packages: PackageList, metadata: object) -> None:
    github.at(VERSIONS, [_row(metadata=metadata)])
    assert [version.tags for version in packages.versions(IMAGE)] == [()]


def test_what_is_no_tag_is_none(github: GitHub, packages: PackageList) -> None:
    github.at(VERSIONS, [_row(tags=["v1", "", "a b", ".x", None, {}, "x" * 129, "v2"])])
    assert [version.tags for version in packages.versions(IMAGE)] == [("v1", "v2")]


@pytest.mark.parametrize("when", [None, "", 5, "yesterday", "2026-11-25T10:00:00", "9999-12-31T23:59:59-14:00"])
def test_a_version_without_a_time_is_no_silence(github: GitHub, packages: PackageList, when: object) -> None:
    github.at(VERSIONS, [_row(created_at=when)])
    with pytest.raises(Unavailable, match="expected versions with created_at") as raised:
        _versions(packages)
    assert raised.value.reason is Reason.GITHUB_UNAVAILABLE


def test_a_version_that_was_never_touched_again_was_touched_when_it_came(github: GitHub, packages: PackageList) -> None:
    github.at(VERSIONS, [_row(updated_at=None)])
    [version] = packages.versions(IMAGE)
    assert version.updated_at == version.created_at


@pytest.mark.parametrize("page", [{}, None, "x", [None], ["x"], [[]]])
def test_a_list_that_is_none_is_no_silence(github: GitHub, packages: PackageList, page: object) -> None:
    github.at(VERSIONS, page)
    with pytest.raises(Unavailable, match="expected a list of objects"):
        _versions(packages)


def test_a_list_without_an_end_ends_with_a_complaint(github: GitHub, packages: PackageList) -> None:
    github.paged(VERSIONS, *([_row()] for _ in range(PAGES_LIMIT + 1)))
    versions = packages.versions(IMAGE)
    assert len(list(itertools.islice(versions, PAGES_LIMIT))) == PAGES_LIMIT
    with pytest.raises(Unavailable, match="more than 100 pages"):
        next(versions)


@pytest.mark.parametrize("name", ["docker.io/acme/app", "quay.io/acme/app", "ghcr.io/alone"])
def test_an_image_that_github_has_no_package_of_has_no_versions(
    github: GitHub, packages: PackageList, name: str
) -> None:
    assert _versions(packages, ImageName.parse(name)) == []
    assert github.seen == []


def test_the_packages_of_an_owner_are_images(github: GitHub, packages: PackageList) -> None:
    github.paged("/orgs/Acme/packages", [_package("App"), _package("group/tool")], [_package("last")])
    assert [str(image) for image in packages.images("orgs/Acme")] == [
        "ghcr.io/acme/app",
        "ghcr.io/acme/group/tool",
        "ghcr.io/acme/last",
    ]
    assert github.seen[0].query == {"package_type": ["container"], "per_page": ["100"]}


@pytest.mark.parametrize("name", ["a b", "", "-", "..", "x" * 300])
def test_a_package_that_no_registry_can_name_is_passed_over(github: GitHub, packages: PackageList, name: str) -> None:
    github.at("/orgs/acme/packages", [_package(name), _package("app")])
    assert list(packages.images("orgs/acme")) == [IMAGE]


@pytest.mark.parametrize("name", [None, 5, []])
def test_a_package_without_a_name_is_no_silence(github: GitHub, packages: PackageList, name: object) -> None:
    github.at("/orgs/acme/packages", [_package(name)])
    with pytest.raises(Unavailable, match="expected packages with a name"):
        list(packages.images("orgs/acme"))


def test_an_owner_that_is_not_there_is_not_one_without_packages(packages: PackageList) -> None:
    with pytest.raises(Unavailable, match="is not there, or not for this token"):
        list(packages.images("orgs/acme"))


@pytest.mark.parametrize(
    "owner", ["", "acme", "orgs/", "teams/acme", "orgs/acme/app", "orgs/a b", "orgs/..", "users/a\n"]
)
def test_an_owner_that_is_none_is_refused_at_once(packages: PackageList, owner: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_OWNERS names .*expected orgs/NAME or users/NAME"):
        packages.images(owner)


def test_a_token_that_may_list_no_packages_still_serves_others(github: GitHub, packages: PackageList) -> None:
    github.at("/orgs/acme/packages", Reply({"message": "You need at least read:packages scope"}, 403))
    github.at("/orgs/other/packages", [_package("app")])
    with pytest.raises(Unavailable, match="read:packages"):
        list(packages.images("orgs/acme"))
    assert [str(image) for image in packages.images("orgs/other")] == ["ghcr.io/other/app"]
