"""Clients of AWS services, made by botocore.

boto3 adds nothing that is used here, and its import costs what a cold start has to pay. Importing this room
imports botocore: a function whose INIT time counts imports it when it needs its first client.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, overload

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

CONNECT_SECONDS = 1
READ_SECONDS = 3
ATTEMPTS = 2


@overload
def create(service: Literal["dynamodb"]) -> DynamoDBClient: ...
@overload
def create(service: Literal["events"]) -> EventBridgeClient: ...
@overload
def create(service: Literal["s3"]) -> S3Client: ...
@overload
def create(service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
@overload
def create(service: Literal["sqs"]) -> SQSClient: ...
def create(
    service: str,
) -> BaseClient | DynamoDBClient | EventBridgeClient | S3Client | SecretsManagerClient | SQSClient:
    """A client of the service; region, credentials and endpoint are the environment's.

    Its timeouts are short: callers answer somebody who waits, or have a queue that tries again.
    """
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
