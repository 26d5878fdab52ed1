"""Where the answer service's real parts are put together, once per process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from registry_verifier import aws_client
from registry_verifier.answer_table import AnswerTable
from registry_verifier.image_queue import LookQueue
from registry_verifier.kms_signer import KmsSigner
from registry_verifier.query.world import Signer, World
from registry_verifier.seal import Seal
from registry_verifier.secret_store import SecretStore
from registry_verifier.settings import QuerySettings

if TYPE_CHECKING:
    from registry_verifier.policy.model import Policy

_PATIENCE = 1.25
"""a look that is due again may wait for its turn: a verdict is fresh for a quarter longer"""


def world(settings: QuerySettings) -> World:
    """Everything that questions need; nothing of it is asked before a question needs it."""
    return World(
        verdicts=AnswerTable(aws_client.create("dynamodb"), settings.verdicts_table),
        looks=LookQueue(aws_client.create("sqs"), settings.looks_queue_url),
        seal=_seal(SecretStore(aws_client.create("secretsmanager")), settings.seal_secret_arn),
        policies=_policies(settings.configuration),
        now=lambda: datetime.now(UTC),
        signer=_signer(settings.vsa_key_arn),
        public_images=frozenset(settings.public_images),
        owners=frozenset(settings.github_organisations),
        fresh=timedelta(hours=settings.reverify_after_hours * _PATIENCE),
        api_url=settings.api_url,
    )


def _seal(secrets: SecretStore, arn: str) -> Callable[[], Seal]:
    """Of the secret as it is now: a rotation needs no new process."""
    return lambda: Seal(tuple(value.encode() for value in secrets.values(arn)))


def _policies(folder: Path) -> Callable[[], Sequence[Policy]]:
    @functools.cache
    def load() -> Sequence[Policy]:
        from registry_verifier import configuration  # what policies are read with takes long, and few questions need it

        return configuration.checked(configuration.every_policy(folder)).policies

    return load


def _signer(arn: str) -> Callable[[], Signer] | None:
    signer = KmsSigner(arn)
    return (lambda: signer) if arn else None
