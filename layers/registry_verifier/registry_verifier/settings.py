"""The settings of each function: the only room that knows the names of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from registry_verifier.errors import SettingsError

Environment = Mapping[str, str]

TOKEN_VARIABLE = "REGISTRY_VERIFIER_TOKEN"  # noqa: S105 - a variable's name, no token
"""where the command line finds the token for private images"""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ReceiveSettings:
    """What receive needs: one secret to read, one queue to write."""

    webhook_secret_arn: str
    looks_queue_url: str

    @classmethod
    def read(cls, environment: Environment) -> ReceiveSettings:
        """Read them; SettingsError names the first that is missing."""
        return cls(_need(environment, "WEBHOOK_SECRET_ARN"), _need(environment, "LOOKS_QUEUE_URL"))


@dataclass(frozen=True)
class VerifySettings:
    """What verify needs."""

    looks_queue_url: str
    verdicts_table: str
    configuration: Path
    """the folder with `policies/*.yaml` and `trusted_root.json`"""
    registry_endpoints: Mapping[str, str]
    """registry host -> the URL where it is reached, for hosts that are not at https://HOST"""
    registry_username: str
    registry_token_secret_arn: str
    """empty where only public images are verified"""
    retention_days: int

    @classmethod
    def read(cls, environment: Environment) -> VerifySettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        return cls(
            looks_queue_url=_need(environment, "LOOKS_QUEUE_URL"),
            verdicts_table=_need(environment, "VERDICTS_TABLE"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            registry_endpoints=registry_endpoints(environment.get("REGISTRY_ENDPOINTS", "")),
            registry_username=environment.get("REGISTRY_USERNAME", ""),
            registry_token_secret_arn=environment.get("REGISTRY_TOKEN_SECRET_ARN", ""),
            retention_days=_count(environment, "RETENTION_DAYS"),
        )


@dataclass(frozen=True)
class NotifySettings:
    """What notify needs."""

    verdicts_table: str
    slack_secret_arn: str
    """its value is a bot token (`xoxb-…`) or the URL of an incoming webhook"""
    slack_channel: str
    operations_channel: str
    """where `UNKNOWN` goes; empty: nowhere"""
    slack_api_url: str
    api_url: str
    """where people reach the query API, for the message's button; empty: no button"""
    no_match_policy: str
    """what a publish that no policy matches does: `warn` or `ignore`"""

    @classmethod
    def read(cls, environment: Environment) -> NotifySettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        no_match = environment.get("NO_MATCH_POLICY") or "ignore"
        if no_match not in ("warn", "ignore"):
            raise SettingsError(f"NO_MATCH_POLICY is {no_match!r} (expected 'warn' or 'ignore')")
        return cls(
            verdicts_table=_need(environment, "VERDICTS_TABLE"),
            slack_secret_arn=_need(environment, "SLACK_SECRET_ARN"),
            slack_channel=environment.get("SLACK_CHANNEL", ""),
            operations_channel=environment.get("OPERATIONS_CHANNEL", ""),
            slack_api_url=environment.get("SLACK_API_URL") or "https://slack.com/api",
            api_url=environment.get("API_URL", ""),
            no_match_policy=no_match,
        )


@dataclass(frozen=True)
class QuerySettings:
    """What query needs: one table to read."""

    verdicts_table: str

    @classmethod
    def read(cls, environment: Environment) -> QuerySettings:
        """Read them; SettingsError names the one that is missing."""
        return cls(_need(environment, "VERDICTS_TABLE"))


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


def _need(environment: Environment, name: str) -> str:
    if value := environment.get(name):
        return value
    raise SettingsError(f"the environment has no {name}")


def _count(environment: Environment, name: str) -> int:
    text = _need(environment, name)
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"{name} is {text!r} (expected a whole number from 1)")
    return int(text)
