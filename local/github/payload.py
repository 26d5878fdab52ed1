"""The bodies that GitHub sends for a push to GHCR: field for field the ones that a verifier might look at.

What is odd about them is odd at GitHub: the package version has no date, an untagged push leaves a colon behind, and
the owner's login has capitals where `namespace` has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_NO_DATE = "0001-01-01T00:00:00Z"
_NO_CONFIG: Mapping[str, Any] = {"digest": "", "media_type": "", "size": 0}


@dataclass(frozen=True)
class Push:
    """One manifest as it was pushed. `repository` is OWNER/NAME as the registry knows it; `tag` may be empty."""

    repository: str
    digest: str
    tag: str = ""
    media_type: str = OCI_MANIFEST
    size: int = 0
    pusher: str = "github-actions[bot]"
    owner_login: str = ""
    """with the capitals that the owner chose; empty: as in `repository`"""

    @property
    def owner(self) -> str:
        """The first part of `repository`."""
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        """The rest of `repository`, slashes included."""
        return self.repository.partition("/")[2]

    @property
    def login(self) -> str:
        """The owner's login."""
        return self.owner_login or self.owner


def published(push: Push, *, event: str = "package", action: str = "published") -> dict[str, Any]:
    """The payload of one push; `event` is `package`, or `registry_package` as a GitHub App gets it."""
    return {
        "action": action,
        event: _package(push),
        "repository": _linked_repository(push),
        "organization": {"login": push.login, "id": 1001, "description": ""},
        "sender": _account(push.pusher, "Bot" if push.pusher.endswith("[bot]") else "User"),
    }


def ping(push: Push) -> dict[str, Any]:
    """The payload that a new webhook of a repository begins with."""
    hook = {"type": "Repository", "id": 2001, "name": "web", "active": True, "events": ["package"]}
    return {
        "zen": "Check every claim.",
        "hook_id": 2001,
        "hook": hook,
        "repository": _linked_repository(push),
        "sender": _account(push.pusher, "User"),
    }


def _package(push: Push) -> dict[str, Any]:
    return {
        "id": 3001,
        "name": push.name,
        "namespace": push.owner,
        "description": "",
        "ecosystem": "CONTAINER",
        "package_type": "CONTAINER",
        "html_url": f"https://github.com/{push.login}/packages/3001",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "owner": _account(push.login, "Organization"),
        "package_version": _version(push),
        "registry": {
            "type": "CONTAINER",
            "name": "GitHub CONTAINER registry",
            "url": f"https://CONTAINER.pkg.github.com/{push.owner}",
        },
    }


def _version(push: Push) -> dict[str, Any]:
    reference = f"ghcr.io/{push.repository}:{push.tag}"
    return {
        "id": 4001,
        "version": push.digest,
        "name": push.digest,
        "summary": "",
        "manifest": "",
        "html_url": f"https://github.com/{push.login}/packages/3001?version=4001",
        "target_commitish": "main",
        "target_oid": "0" * 40,
        "created_at": _NO_DATE,
        "updated_at": _NO_DATE,
        "metadata": [],
        "package_files": [],
        "installation_command": f"docker pull {reference}",
        "package_url": reference,
        "container_metadata": _container(push),
    }


def _container(push: Push) -> dict[str, Any]:
    """Tag, labels and manifest; an index has neither config nor layers."""
    config = {"digest": push.digest, "media_type": "application/vnd.oci.image.config.v1+json", "size": 2}
    manifest = {
        "digest": push.digest,
        "media_type": push.media_type,
        "uri": f"repositories/{push.repository}/manifests/{push.digest}",
        "size": push.size,
        "config": _NO_CONFIG if push.media_type == OCI_INDEX else config,
        "layers": [],
    }
    labels = {"description": "", "source": "", "revision": "", "image_url": "", "licenses": "", "all_labels": {}}
    return {"tag": {"name": push.tag, "digest": push.digest}, "labels": labels, "manifest": manifest}


def _linked_repository(push: Push) -> dict[str, Any]:
    name = push.name.partition("/")[0]
    owner = _account(push.login, "Organization")
    return {"id": 5001, "name": name, "full_name": f"{push.login}/{name}", "private": False, "owner": owner}


def _account(login: str, kind: str) -> dict[str, Any]:
    return {"login": login, "id": 1001, "type": kind, "html_url": f"https://github.com/{login}"}
