"""Reading environment variables: each function names the variable in its SettingsError, and shortens what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from registry_verifier.errors import SettingsError
from registry_verifier.models import ImageName

Environment = Mapping[str, str]

_DIGITS_LIMIT = 6
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?\Z")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def metrics_namespace(environment: Environment) -> str:
    """Where a function's metrics are; a namespace for each stack keeps the alarms of two stacks apart."""
    return environment.get("POWERTOOLS_METRICS_NAMESPACE") or "RegistryVerifier"


def registry_endpoints(text: str) -> dict[str, str]:
    """Read `HOST=URL[,HOST=URL…]`; SettingsError where a part is not of that form.

    Plain http is taken for loopback addresses only: a registry's answers decide nothing by themselves,
    but credentials travel to it.
    """
    endpoints = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        host, separator, url = part.partition("=")
        if not host or not separator or not _reachable(url):
            expected = "expected HOST=https://… or HOST=http://127.0.0.1:PORT"
            raise SettingsError(f"registry endpoint is {part!r} ({expected})")
        endpoints[host] = url.rstrip("/")
    return endpoints


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def need(environment: Environment, name: str) -> str:
    """The variable, which must be there."""
    if value := environment.get(name):
        return value
    raise SettingsError(f"the environment has no {name}")


def count(environment: Environment, name: str) -> int:
    """The variable as a whole number from 1 on, which must be there."""
    text = need(environment, name)
    if not text.isdecimal() or len(text) > _DIGITS_LIMIT or int(text) < 1:
        raise SettingsError(f"{name} is {text[:80]!r} (expected a whole number from 1 to {10**_DIGITS_LIMIT - 1})")
    return int(text)


def switch(environment: Environment, name: str) -> bool:
    """Whether the variable says `true`; it may be left out."""
    return one_of(environment, name, ("false", "true")) == "true"


def one_of(environment: Environment, name: str, values: Sequence[str]) -> str:
    """The variable, which is one of these; where it is left out, the first of them."""
    text = environment.get(name) or values[0]
    if text not in values:
        raise SettingsError(f"{name} is {text[:80]!r} (expected {' or '.join(map(repr, values))})")
    return text


def images(environment: Environment, name: str) -> tuple[ImageName, ...]:
    """The images of `OWNER/NAME,…`, on the registry whose publishes are verified."""
    try:
        return tuple(ImageName.parse(f"ghcr.io/{text}") for text in listed(environment, name))
    except ValueError as error:
        raise SettingsError(f"{name} is {environment[name][:80]!r} (expected OWNER/NAME,… in lower case)") from error


def owners(environment: Environment, name: str) -> tuple[str, ...]:
    """The logins of `A,B,…` on GitHub, in lower case."""
    found = tuple(text.lower() for text in listed(environment, name))
    if wrong := [text for text in found if not _LOGIN.match(text)]:
        raise SettingsError(f"{name} has {wrong[0][:80]!r} (expected the login of an owner on GitHub)")
    return found


def listed(environment: Environment, name: str) -> tuple[str, ...]:
    """The parts of `A,B,…`, each once."""
    parts = (part.strip() for part in environment.get(name, "").split(","))
    return tuple(dict.fromkeys(filter(None, parts)))
