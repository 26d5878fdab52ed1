"""What the tests of the refreshed trusted root share: a bucket in moto, and roots of one Sigstore that differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from registry_verifier.models import digest_of
from registry_verifier.trust_root_record import Record
from tests import material

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "trust-roots"
CHECKED = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
PACKAGED = json.dumps(material.sigstore().trusted_root()).encode()
NEWER = json.dumps(material.sigstore().trusted_root(), indent=1).encode()
"""the same keys in another file"""


def sha256(content: bytes) -> str:
    """As records and verdicts have it."""
    return digest_of(content).removeprefix("sha256:")


def record(content: bytes = NEWER, **changes: Any) -> Record:
    """The record that puts these bytes in force for the packaged root."""
    return replace(Record(sha256(content), CHECKED, sha256(PACKAGED)), **changes)


@contextmanager
def simulated() -> Iterator[S3Client]:
    """A client of S3 with a bucket that keeps versions."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def empty(client: S3Client) -> None:
    """Forget every object: a client takes longer to make than most tests."""
    listed = client.list_object_versions(Bucket=BUCKET)
    for one in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
        client.delete_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])


def put(client: S3Client, key: str, content: bytes) -> None:
    """Write an object past the store."""
    client.put_object(Bucket=BUCKET, Key=key, Body=content)


def versions(client: S3Client, key: str) -> int:
    """How often an object was written."""
    return len(client.list_object_versions(Bucket=BUCKET, Prefix=key).get("Versions", ()))
