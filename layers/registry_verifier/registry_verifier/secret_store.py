"""Secrets in Secrets Manager, kept in memory for some minutes.

A secret is plain text, or a JSON array of one or two texts: the new and the old value while it is rotated.
A text that begins with `[` or `{` is taken for JSON, so that a document where one text is expected is refused by name
rather than compared with signatures that it can never match.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry_verifier import strict_json
from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

KEPT_SECONDS = 300
REFRESH_SECONDS = 10
STALE_SECONDS = 3600
_VALUES_LIMIT = 2


@dataclass(frozen=True)
class _Kept:
    values: tuple[str, ...] = field(repr=False)
    read_at: float


def as_it_is(text: str) -> tuple[str, ...] | None:
    """The whole text as the one value, for a secret that is a JSON document; None where there is none."""
    return (text,) if text else None


def one_or_two(text: str) -> tuple[str, ...] | None:
    """The values in the secret's text; None where they cannot be used, with no error that would quote them."""
    values = _array(text) if text.startswith(("[", "{")) else [text]
    if not isinstance(values, list) or not 1 <= len(values) <= _VALUES_LIMIT:
        return None
    return tuple(values) if all(map(_is_usable, values)) else None


def _array(text: str) -> object:
    try:
        return strict_json.parse(text)
    except ValueError:
        return None


def _is_usable(value: object) -> bool:
    """Whether it is a text without line ends or white space around it: these come from files, and never match."""
    return isinstance(value, str) and bool(value) and value == value.strip() and value.isprintable()


class SecretStore:
    """The secrets of one process.

    Both methods raise Unavailable (SECRET_UNAVAILABLE) where Secrets Manager did not answer, or holds a value that
    cannot be used. No error and no representation of this object shows a value. `clock` gives seconds since any time,
    `read` the values that are in a secret's text: `one_or_two`, or `as_it_is`.
    """

    def __init__(
        self,
        client: SecretsManagerClient,
        *,
        clock: Callable[[], float] = time.time,
        read: Callable[[str], tuple[str, ...] | None] = one_or_two,
    ) -> None:
        self._client = client
        self._clock = clock
        self._values_in = read
        self._kept: dict[str, _Kept] = {}
        self._asked_at: dict[str, float] = {}

    def values(self, arn: str) -> tuple[str, ...]:
        """The one or two values of the secret, read at most `KEPT_SECONDS` ago.

        While Secrets Manager does not answer, values of up to `STALE_SECONDS` are used: GitHub does not send a
        delivery again by itself, and an outage of an hour would lose every publish.
        """
        kept = self._kept.get(arn)
        if kept and (self._is_within(KEPT_SECONDS, kept.read_at) or self._asked_lately(arn, kept)):
            return kept.values
        try:
            return self._read(arn)
        except Unavailable:
            if kept and self._is_within(STALE_SECONDS, kept.read_at):
                return kept.values
            raise

    def refresh(self, arn: str) -> tuple[str, ...]:
        """The values read anew, so that a rotation works at once; no more often than every `REFRESH_SECONDS`."""
        asked_at = self._asked_at.get(arn)
        if asked_at is not None and self._is_within(REFRESH_SECONDS, asked_at):
            return self.values(arn)
        return self._read(arn)

    def _asked_lately(self, arn: str, kept: _Kept) -> bool:
        """Whether a reading failed a moment ago: each that waits for the next failure would keep GitHub waiting."""
        asked_at = self._asked_at[arn]
        return self._is_within(STALE_SECONDS, kept.read_at) and self._is_within(REFRESH_SECONDS, asked_at)

    def _is_within(self, seconds: float, moment: float) -> bool:
        return 0 <= self._clock() - moment < seconds  # a clock that was set back is no reason to keep a secret longer

    def _read(self, arn: str) -> tuple[str, ...]:
        self._asked_at[arn] = now = self._clock()
        try:
            answer = self._client.get_secret_value(SecretId=arn)
        except Exception as error:  # botocore has errors outside its two base classes
            text = f"secret {arn} could not be read: {type(error).__name__}: {error}"
            raise Unavailable(Reason.SECRET_UNAVAILABLE, text[:500]) from error
        values = self._values_in(answer.get("SecretString") or "")
        if values is None:
            raise Unavailable(Reason.SECRET_UNAVAILABLE, f"secret {arn} is neither plain text nor one or two texts")
        self._kept[arn] = _Kept(values, now)
        return values
