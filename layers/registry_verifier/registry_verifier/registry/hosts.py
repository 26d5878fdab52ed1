"""Where each registry is reached, and which other hosts belong to it. No other host is ever asked.

Redirects, token realms and links are written by the other side; what they may name stands here
(server-side request forgery, and OCI distribution-spec: no Authorization across hosts).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from registry_verifier.errors import SettingsError

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")

# A registry's name -> the host that serves its API, where the two differ.
_API_HOSTS = dict.fromkeys(_DOCKER_HUB, "registry-1.docker.io")

# A registry's name -> the path of its token service, asked before the first request so that no challenge is needed.
_TOKEN_PATHS = {"ghcr.io": "/token"}

# A registry's name -> a token service on another host that its challenge may name.
_TOKEN_REALMS = dict.fromkeys(_DOCKER_HUB, "https://auth.docker.io/token")

# A registry's name -> the hosts that it redirects blob requests to; a leading dot stands for any name below.
_BLOB_HOSTS: Mapping[str, tuple[str, ...]] = {
    "ghcr.io": ("pkg-containers.githubusercontent.com", ".githubusercontent.com"),
    "quay.io": (".quay.io",),
    **dict.fromkeys(_DOCKER_HUB, (".docker.com", ".r2.cloudflarestorage.com")),
}

_HOST = re.compile(r"[a-z0-9.-]{1,253}\Z")
_PORTS = {"https": 443, "http": 80}
_PORT_LIMIT = 65535


@dataclass(frozen=True)
class Endpoint:
    """One registry: its name in image names, and where it is reached."""

    name: str
    url: httpx.URL
    token_url: httpx.URL | None
    """where to ask for a token before the first request"""
    realm: str | None
    """the one token service on another host that a challenge may name"""
    blob_hosts: tuple[str, ...]
    is_local: bool
    """whether an override puts it on this machine: then, and only then, plain http is good enough"""

    def at(self, path: str) -> httpx.URL:
        """The URL of `path` (which begins with a slash) at this registry."""
        return _below(self.url, path)

    def owns(self, url: httpx.URL) -> bool:
        """Whether `url` is on the registry's own origin."""
        return not url.userinfo and _origin(url) == _origin(self.url)

    def may_serve_blobs(self, url: httpx.URL) -> bool:
        """Whether a blob request may be redirected to `url`."""
        if self.owns(url):
            return True
        if url.userinfo or (self.is_local and not is_loopback(url.host)):
            return False
        if self.is_local:
            return url.scheme in _PORTS
        return _origin(url) == ("https", url.host, 443) and self._knows(url.host)

    def _knows(self, host: str) -> bool:
        return _HOST.match(host) is not None and any(
            host == known or (known[0] == "." and host.endswith(known)) for known in self.blob_hosts
        )


def endpoint(name: str, overrides: Mapping[str, str]) -> Endpoint:
    """The registry `name`, at its override where there is one; SettingsError where that cannot be used."""
    override = overrides.get(name)
    url = _url(name, f"https://{_API_HOSTS.get(name, name)}" if override is None else override)
    path = _TOKEN_PATHS.get(name)
    return Endpoint(
        name=name,
        url=url,
        token_url=_below(url, path) if path else None,
        realm=_TOKEN_REALMS.get(name) if override is None else None,
        blob_hosts=_BLOB_HOSTS.get(name, ()),
        is_local=override is not None and is_loopback(url.host),
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its very name; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_url(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Read a URL that the other side wrote, relative to `base`; None where it is none."""
    try:
        url = base.join(text) if base else httpx.URL(text)
        return url if url.host and (url.port or 0) <= _PORT_LIMIT else None  # anyio fails on more, in its own way
    except (httpx.InvalidURL, ValueError):  # the host's IDNA errors are ValueErrors
        return None


def _url(name: str, text: str) -> httpx.URL:
    url = parse_url(text.rstrip("/"))
    if url is None or url.userinfo or url.query or url.fragment:
        raise SettingsError(f"endpoint of {name} is {text[:200]!r} (expected a URL without user, query or fragment)")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise SettingsError(f"endpoint of {name} is {text[:200]!r} (expected https, or http on a loopback address)")
    return url


def _below(url: httpx.URL, path: str) -> httpx.URL:
    return url.copy_with(path=url.path.rstrip("/") + path)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)
