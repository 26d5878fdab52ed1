"""What several tests of walls ask for: a GitHub by script with a client for it, and a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from registry_verifier.github import exchange
from tests.library.github_wire import GitHub
from tests.library.verdicts import table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        yield server


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with exchange.http_client() as http:
        yield http


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with table() as made:
        yield made
