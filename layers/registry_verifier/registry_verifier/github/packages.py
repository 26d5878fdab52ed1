"""GitHub's list of what was published: container packages and their versions, for whoever has `read:packages`.

Source: docs.github.com/rest, "Packages". An App's token sees none of it (403 or 404).

* `GET /orgs/{org}/packages?package_type=container&per_page=100`, `GET /users/{user}/packages?…`: of each row `name`
* `GET /orgs/{org}/packages/container/{name}/versions?state=active&per_page=100`, and `/users/{user}/…` where that is
  404; a `/` in the name is `%2F`. Newest first. Of each row: `name` (the digest), `created_at`, `updated_at`,
  `metadata.container.tags`

Pages are followed by `Link`. A 404 is a package that is not there, or not for this token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.github import answers
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.moments import moment
from registry_verifier.models import ImageName, Json, PackageVersion, parse_digest, parse_tag
from registry_verifier.reasons import Reason
from registry_verifier.registry.answers import Answer

REGISTRY = "ghcr.io"
PAGES_LIMIT = 100

_OWNER = re.compile(r"(?:orgs|users)/[A-Za-z0-9_-]{1,100}\Z")
_KINDS = ("orgs", "users")
_Pages = Iterator[tuple[Any, Answer]]


class PackageList:
    """Fits the `Packages` of ports.py by shape: `PackageList(client).images("orgs/acme")`."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._kinds: dict[str, str] = {}
        """owner -> `orgs` or `users`, where it is known"""

    def images(self, owner: str) -> Iterator[ImageName]:
        """The container packages of `orgs/NAME` or `users/NAME`; SettingsError for any other text."""
        if not _OWNER.match(owner):
            raise SettingsError(f"GITHUB_OWNERS names {owner[:200]!r} (expected orgs/NAME or users/NAME)")
        return self._images(owner)

    def versions(self, image: ImageName) -> Iterator[PackageVersion]:
        """Every version, newest first as GitHub lists them; nothing of an image in another registry."""
        owner, _, name = image.repository.partition("/")
        if image.registry != REGISTRY or not name:
            return
        for page, answer in self._pages_of(owner, quote(name, safe="")):
            for row in answers.rows(page, answer):
                if (version := _version(row, answer)) is not None:
                    yield version

    def _images(self, owner: str) -> Iterator[ImageName]:
        kind, _, login = owner.partition("/")
        parameters = {"package_type": "container", "per_page": "100"}
        pages = self._client.pages(f"/{owner}/packages", parameters, count=PAGES_LIMIT)
        if pages is None:
            raise _not_for_us(f"/{owner}/packages")
        self._kinds[login.lower()] = kind
        for page, answer in pages:
            for row in answers.rows(page, answer):
                if (image := _image(login, row, answer)) is not None:
                    yield image

    def _pages_of(self, owner: str, name: str) -> _Pages:
        """The versions' pages under whichever kind of owner has the package: the known one first."""
        below = f"packages/container/{name}/versions"
        for kind in sorted(_KINDS, key=lambda kind: kind != self._kinds.get(owner, "orgs")):
            parameters = {"state": "active", "per_page": "100"}
            pages = self._client.pages(f"/{kind}/{owner}/{below}", parameters, count=PAGES_LIMIT)
            if pages is not None:
                self._kinds[owner] = kind
                return pages
        raise _not_for_us(f"/{{orgs,users}}/{owner}/{below}")


def _image(login: str, row: Json, answer: Answer) -> ImageName | None:
    """The image of a package; None where its name is none that a registry has."""
    name = row.get("name")
    if not isinstance(name, str):
        raise answers.garbage(answer, "packages with a name")
    try:
        return ImageName.parse(f"{REGISTRY}/{login}/{name}".lower())
    except ValueError:
        return None


def _version(row: Json, answer: Answer) -> PackageVersion | None:
    """One version; None where its name is no digest, as those of other kinds of packages."""
    try:
        digest = parse_digest(str(row.get("name")))
    except ValueError:
        return None
    created_at, updated_at = moment(row.get("created_at")), moment(row.get("updated_at"))
    if created_at is None:
        raise answers.garbage(answer, "versions with created_at")
    return PackageVersion(digest, created_at, updated_at or created_at, tuple(_tags(row)))


def _tags(row: Json) -> Iterator[str]:
    value: Any = row
    for key in ("metadata", "container", "tags"):
        value = value.get(key) if isinstance(value, dict) else None
    for tag in value if isinstance(value, list) else ():
        with suppress(ValueError):
            yield parse_tag(tag if isinstance(tag, str) else "")


def _not_for_us(path: str) -> Unavailable:
    text = f"{path} answered 404: the package is not there, or not for this token"
    return Unavailable(Reason.GITHUB_FORBIDDEN, text)
