"""The queue of digests to look at, in SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_verifier import look_message
from registry_verifier.errors import Unavailable
from registry_verifier.models import Look
from registry_verifier.reasons import Reason

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_DELAY_LIMIT = 900  # seconds; SQS API reference, SendMessage
_VISIBILITY_LIMIT = 43_200  # seconds; SQS API reference, ChangeMessageVisibility


class LookQueue:
    """The queue behind `ports.Looks`.

    Every method raises Unavailable (QUEUE_UNAVAILABLE) where SQS did not take the call. All that the client raises
    is taken for that: botocore has errors outside its two base classes, such as those of its parsers.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """Put one message on the queue, to be seen in `delay_seconds` (0 to 900; else ValueError)."""
        _check("delay_seconds", delay_seconds, _DELAY_LIMIT)
        text = look_message.write(look)
        try:
            answer = self._client.send_message(QueueUrl=self._url, MessageBody=text, DelaySeconds=delay_seconds)
        except Exception as error:
            raise _unavailable(error) from error
        if not answer.get("MessageId"):  # a proxy's page with status 200 is no promise to keep the message
            raise Unavailable(Reason.QUEUE_UNAVAILABLE, "queue answered without a message id")

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """Let a received message be seen again in `seconds` (0 to 43200; else ValueError)."""
        _check("seconds", seconds, _VISIBILITY_LIMIT)
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except Exception as error:
            raise _unavailable(error) from error


def _check(name: str, seconds: int, limit: int) -> None:
    if not 0 <= seconds <= limit:
        raise ValueError(f"{name} is {seconds} (expected 0 to {limit})")


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(Reason.QUEUE_UNAVAILABLE, f"queue did not answer: {type(error).__name__}: {error}"[:500])
