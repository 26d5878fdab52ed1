"""What each function is given, by the names of its variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry_verifier.errors import SettingsError
from registry_verifier.models import ImageName
from registry_verifier.settings.reading import (
    Environment,
    count,
    images,
    listed,
    need,
    one_of,
    owners,
    registry_endpoints,
    switch,
)

SLACK_API_URL = "https://slack.com/api"
GITHUB_API_URL = "https://api.github.com"
TUF_URL = "https://tuf-repo-cdn.sigstore.dev"

_STORM_LIMIT = 100


@dataclass(frozen=True)
class ReceiveSettings:
    """What receive needs: one secret to read, one queue to write."""

    webhook_secret_arn: str
    looks_queue_url: str

    @classmethod
    def read(cls, environment: Environment) -> ReceiveSettings:
        """Read them; SettingsError names the first that is missing."""
        return cls(need(environment, "WEBHOOK_SECRET_ARN"), need(environment, "LOOKS_QUEUE_URL"))


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
        attestations = switch(environment, "GITHUB_ATTESTATIONS")
        secrets = (environment.get("GITHUB_TOKEN_SECRET_ARN", ""), environment.get("GITHUB_APP_SECRET_ARN", ""))
        if attestations and not any(secrets):
            expected = "expected GITHUB_TOKEN_SECRET_ARN or GITHUB_APP_SECRET_ARN as well"
            raise SettingsError(f"GITHUB_ATTESTATIONS is 'true' ({expected})")
        return cls(
            looks_queue_url=need(environment, "LOOKS_QUEUE_URL"),
            verdicts_table=need(environment, "VERDICTS_TABLE"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            registry_endpoints=registry_endpoints(environment.get("REGISTRY_ENDPOINTS", "")),
            registry_username=environment.get("REGISTRY_USERNAME", ""),
            registry_token_secret_arn=environment.get("REGISTRY_TOKEN_SECRET_ARN", ""),
            retention_days=count(environment, "RETENTION_DAYS"),
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
        storm_limit = environment.get("STORM_LIMIT") or "10"
        if not storm_limit.isdecimal() or not 1 <= int(storm_limit) <= _STORM_LIMIT:
            raise SettingsError(f"STORM_LIMIT is {storm_limit!r} (expected a whole number from 1 to {_STORM_LIMIT})")
        return cls(
            verdicts_table=need(environment, "VERDICTS_TABLE"),
            slack_secret_arn=need(environment, "SLACK_SECRET_ARN"),
            slack_channel=environment.get("SLACK_CHANNEL", ""),
            operations_channel=environment.get("OPERATIONS_CHANNEL", ""),
            slack_api_url=environment.get("SLACK_API_URL") or SLACK_API_URL,
            api_url=environment.get("API_URL", ""),
            no_match_policy=one_of(environment, "NO_MATCH_POLICY", ("ignore", "warn")),
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
            looks_queue_url=need(environment, "LOOKS_QUEUE_URL"),
            verdicts_table=need(environment, "VERDICTS_TABLE"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            retention_days=count(environment, "RETENTION_DAYS"),
            reverify_after_hours=count(environment, "REVERIFY_AFTER_HOURS"),
            reverify_batch=count(environment, "REVERIFY_BATCH"),
            reverify_window_days=count(environment, "REVERIFY_WINDOW_DAYS"),
            trust_root_bucket=need(environment, "TRUST_ROOT_BUCKET"),
            tuf_url=environment.get("TUF_URL") or TUF_URL,
            github_token_secret_arn=environment.get("GITHUB_TOKEN_SECRET_ARN", ""),
            github_app_secret_arn=environment.get("GITHUB_APP_SECRET_ARN", ""),
            github_api_url=environment.get("GITHUB_API_URL") or GITHUB_API_URL,
            github_hooks=listed(environment, "GITHUB_HOOKS"),
            github_owners=listed(environment, "GITHUB_OWNERS"),
        )


@dataclass(frozen=True)
class QuerySettings:
    """What query needs."""

    verdicts_table: str
    looks_queue_url: str
    seal_secret_arn: str
    """its value, or each of two while it is rotated, seals cursors and requests"""
    configuration: Path
    """the folder with `policies/*.yaml`"""
    reverify_after_hours: int
    """how long a decision stands unlooked at"""
    vsa_key_arn: str = ""
    """the KMS key that signs verification summaries; empty: nobody signs them"""
    public_images: tuple[ImageName, ...] = ()
    """whose badge and status page anybody may see"""
    github_organisations: tuple[str, ...] = ()
    """whose workflows may ask with their own token, in lower case"""
    api_auth: str = "AWS_IAM"
    """`NONE`: the operator has opened the API to everybody"""
    admission_auth: str = "AWS_IAM"
    """`MUTUAL_TLS`: what a cluster asks is answered to whoever shows a certificate"""
    api_url: str = ""
    """where people reach the API; empty: unknown"""

    @classmethod
    def read(cls, environment: Environment) -> QuerySettings:
        """Read them; SettingsError names the first that is missing or wrong."""
        return cls(
            verdicts_table=need(environment, "VERDICTS_TABLE"),
            looks_queue_url=need(environment, "LOOKS_QUEUE_URL"),
            seal_secret_arn=need(environment, "SEAL_SECRET_ARN"),
            configuration=Path(environment.get("CONFIGURATION_DIRECTORY") or "/opt/configuration"),
            reverify_after_hours=count(environment, "REVERIFY_AFTER_HOURS"),
            vsa_key_arn=environment.get("VSA_KEY_ARN", ""),
            public_images=images(environment, "PUBLIC_IMAGES"),
            github_organisations=owners(environment, "GITHUB_ORGANISATIONS"),
            api_auth=one_of(environment, "API_AUTH", ("AWS_IAM", "NONE")),
            admission_auth=one_of(environment, "ADMISSION_AUTH", ("AWS_IAM", "MUTUAL_TLS")),
            api_url=environment.get("API_URL", "").rstrip("/"),
        )
