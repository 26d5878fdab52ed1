"""What GitHub says was published: the `package` or `registry_package` object as a `PublishEvent`, or why it is none.

It is a hint about a digest to look at. Only owner, name and digest are taken on; the registry has the facts, so where
the payload disagrees with itself the reading that leads to a look is taken, and nothing hostile gets in with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry_verifier.models import Digest, ImageName, PublishEvent, parse_digest, parse_tag

REGISTRY = "ghcr.io"
EVENTS = ("package", "registry_package")
"""a webhook of a repository or organization sends the first, a GitHub App the second; the shape below it is one"""
ACTIONS = ("published", "updated")

_CONTAINER = ("container", "docker")
_DELIVERY = re.compile(r"[A-Za-z0-9-]{1,100}\Z")
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?\Z")


@dataclass(frozen=True)
class Ignored:
    """A delivery that is authentic and of no interest; `reason` is a stable code in kebab-case."""

    reason: str


def parse_delivery(text: str) -> str:
    """Return `text` as the id of a delivery; ValueError unless it is 1 to 100 letters, digits and hyphens."""
    if not _DELIVERY.match(text):
        raise ValueError(f"not a delivery id: {text[:80]!r}")
    return text


def parse_login(text: str) -> str:
    """Return `text` as a GitHub login, `[bot]` at its end included; ValueError where it has another form."""
    if not _LOGIN.match(text):
        raise ValueError(f"not a github login: {text[:80]!r}")
    return text


def read(event: str, payload: Mapping[str, Any], *, delivery: str, received_at: datetime) -> PublishEvent | Ignored:
    """Read the payload of one of `EVENTS` (GitHub docs, "Webhook events and payloads": package).

    Raises nothing: a payload that names no image of GHCR and no digest of it is `Ignored`.
    """
    package = _object(payload, event)
    version = _object(package, "package_version")
    if reason := _without_interest(payload, package, version):
        return Ignored(reason)
    digest, image = _digest(version), _image(package)
    if digest is None:
        return Ignored("no-digest")
    if image is None:
        return Ignored("name-not-usable" if _owner(package) else "no-owner")
    return PublishEvent(delivery, image, digest, _tag(version), _actor(payload), received_at)


def _without_interest(payload: Mapping[str, Any], package: Mapping[str, Any], version: Mapping[str, Any]) -> str:
    if payload.get("action") not in ACTIONS:
        return "action-not-handled"
    if not package:
        return "no-package"
    if not _is_container(package):
        return "not-a-container"
    return "" if version else "no-package-version"


def _is_container(package: Mapping[str, Any]) -> bool:
    """Whether `package_type` or `ecosystem` names a container, in any case; `registry.type` where both are silent.

    The two disagree in GitHub's own sample (`npm` and `docker`), so one is enough. The registry's type comes last
    because it says CONTAINER beside packages of other kinds too.
    """
    said = [word for word in (_text(package, "package_type"), _text(package, "ecosystem")) if word]
    return any(word.lower() in _CONTAINER for word in said or [_text(_object(package, "registry"), "type")])


def _digest(version: Mapping[str, Any]) -> Digest | None:
    """The first of four places that holds a digest.

    `version` leads: it is what GitHub knows the package version by, is there when `container_metadata` is null, and
    is the well-formed one where GitHub's sample disagrees with itself.
    """
    for text in _digests(version):
        with suppress(ValueError):
            return parse_digest(text)
    return None


def _digests(version: Mapping[str, Any]) -> Iterator[str]:
    yield _text(version, "version")
    yield _text(version, "name")
    metadata = _object(version, "container_metadata")
    yield _text(_object(metadata, "manifest"), "digest")
    yield _text(_object(metadata, "tag"), "digest")


def _image(package: Mapping[str, Any]) -> ImageName | None:
    """`ghcr.io/OWNER/NAME`; a login keeps its capitals in the payload, the registry knows it without."""
    owner, name = _owner(package), _text(package, "name")
    if not (owner + name).isascii() or "/" in owner:  # lower() turns look-alikes such as U+212A into ASCII letters
        return None
    with suppress(ValueError):
        return ImageName.parse(f"{REGISTRY}/{owner.lower()}/{name.lower()}")
    return None


def _owner(package: Mapping[str, Any]) -> str:
    return _text(_object(package, "owner"), "login") or _text(package, "namespace")


def _tag(version: Mapping[str, Any]) -> str | None:
    """The tag; None where it is empty, the digest over again, or has not the form of a tag: the digest is enough."""
    with suppress(ValueError):
        return parse_tag(_text(_object(_object(version, "container_metadata"), "tag"), "name"))
    return None


def _actor(payload: Mapping[str, Any]) -> str:
    with suppress(ValueError):
        return parse_login(_text(_object(payload, "sender"), "login"))
    return ""


def _object(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = of.get(key)
    return value if isinstance(value, dict) else {}


def _text(of: Mapping[str, Any], key: str) -> str:
    value = of.get(key)
    return value if isinstance(value, str) else ""
