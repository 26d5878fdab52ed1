"""The inputs of the action, from its environment, each held to its form."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from findings import Ended, bad_usage

TIMEOUT_LIMIT = 21_600
"""six hours, as long as a job of a hosted runner may take"""
_IMAGE = re.compile(r"ghcr\.io(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*){2,8}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_POLICY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,2048}\Z")


@dataclass(frozen=True)
class Inputs:
    """What the workflow says."""

    api_url: str
    image: str
    digest: str
    policy: str
    timeout: int
    audience: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Inputs:
        """Read them; Ended where one is missing or has not its form."""
        given = {name: environment.get(f"GATE_{name.upper()}", "").strip() for name in cls.__annotations__}
        api_url = given["api_url"].rstrip("/")
        _insist(
            is_safe(api_url) and "?" not in api_url,
            "api-url",
            api_url,
            "https://, without user, query and fragment",
        )
        image = given["image"].lower()  # `github.repository` may have capitals, a package never has
        _insist(len(image) < 256 and _IMAGE.match(image), "image", image, "ghcr.io/OWNER/NAME, no tag, no digest")
        _insist(_DIGEST.match(given["digest"]), "digest", given["digest"], "sha256: and 64 hex digits")
        policy, timeout = given["policy"], given["timeout"] or "1800"
        _insist(not policy or _POLICY.match(policy), "policy", policy, "the name of a policy")
        _insist(re.fullmatch("[0-9]{1,5}", timeout) and int(timeout) <= TIMEOUT_LIMIT, "timeout", timeout, "0 to 21600")
        audience = given["audience"] or api_url
        _insist(_VISIBLE.match(audience), "audience", audience, "a text without spaces")
        return cls(api_url, image, given["digest"], policy, int(timeout), audience)

    @property
    def question(self) -> str:
        """The URL that is asked."""
        parameters = {"image": self.image} | ({"policy": self.policy} if self.policy else {})
        return f"{self.api_url}/oidc/v1/gate/{quote(self.digest, safe=':')}?{urlencode(parameters)}"


def is_safe(url: str) -> bool:
    """Whether a token may be sent there: https, or plain http to this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = _VISIBLE.match(url) and host and not set(url) & set("@#\\\"'<>`{}|^")
    return bool(plain) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _insist(holds: object, name: str, value: str, expected: str) -> None:
    if not holds:
        raise Ended(bad_usage(f"input {name} is {value[:80]!r} (expected {expected})"))
