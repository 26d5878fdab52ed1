"""Public keys in AWS KMS, kept in memory for some minutes."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from botocore.exceptions import ClientError

from registry_verifier import signing_key
from registry_verifier.errors import Unavailable
from registry_verifier.policy.kms import AwsKey, aws_key
from registry_verifier.reasons import Reason

KEPT_SECONDS = 300

_FACTS = {
    "AccessDeniedException": "access is denied (kms:GetPublicKey is needed)",
    "DisabledException": "it is disabled",
    "KMSInvalidStateException": "its state allows no use",
    "NotFoundException": "it is not there",
    "ThrottlingException": "KMS is throttling",
    "UnsupportedOperationException": "it is no signing key",
}


class KmsClient(Protocol):
    """What is needed of a client of KMS."""

    def get_public_key(self, *, KeyId: str) -> Mapping[str, Any]:  # noqa: N803 - the name that the client has
        """The answer to GetPublicKey."""
        ...


ClientFactory = Callable[[str, str | None], KmsClient]


class KeyStore:
    """The keys of one process.

    `client_factory` makes a client for a region and for an address, which is None for the region's own. `clock` gives
    seconds since any time. May be asked from several threads.
    """

    def __init__(
        self, client_factory: ClientFactory | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client_factory = client_factory or _client
        self._clock = clock
        self._clients: dict[tuple[str, str | None], KmsClient] = {}
        self._kept: dict[str, _Kept] = {}

    def public_key(self, reference: str) -> str:
        """The key behind `awskms://[HOST:PORT]/ARN` in PEM, read at most `KEPT_SECONDS` ago.

        Raises Unavailable (KEY_UNAVAILABLE) where KMS did not answer, or holds no key that can have signed.
        """
        kept = self._kept.get(reference)
        if kept and 0 <= self._clock() - kept.read_at < KEPT_SECONDS:
            return kept.pem
        read_at = self._clock()
        try:
            pem = _pem(self._answer(aws_key(reference)))
        except Exception as error:  # botocore has errors outside its two base classes
            text = f"key {reference[:300]} could not be read: {_fact(error)}"
            raise Unavailable(Reason.KEY_UNAVAILABLE, text[:500]) from error
        self._kept[reference] = _Kept(pem, read_at)
        return pem

    def _answer(self, key: AwsKey) -> Mapping[str, Any]:
        place = (key.region, key.url)
        if place not in self._clients:
            self._clients[place] = self._client_factory(*place)
        return self._clients[place].get_public_key(KeyId=key.arn)


@dataclass(frozen=True)
class _Kept:
    pem: str
    read_at: float


def _client(region: str, url: str | None) -> KmsClient:
    """A client with the time-outs of all our clients; the credentials are the environment's."""
    import botocore.session  # takes long, and few policies name a key in KMS
    from botocore.config import Config

    from registry_verifier import aws_client

    config = Config(
        connect_timeout=aws_client.CONNECT_SECONDS,
        read_timeout=aws_client.READ_SECONDS,
        retries={"total_max_attempts": aws_client.ATTEMPTS, "mode": "standard"},
    )
    client = botocore.session.get_session().create_client("kms", region_name=region, endpoint_url=url, config=config)
    return cast("KmsClient", client)


def _pem(answer: Mapping[str, Any]) -> str:
    """The key in the answer; ValueError where it is none that can have signed."""
    if (usage := answer.get("KeyUsage")) != "SIGN_VERIFY":
        raise ValueError(f"its usage is {usage!r} (expected 'SIGN_VERIFY')")
    der = answer.get("PublicKey")
    if not isinstance(der, bytes):
        raise ValueError("the answer holds no key")  # noqa: TRY004 - one error for the answer
    body = base64.encodebytes(der).decode()
    return signing_key.read(f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n")[0]


def _fact(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _FACTS:
            return _FACTS[code]
    return str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
