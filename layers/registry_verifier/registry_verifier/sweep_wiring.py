"""Where the sweep's real parts are put together: what is looked at again, what went missing, the trusted root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property

from registry_verifier import aws_client, configuration, trust_root_wiring
from registry_verifier.github import exchange
from registry_verifier.github.hooks import GitHubHook
from registry_verifier.github.packages import PackageList
from registry_verifier.github_wiring import GitHub
from registry_verifier.image_queue import LookQueue
from registry_verifier.missed import Reconciliation
from registry_verifier.refresh import Refresh
from registry_verifier.settings import SweepSettings
from registry_verifier.sweep import Sweep
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.verdict_table import VerdictTable


class Sweeps:
    """The tasks of one process; each is wired when it is first asked for, so that none hangs on another's settings."""

    def __init__(self, settings: SweepSettings) -> None:
        self._settings = settings

    def close(self) -> None:
        """Close the connections to GitHub; a function keeps them between its runs."""
        self._http.close()

    @cached_property
    def reverify(self) -> Sweep:
        """What was decided is looked at again."""
        settings = self._settings
        return Sweep(
            table=self._table,
            looks=self._queue,
            now=_now,
            after=timedelta(hours=settings.reverify_after_hours),
            window=timedelta(days=settings.reverify_window_days),
            batch=settings.reverify_batch,
        )

    def missed(self, time_left: Callable[[], float]) -> Reconciliation:
        """What GitHub did not tell us, as far as there is time; SettingsError where a setting cannot be used."""
        hooks, packages = self._github
        owners = self._settings.github_owners
        return Reconciliation(hooks, packages, owners, self._table, self._queue, _now, time_left)

    def given_up(self) -> list[str]:
        """What the hooks' last lists say of deliveries that nobody brings any more."""
        hooks, _ = self._github
        return [f"hook {hook.name}: {len(hook.given_up)} deliveries were given up" for hook in hooks if hook.given_up]

    @cached_property
    def refresh(self) -> Refresh:
        """The newest trusted root; TrustRootError where the configuration has none to begin with."""
        settings = self._settings
        return trust_root_wiring.refresh(settings.configuration, settings.tuf_url, settings.trust_root_bucket)

    def trust_root_checked_at(self) -> datetime | None:
        """When the trusted root was proven to be the newest one; None: never, for this deployment.

        Raises Unavailable where the bucket could not be asked.
        """
        stored = self._store.read()
        record = stored.record if stored else None
        packaged = configuration.packaged_root(self._settings.configuration)
        return record.checked_at if record and record.stands_for(packaged.sha256) else None

    @cached_property
    def _github(self) -> tuple[tuple[GitHubHook, ...], PackageList | None]:
        github = GitHub(self._settings, self._http)
        return github.hooks(self._settings.github_hooks), github.packages(self._settings.github_owners)

    @cached_property
    def _http(self) -> exchange.Client:
        return exchange.http_client()

    @cached_property
    def _store(self) -> TrustRootStore:
        return TrustRootStore(aws_client.create("s3"), self._settings.trust_root_bucket)

    @cached_property
    def _table(self) -> VerdictTable:
        retention = timedelta(days=self._settings.retention_days)
        return VerdictTable(aws_client.create("dynamodb"), self._settings.verdicts_table, retention=retention)

    @cached_property
    def _queue(self) -> LookQueue:
        return LookQueue(aws_client.create("sqs"), self._settings.looks_queue_url)


def _now() -> datetime:
    return datetime.now(UTC)
