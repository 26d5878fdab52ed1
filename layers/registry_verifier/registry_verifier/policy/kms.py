"""References to keys in key management services: which of them are well-formed.

The services are those that policy-controller knows (pkg/apis/policy/common). Of a key in AWS only the ARN is taken,
its own or an alias's: a bare id or alias means another key in each region and account that asks for it.
Source: AWS KMS developer guide, "Key identifiers (KeyId)".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROVIDERS = ("awskms://", "azurekms://", "gcpkms://", "hashivault://")
_KEY = r"key/(?:mrk-)?[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}"
_ALIAS = r"alias/[A-Za-z0-9/_-]{1,250}"
_AWS = re.compile(
    rf"awskms://([^/]*)/(arn:(?:aws|aws-us-gov|aws-cn):kms:([a-z0-9-]{{1,32}}):[0-9]{{12}}:(?:{_KEY}|{_ALIAS}))\Z"
)
_ENDPOINT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,39}\]):([0-9]{1,5})\Z")
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")
_PORT_LIMIT = 65535


@dataclass(frozen=True)
class AwsKey:
    """A key in AWS KMS, by the ARN of the key or of an alias."""

    arn: str
    region: str
    url: str | None
    """where KMS is, when not at the region's own address"""


def check(reference: str) -> None:
    """ValueError where `reference` is none of the four services, or is one of AWS and not well-formed."""
    if not reference.startswith(_PROVIDERS):
        raise ValueError(f"is {reference[:80]!r} (expected {', '.join(_PROVIDERS[:-1])} or {_PROVIDERS[-1]})")
    if reference.startswith("awskms://"):
        aws_key(reference)


def aws_key(reference: str) -> AwsKey:
    """The parts of `awskms://[HOST:PORT]/ARN`; ValueError where it is not of that form."""
    parts = _AWS.match(reference)
    if not parts:
        raise ValueError(f"is {reference[:120]!r} (expected awskms://[HOST:PORT]/ and the ARN of a key or an alias)")
    endpoint, arn, region = parts.groups()
    return AwsKey(arn, region, _url(endpoint) if endpoint else None)


def _url(endpoint: str) -> str:
    """Loopback has no certificate to show; everywhere else it is HTTPS."""
    parts = _ENDPOINT.match(endpoint)
    if not parts or not 0 < int(parts[2]) <= _PORT_LIMIT:
        raise ValueError(f"endpoint is {endpoint[:80]!r} (expected HOST:PORT)")
    return f"{'http' if _LOOPBACK.fullmatch(parts[1]) else 'https'}://{endpoint}"
