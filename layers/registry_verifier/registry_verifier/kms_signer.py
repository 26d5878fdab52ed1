"""A key in AWS KMS that signs: ECDSA over SHA-256, on P-256. The key itself never leaves KMS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, cast

from botocore.exceptions import ClientError

from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason

_ALGORITHM: Literal["ECDSA_SHA_256"] = "ECDSA_SHA_256"
_FACTS = {
    "AccessDeniedException": "access is denied (kms:Sign is needed)",
    "DisabledException": "it is disabled",
    "InvalidKeyUsageException": "it does not sign with ECDSA_SHA_256",
    "KMSInvalidStateException": "its state allows no use",
    "NotFoundException": "it is not there",
    "ThrottlingException": "KMS is throttling",
}


class KmsClient(Protocol):
    """What is needed of a client of KMS."""

    def sign(
        self,
        *,
        KeyId: str,  # noqa: N803 - the names that the client has
        Message: bytes,  # noqa: N803
        MessageType: Literal["DIGEST"],  # noqa: N803
        SigningAlgorithm: Literal["ECDSA_SHA_256"],  # noqa: N803
    ) -> Mapping[str, Any]:
        """The answer to Sign."""
        ...


class KmsSigner:
    """Signs with the key of `arn`, of a key or of an alias.

    `client_factory` makes a client when the first signature is wanted.
    """

    def __init__(self, arn: str, client_factory: Callable[[], KmsClient] | None = None) -> None:
        self._arn = arn
        self._client_factory = client_factory or _client
        self._made: KmsClient | None = None

    def sign(self, content: bytes) -> bytes:
        """An ECDSA signature over the SHA-256 of `content`, in DER.

        Raises Unavailable (KEY_UNAVAILABLE) where KMS did not sign.
        """
        try:
            answer = self._client.sign(
                KeyId=self._arn,
                Message=hashlib.sha256(content).digest(),
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHM,
            )
            return _signature(answer)
        except Exception as error:  # botocore has errors outside its two base classes
            text = f"key {self._arn[:300]} did not sign: {_fact(error)}"
            raise Unavailable(Reason.KEY_UNAVAILABLE, text[:500]) from error

    @property
    def _client(self) -> KmsClient:
        if self._made is None:
            self._made = self._client_factory()
        return self._made


def _client() -> KmsClient:
    from registry_verifier import aws_client  # takes long, and few deployments sign

    service: Any = "kms"
    return cast("KmsClient", aws_client.create(service))


def _signature(answer: Mapping[str, Any]) -> bytes:
    """The signature in the answer; ValueError where it is none of the algorithm that was asked for."""
    if (algorithm := answer.get("SigningAlgorithm")) != _ALGORITHM:
        raise ValueError(f"its algorithm is {str(algorithm)[:40]!r} (expected {_ALGORITHM!r})")
    signature = answer.get("Signature")
    if not isinstance(signature, bytes) or not signature:
        raise ValueError("the answer holds no signature")
    return signature


def _fact(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _FACTS:
            return _FACTS[code]
    return str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
