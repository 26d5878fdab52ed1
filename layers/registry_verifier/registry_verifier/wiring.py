"""Where verify's real parts are put together; nothing else in the library knows all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from registry_verifier import aws_client, configuration
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.image_queue import LookQueue
from registry_verifier.key_store import KeyStore
from registry_verifier.proof import Prover
from registry_verifier.registry.client import RegistryClient
from registry_verifier.registry.token import Credentials
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import VerifySettings
from registry_verifier.verdict_table import VerdictTable
from registry_verifier.verify import Verification
from registry_verifier.verify_message import MessageTaker


def message_taker(settings: VerifySettings) -> MessageTaker:
    """All that verify needs. Raises PolicyError or TrustRootError where the configuration does not load."""
    loaded = configuration.read(settings.configuration)
    queue = LookQueue(aws_client.create("sqs"), settings.looks_queue_url)
    registry = RegistryClient(endpoints=settings.registry_endpoints, credentials=_credentials(settings))
    verification = Verification(
        finder=Finder(Gatherer(registry), Prover(loaded.roots), KeyStore()),
        policies=loaded.policies,
        trust_root_sha256=loaded.trusted_root.sha256,
        verdicts=VerdictTable(
            aws_client.create("dynamodb"),
            settings.verdicts_table,
            retention=timedelta(days=settings.retention_days),
        ),
        looks=queue,
        now=lambda: datetime.now(UTC),
    )
    return MessageTaker(verification, queue)


def _credentials(settings: VerifySettings) -> Credentials | None:
    if not settings.registry_token_secret_arn:
        return None
    secrets = SecretStore(aws_client.create("secretsmanager"))
    return Credentials(secrets.values(settings.registry_token_secret_arn)[0], settings.registry_username)
