"""Identity tokens: JWTs (RFC 7519) signed with RS256, as GitHub's OIDC issuer gives them to workflows."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.sigstore.protojson import Json, compact

AUDIENCE = "sigstore"
LIFETIME = timedelta(minutes=10)
_KEY_ID = "private"


class TokenRefused(Exception):
    """An identity token that is not ours, not for Sigstore, or over."""


class TokenIssuer:
    """Issues identity tokens, in the name of any issuer, and recognises its own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def issue(self, claims: Mapping[str, str], *, issuer: str, at: datetime) -> str:
        """A token with these claims, valid for ten minutes."""
        times = {"iat": int(at.timestamp()), "exp": int((at + LIFETIME).timestamp())}
        body = {**claims, "iss": issuer, "aud": AUDIENCE, **times}
        signed = f"{_part(compact({'alg': 'RS256', 'typ': 'JWT', 'kid': _KEY_ID}))}.{_part(compact(body))}"
        return f"{signed}.{_part(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def check(self, token: str, *, at: datetime) -> Json:
        """The claims of a token; TokenRefused unless it holds now."""
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: Json = json.loads(_bytes(signed.partition(".")[2]))
        except (InvalidSignature, ValueError) as error:
            raise TokenRefused("identity token is not signed by this issuer") from error
        if claims.get("aud") != AUDIENCE or claims.get("exp", 0) < at.timestamp():
            raise TokenRefused(f"identity token is over or not for {AUDIENCE}")
        return claims

    def key_set(self) -> Json:
        """The public key as a JSON Web Key Set, RFC 7517."""
        numbers = self._key.public_key().public_numbers()
        key = {"n": _part(_big_endian(numbers.n)), "e": _part(_big_endian(numbers.e))}
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _KEY_ID, **key}]}


def discovery(url: str) -> Json:
    """What OpenID Connect Discovery says about an issuer at `url`."""
    return {
        "issuer": url,
        "jwks_uri": f"{url}/.well-known/jwks",
        "authorization_endpoint": f"{url}/auth",
        "token_endpoint": f"{url}/token",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
