"""The settings of each function: the only room that knows the names of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from registry_verifier.errors import SettingsError

Environment = Mapping[str, str]

SLACK_VARIABLE = "REGISTRY_VERIFIER_SLACK"
"""where `slack-test` finds a bot token or the URL of an incoming webhook"""
SLACK_API_URL = "https://slack.com/api"
GITHUB_API_URL = "https://api.github.com"
TUF_URL = "https://tuf-repo-cdn.sigstore.dev"
TOKEN_VARIABLE = "REGISTRY_VERIFIER_TOKEN"  # noqa: S105 - a variable's name, no token
"""where the command line finds the token for private images"""

_STORM_LIMIT = 100
_DIGITS_LIMIT = 6
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
    trust_root_bucket: str = ""
    """where refreshed trusted roots are; empty: the one in the configuration is used as it is"""
    github_attestations: bool = False
    """whether GitHub is asked for attestations beside the registry"""
    github_token_secret_arn: str = ""
    github_app_secret_arn: str = ""
    github_api_url: str = GITHUB_API_URL

    @classmethod
    def read(cls, environment: Environment) -> VerifySettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        attestations = _switch(environment, "GITHUB_ATTESTATIONS")
        secrets = (environment.get("GITHUB_TOKEN_SECRET_ARN", ""), environment.get("GITHUB_APP_SECRET_ARN", ""))
        if attestations and not any(secrets):
            expected = "expected GITHUB_TOKEN_SECRET_ARN or GITHUB_APP_SECRET_ARN as well"
            raise SettingsError(f"GITHUB_ATTESTATIONS is 'true' ({expected})")
        return cls(
            looks_queue_url=_need(environment, "LOOKS_QUEUE_URL"),
            verdicts_table=_need(environment, "VERDICTS_TABLE"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            registry_endpoints=registry_endpoints(environment.get("REGISTRY_ENDPOINTS", "")),
            registry_username=environment.get("REGISTRY_USERNAME", ""),
            registry_token_secret_arn=environment.get("REGISTRY_TOKEN_SECRET_ARN", ""),
            retention_days=_count(environment, "RETENTION_DAYS"),
            trust_root_bucket=environment.get("TRUST_ROOT_BUCKET", ""),
            github_attestations=attestations,
            github_token_secret_arn=secrets[0],
            github_app_secret_arn=secrets[1],
            github_api_url=environment.get("GITHUB_API_URL") or GITHUB_API_URL,
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
    event_bus_name: str = ""
    """the EventBridge bus that is told the same; empty: none"""
    storm_limit: int = 10
    """how many incidents of a channel have a message of their own within ten minutes; 1 to 100"""

    @classmethod
    def read(cls, environment: Environment) -> NotifySettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        no_match = environment.get("NO_MATCH_POLICY") or "ignore"
        if no_match not in ("warn", "ignore"):
            raise SettingsError(f"NO_MATCH_POLICY is {no_match!r} (expected 'warn' or 'ignore')")
        storm_limit = environment.get("STORM_LIMIT") or "10"
        if not storm_limit.isdecimal() or not 1 <= int(storm_limit) <= _STORM_LIMIT:
            raise SettingsError(f"STORM_LIMIT is {storm_limit!r} (expected a whole number from 1 to {_STORM_LIMIT})")
        return cls(
            verdicts_table=_need(environment, "VERDICTS_TABLE"),
            slack_secret_arn=_need(environment, "SLACK_SECRET_ARN"),
            slack_channel=environment.get("SLACK_CHANNEL", ""),
            operations_channel=environment.get("OPERATIONS_CHANNEL", ""),
            slack_api_url=environment.get("SLACK_API_URL") or SLACK_API_URL,
            api_url=environment.get("API_URL", ""),
            no_match_policy=no_match,
            event_bus_name=environment.get("EVENT_BUS_NAME", ""),
            storm_limit=int(storm_limit),
        )


@dataclass(frozen=True)
class SweepSettings:
    """What the sweep needs."""

    looks_queue_url: str
    verdicts_table: str
    configuration: Path
    """the folder with `trusted_root.json` and `tuf_root.json`"""
    retention_days: int
    reverify_after_hours: int
    """how long a decision stands unlooked at"""
    reverify_batch: int
    """the most looks that one run sends"""
    reverify_window_days: int
    """how old a publish may be to be looked at again"""
    trust_root_bucket: str
    """where refreshed trusted roots are kept"""
    tuf_url: str
    """the TUF repository that vouches for trusted roots"""
    github_token_secret_arn: str = ""
    """its value is a personal access token"""
    github_app_secret_arn: str = ""
    """its value is JSON: `app_id`, `private_key`, `installation_id`"""
    github_api_url: str = GITHUB_API_URL
    github_hooks: tuple[str, ...] = ()
    """whose failed deliveries are brought again: `repos/OWNER/NAME/hooks/ID`, `orgs/NAME/hooks/ID`, `app`"""
    github_owners: tuple[str, ...] = ()
    """whose packages are held against the table: `orgs/NAME`, `users/NAME`"""

    @classmethod
    def read(cls, environment: Environment) -> SweepSettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        return cls(
            looks_queue_url=_need(environment, "LOOKS_QUEUE_URL"),
            verdicts_table=_need(environment, "VERDICTS_TABLE"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            retention_days=_count(environment, "RETENTION_DAYS"),
            reverify_after_hours=_count(environment, "REVERIFY_AFTER_HOURS"),
            reverify_batch=_count(environment, "REVERIFY_BATCH"),
            reverify_window_days=_count(environment, "REVERIFY_WINDOW_DAYS"),
            trust_root_bucket=_need(environment, "TRUST_ROOT_BUCKET"),
            tuf_url=environment.get("TUF_URL") or TUF_URL,
            github_token_secret_arn=environment.get("GITHUB_TOKEN_SECRET_ARN", ""),
            github_app_secret_arn=environment.get("GITHUB_APP_SECRET_ARN", ""),
            github_api_url=environment.get("GITHUB_API_URL") or GITHUB_API_URL,
            github_hooks=_list(environment, "GITHUB_HOOKS"),
            github_owners=_list(environment, "GITHUB_OWNERS"),
        )


@dataclass(frozen=True)
class QuerySettings:
    """What query needs: one table to read."""

    verdicts_table: str

    @classmethod
    def read(cls, environment: Environment) -> QuerySettings:
        """Read them; SettingsError names the one that is missing."""
        return cls(_need(environment, "VERDICTS_TABLE"))


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


def _need(environment: Environment, name: str) -> str:
    if value := environment.get(name):
        return value
    raise SettingsError(f"the environment has no {name}")


def _count(environment: Environment, name: str) -> int:
    text = _need(environment, name)
    if not text.isdecimal() or len(text) > _DIGITS_LIMIT or int(text) < 1:
        raise SettingsError(f"{name} is {text[:80]!r} (expected a whole number from 1 to {10**_DIGITS_LIMIT - 1})")
    return int(text)


def _switch(environment: Environment, name: str) -> bool:
    text = environment.get(name) or "false"
    if text not in ("true", "false"):
        raise SettingsError(f"{name} is {text!r} (expected 'true' or 'false')")
    return text == "true"


def _list(environment: Environment, name: str) -> tuple[str, ...]:
    """The parts of `A,B,…`, each once."""
    parts = (part.strip() for part in environment.get(name, "").split(","))
    return tuple(dict.fromkeys(filter(None, parts)))
