"""The story of receive: one delivery from GitHub, at most one message on the queue, one answer.

1. read the secrets, then check size and signature: constant time, before anything reads the body
2. a signature that does not match may be made with a secret newer than ours: read the secrets once more
3. read the delivery: a publish, or nothing of interest
4. put one look on the queue, and only then say that the delivery is accepted: GitHub does not send it again by itself
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from registry_verifier import publish_event, webhook
from registry_verifier.errors import DeliveryRejected, Unavailable
from registry_verifier.models import Look, PublishEvent
from registry_verifier.ports import Looks
from registry_verifier.publish_event import Ignored
from registry_verifier.verdict_document import VERSION


@dataclass(frozen=True)
class Delivery:
    """A request as it came: the body's bytes as they were signed, and headers in any case."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        """GitHub's id of it; empty where there is none that can be used."""
        try:
            return publish_event.parse_delivery(webhook.header(self.headers, "X-GitHub-Delivery") or "")
        except ValueError:
            return ""


@dataclass(frozen=True)
class Answer:
    """What the sender is told. `outcome` and `note` are for our own log."""

    status_code: int
    body: Mapping[str, Any]
    outcome: str
    """`accepted`, `ignored`, `rejected`, `unavailable` or `failed`"""
    note: str = ""

    @property
    def content_type(self) -> str:
        """A problem (RFC 9457) has a media type of its own."""
        return "application/problem+json" if self.status_code >= HTTPStatus.BAD_REQUEST else "application/json"


class WebhookSecrets(Protocol):
    """The values of secrets. Both methods raise `Unavailable`."""

    def values(self, arn: str) -> Sequence[str]:
        """The values that are valid now, at most some minutes old."""
        ...

    def refresh(self, arn: str) -> Sequence[str]:
        """The values read anew, where the last reading is not too near."""
        ...


@dataclass(frozen=True)
class Receiver:
    """Everything that a delivery needs, wired once per process."""

    secrets: WebhookSecrets
    secret_arn: str
    looks: Looks

    def receive(self, delivery: Delivery, *, now: datetime) -> Answer:
        """Answer one delivery that came at `now`; raises none of the library's errors."""
        try:
            self._authenticate(delivery)
            return self._take(webhook.read(delivery.body, headers=delivery.headers, received_at=now))
        except DeliveryRejected as error:
            return rejected(error)
        except Unavailable as error:  # its text names our resources, which are none of the sender's business
            text = "the delivery could not be taken: have it redelivered"
            return _problem(503, text, outcome="unavailable", note=f"{error.reason}: {error}")

    def _authenticate(self, delivery: Delivery) -> None:
        signature = webhook.header(delivery.headers, webhook.SIGNATURE_HEADER)
        values = self.secrets.values(self.secret_arn)
        try:
            webhook.authenticate(delivery.body, signature=signature, secrets=_encoded(values))
        except webhook.SignatureMismatch:
            newer = self.secrets.refresh(self.secret_arn)
            webhook.authenticate(delivery.body, signature=signature, secrets=_encoded(newer))

    def _take(self, event: PublishEvent | Ignored) -> Answer:
        if isinstance(event, Ignored):
            return _ignored(event)
        self.looks.send(_look(event))
        return Answer(202, {"accepted": _accepted(event)}, outcome="accepted")


def rejected(error: DeliveryRejected) -> Answer:
    """The answer to a delivery that is refused at the door."""
    return _problem(error.status_code, str(error), outcome="rejected", note=str(error))


def failed(note: str) -> Answer:
    """The answer after a bug, which says nothing about it."""
    return _problem(500, "the delivery could not be taken", outcome="failed", note=note)


def _problem(status_code: int, detail: str, *, outcome: str, note: str) -> Answer:
    title = HTTPStatus(status_code).phrase
    body = {"type": "about:blank", "title": title, "status": status_code, "detail": detail}
    return Answer(status_code, body, outcome, note)


def _ignored(event: Ignored) -> Answer:
    if event.reason == "ping":
        return Answer(200, {"pong": VERSION}, outcome="ignored", note="ping")
    return Answer(202, {"ignored": event.reason}, outcome="ignored", note=event.reason)


def _accepted(event: PublishEvent) -> dict[str, Any]:
    return {"image": str(event.image), "digest": event.digest, "tag": event.tag, "delivery": event.delivery}


def _look(event: PublishEvent) -> Look:
    return Look(
        image=event.image,
        digest=event.digest,
        cause="publish",
        tag=event.tag,
        delivery=event.delivery,
        actor=event.actor,
        first_seen=event.received_at,
    )


def _encoded(values: Sequence[str]) -> list[bytes]:
    return [value.encode() for value in values]
