"""Every error of the library, named by what the caller must do.

RegistryVerifierError
 ├── DeliveryRejected   refuse at the door: the answer's HTTP status is in it
 ├── PolicyError        a policy file does not load: mend the file, never go on without it
 ├── TrustRootError     the trusted root file does not load: mend the deployment
 ├── SettingsError      a setting is missing or wrong: mend the deployment
 ├── EvidenceRejected   wrong evidence: record it for this candidate, look at the next one, never retry
 ├── Unavailable        could not look: nothing is known about the image, let the queue retry
 │    └── ChannelRefused    a Slack channel takes no messages from us: post to another one
 ├── Superseded         a newer verdict was stored meanwhile: read it again
 └── BadRequest         the question to the API or the command line cannot be answered as put

Missing evidence is no error: it is an empty answer.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from registry_verifier.reasons import Reason


class RegistryVerifierError(Exception):
    """The base of every error that this library raises on purpose."""


class DeliveryRejected(RegistryVerifierError):
    """A webhook delivery that is not authentic or cannot be one.

    `status_code` is 401 (not authentic), 413 (too large) or 400 (not readable).
    """

    def __init__(self, status_code: int, text: str) -> None:
        super().__init__(text)
        self.status_code = status_code


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a policy file: where (`line` and `column` count from 1, `path` is dotted) and what."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        return where + (f"{self.path}: " if self.path else "") + self.text


class PolicyError(RegistryVerifierError):
    """One or more policy files do not load; `problems` says where and why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TrustRootError(RegistryVerifierError):
    """The trusted root file cannot be read as a Sigstore trusted root."""


class SettingsError(RegistryVerifierError):
    """A setting is missing or has a value that cannot be used."""


class EvidenceRejected(RegistryVerifierError):
    """One candidate does not hold. `reason` is stable; the text is one lower-case fact for people."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Unavailable(RegistryVerifierError):
    """The other side did not answer usefully.

    `reason` is one of the `UNKNOWN` reasons; `retry_after` is in seconds where the other side named a time.
    """

    def __init__(self, reason: Reason, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.reason = reason
        self.retry_after = retry_after


class ChannelRefused(Unavailable):
    """A Slack channel, or a thread in it, takes no messages from us, and will not until somebody mends that."""


class Superseded(RegistryVerifierError):
    """The verdict to be replaced is no longer the stored one."""


class BadRequest(RegistryVerifierError):
    """A parameter of a query is not usable: the text names it, expected and got."""


def described(error: BaseException) -> str:
    """An error for the log: of a foreign one, whose text may quote what it was given, only its kind and place."""
    if isinstance(error, RegistryVerifierError):
        return str(error)
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
