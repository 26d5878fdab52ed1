"""Where verify's real parts are put together; nothing else in the library knows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from registry_verifier import aws_client, configuration
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.github import exchange
from registry_verifier.github_wiring import GitHub
from registry_verifier.image_queue import LookQueue
from registry_verifier.key_store import KeyStore
from registry_verifier.newest_root import NewestRoot, RootInUse
from registry_verifier.policy.load import PolicySet
from registry_verifier.proof import Prover
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.tally import Tally
from registry_verifier.registry.token import Credentials
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import VerifySettings
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.trusted_root import TrustedRoot
from registry_verifier.verdict_table import VerdictTable
from registry_verifier.verify import Verification
from registry_verifier.verify_message import MessageTaker


class Takers:
    """The taker of messages of one process, by the newest trusted root.

    Raises PolicyError or TrustRootError where the configuration does not load. `clock` gives seconds since any time.
    """

    def __init__(self, settings: VerifySettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._policies = configuration.every_policy(settings.configuration)
        packaged = configuration.packaged_root(settings.configuration)
        self.newest = NewestRoot(_store(settings), packaged, clock=clock)
        self._in_use = RootInUse(packaged)
        self.tally = Tally()
        self._taker = _message_taker(settings, self._policies, packaged, self.tally)

    def current(self) -> MessageTaker:
        """The taker that verifies by the newest trusted root; what it is connected to stays connected."""
        in_use = self.newest.current()
        if in_use != self._in_use:
            self._taker = replace(self._taker, verification=_by(in_use, self._policies, self._taker.verification))
            self._in_use = in_use
        return self._taker


def _by(in_use: RootInUse, policies: PolicySet, old: Verification) -> Verification:
    """The same verification by another trusted root, or by the same one that was proven again."""
    new = replace(old, trust_root_checked_at=in_use.checked_at)
    if in_use.root.sha256 == old.trust_root_sha256:
        return new
    loaded = configuration.configured(policies, in_use.root)
    return replace(
        new,
        finder=replace(old.finder, prover=Prover(loaded.roots)),
        policies=loaded.policies,
        trust_root_sha256=in_use.root.sha256,
    )


def _message_taker(settings: VerifySettings, policies: PolicySet, packaged: TrustedRoot, tally: Tally) -> MessageTaker:
    """All that verify needs."""
    loaded = configuration.configured(policies, packaged)
    queue = LookQueue(aws_client.create("sqs"), settings.looks_queue_url)
    registry = RegistryClient(endpoints=settings.registry_endpoints, credentials=_credentials(settings), tally=tally)
    attestations = GitHub(settings, exchange.http_client()).attestations() if settings.github_attestations else None
    verification = Verification(
        finder=Finder(Gatherer(registry, attestations), Prover(loaded.roots), KeyStore()),
        policies=loaded.policies,
        trust_root_sha256=packaged.sha256,
        verdicts=VerdictTable(
            aws_client.create("dynamodb"),
            settings.verdicts_table,
            retention=timedelta(days=settings.retention_days),
        ),
        looks=queue,
        now=lambda: datetime.now(UTC),
    )
    return MessageTaker(verification, queue)


def _store(settings: VerifySettings) -> TrustRootStore | None:
    bucket = settings.trust_root_bucket
    return TrustRootStore(aws_client.create("s3"), bucket) if bucket else None


def _credentials(settings: VerifySettings) -> Credentials | None:
    if not settings.registry_token_secret_arn:
        return None
    secrets = SecretStore(aws_client.create("secretsmanager"))
    return Credentials(secrets.values(settings.registry_token_secret_arn)[0], settings.registry_username)
