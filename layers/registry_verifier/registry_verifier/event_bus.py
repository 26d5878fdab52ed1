"""An EventBridge bus: what happened to a digest, for whoever wants to act on it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from registry_verifier.cloud_event import SOURCE, CloudEvent
from registry_verifier.errors import Unavailable
from registry_verifier.reasons import Reason

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_ENTRIES = 10
"""the most that PutEvents takes; EventBridge API reference"""
_REMEMBERED = 1000


class EventBus:
    """The bus behind `notify.Bus`.

    Raises Unavailable (EVENTS_UNAVAILABLE) where EventBridge did not take every event. What this process sent is not
    sent again, so that a record which comes again and again for another reason is not told each time.
    """

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name
        self._sent: OrderedDict[str, None] = OrderedDict()

    def send(self, events: Sequence[CloudEvent]) -> None:
        """Put events on the bus, in order."""
        new = (event for event in events if event.id not in self._sent)
        while batch := list(islice(new, _ENTRIES)):
            self._put(batch)
            self._sent.update((event.id, None) for event in batch)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    def _put(self, events: Sequence[CloudEvent]) -> None:
        try:
            answer: Any = self._client.put_events(Entries=[self._entry(event) for event in events])
        except Exception as error:  # botocore has errors outside its two base classes
            text = f"event bus did not answer: {type(error).__name__}: {error}"
            raise Unavailable(Reason.EVENTS_UNAVAILABLE, text[:500]) from error
        if answer.get("FailedEntryCount") != 0:  # a page by a proxy has none, and is no promise
            codes = {str(entry.get("ErrorCode"))[:80] for entry in answer.get("Entries", ()) if entry.get("ErrorCode")}
            text = f"event bus refused {answer.get('FailedEntryCount')} events: {', '.join(sorted(codes))}"
            raise Unavailable(Reason.EVENTS_UNAVAILABLE, text[:500])

    def _entry(self, event: CloudEvent) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.kind,
            "Time": event.time,
            "Detail": event.write(),
        }
