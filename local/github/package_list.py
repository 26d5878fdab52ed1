"""Container packages and their versions, as GitHub's REST API lists them.

Source: docs.github.com/rest, "Packages". A version is one manifest; a tag is on one version at a time, and moving it
changes `updated_at` of both.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.github.payload import Push


@dataclass
class Version:
    """One manifest of a package."""

    id: int
    digest: str
    created_at: datetime
    updated_at: datetime
    tags: list[str] = field(default_factory=list)

    def row(self, owner: str, name: str) -> dict[str, Any]:
        """As the list of versions shows it."""
        page = f"https://github.com/orgs/{owner}/packages/container"
        return {
            "id": self.id,
            "name": self.digest,
            "url": f"https://api.github.com/orgs/{owner}/packages/container/{name}/versions/{self.id}",
            "package_html_url": f"{page}/package/{name}",
            "created_at": self.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "updated_at": self.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "html_url": f"{page}/{name}/{self.id}",
            "metadata": {"package_type": "container", "container": {"tags": list(self.tags)}},
        }


class PackageList:
    """All packages by owner and name, lower case as the registry has them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str], list[Version]] = {}
        self._number = 40_000

    def publish(self, push: Push, at: datetime) -> None:
        """A manifest was pushed, by digest or under a tag."""
        with self._lock:
            versions = self._versions.setdefault((push.owner.lower(), push.name), [])
            version = next((one for one in versions if one.digest == push.digest), None)
            if version is None:
                self._number += 1
                version = Version(self._number, push.digest, at, at)
                versions.append(version)
            if push.tag and push.tag not in version.tags:
                _move(push.tag, version, versions, at)

    def delete(self, repository: str, digest: str) -> None:
        """A version is gone."""
        owner, _, name = repository.partition("/")
        with self._lock:
            versions = self._versions[owner.lower(), name]
            versions[:] = [version for version in versions if version.digest != digest]

    def packages(self, owner: str) -> list[dict[str, Any]]:
        """The rows of an owner's packages."""
        with self._lock:
            names = sorted((name, len(found)) for (of, name), found in self._versions.items() if of == owner.lower())
        return [_package(owner, number, name, count) for number, (name, count) in enumerate(names, start=3001)]

    def versions(self, owner: str, name: str) -> list[dict[str, Any]] | None:
        """The rows of a package's versions, newest first; None where there is no such package."""
        with self._lock:
            versions = self._versions.get((owner.lower(), name))
            if versions is None:
                return None
            return [version.row(owner, name) for version in sorted(versions, key=lambda v: v.id, reverse=True)]


def _move(tag: str, to: Version, versions: list[Version], at: datetime) -> None:
    for version in versions:
        if tag in version.tags:
            version.tags.remove(tag)
            version.updated_at = at
    to.tags.append(tag)
    to.updated_at = at


def _package(owner: str, number: int, name: str, count: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "package_type": "container",
        "owner": {"login": owner, "id": 1001, "type": "Organization"},
        "version_count": count,
        "visibility": "public",
        "url": f"https://api.github.com/orgs/{owner}/packages/container/{name}",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "html_url": f"https://github.com/orgs/{owner}/packages/container/package/{name}",
    }
