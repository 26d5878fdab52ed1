"""GitHub as far as a verifier sees it: webhooks that get lost, late, doubled and out of order, and the REST API.

Fits `ports.Hook` and `ports.Packages`. Facts: GitHub docs, "Handling failed webhook deliveries" (no delivery is
repeated by itself; the list goes back three days; an event's deliveries share `X-GitHub-Delivery`).
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from local.github import deliveries
from local.github.deliveries import Request
from local.github.payload import Push, published
from local.simulation.loop import VirtualLoop
from local.simulation.weather import MINUTE, Weather, during
from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, FailedDelivery, ImageName, PackageVersion
from registry_verifier.reasons import Reason

SECRET = deliveries.TEST_SECRET
KEPT = timedelta(days=3)
Receive = Callable[[Request], int]
"""posts a delivery; the status of the answer"""
_SUCCESS = range(200, 300)


@dataclass
class Event:
    """One push, and what became of its deliveries."""

    guid: str
    request: Request
    attempts: list[tuple[int, datetime, bool]] = field(default_factory=list)
    """number, time, and whether GitHub heard that it arrived"""


class SimulatedGitHub:
    """One hook on everything that is pushed, and the list of packages."""

    name = "orgs/example/hooks/1"

    def __init__(self, loop: VirtualLoop, weather: Weather, rng: Random, receive: Receive) -> None:
        self.counts: Counter[str] = Counter()
        self.events: dict[str, Event] = {}
        self._loop, self._weather, self._rng, self._receive = loop, weather, rng, receive
        self._versions: defaultdict[ImageName, dict[Digest, tuple[datetime, datetime]]] = defaultdict(dict)
        self._tags: defaultdict[ImageName, dict[str, Digest]] = defaultdict(dict)
        self._unheard: dict[str, Event] = {}
        """events none of whose deliveries arrived, as far as GitHub knows"""
        self._listed: dict[ImageName, list[PackageVersion]] = {}

    def pushed(
        self, image: ImageName, digest: Digest, tag: str | None, media_type: str, size: int, known: bool
    ) -> None:
        """Note a version, and send a delivery if nothing comes between."""
        now = self._loop.now()
        self._listed.pop(image, None)
        created, _ = self._versions[image].get(digest, (now, now))
        self._versions[image][digest] = created, now
        if tag:
            self._tags[image][tag] = digest
        push = Push(image.repository, digest, tag or "", media_type, size)
        self._publish(published(push, action="updated" if known else "published"))

    def forget(self, image: ImageName, digest: Digest) -> None:
        """A version was deleted."""
        self._listed.pop(image, None)
        self._versions[image].pop(digest, None)
        self._tags[image] = {tag: one for tag, one in self._tags[image].items() if one != digest}

    def failed(self, *, since: datetime) -> tuple[FailedDelivery, ...]:
        """As ports.Hook."""
        self._ask("list deliveries")
        since = max(since, self._loop.now() - KEPT)
        newest = [(event.guid, *event.attempts[-1]) for event in self._unheard.values()]
        found = [FailedDelivery(number, guid, at) for guid, number, at, _ in newest if at >= since]
        return tuple(sorted(found, key=lambda one: one.delivered_at))

    def redeliver(self, delivery: FailedDelivery) -> None:
        """As ports.Hook."""
        self._ask("redeliver")
        self.counts["redelivered"] += 1
        self._loop.call_later(self._rng.uniform(1, 20), self._deliver, self.events[delivery.event_id])

    def images(self, owner: str) -> Iterator[ImageName]:
        """As ports.Packages."""
        self._ask("list packages")
        name = owner.partition("/")[2]
        yield from sorted(one for one in self._versions if one.repository.split("/")[0] == name)

    def versions(self, image: ImageName) -> Iterator[PackageVersion]:
        """As ports.Packages."""
        self._ask("list versions")
        if image not in self._listed:
            self._listed[image] = list(self._list(image))
        yield from self._listed[image]

    def _list(self, image: ImageName) -> Iterator[PackageVersion]:
        tags = defaultdict[Digest, list[str]](list)
        for tag, digest in self._tags[image].items():
            tags[digest].append(tag)
        for digest, (created, updated) in reversed(self._versions[image].items()):
            yield PackageVersion(digest, created, updated, tuple(tags.get(digest, ())))

    def _ask(self, what: str) -> None:
        self.counts[what] += 1
        if during(self._weather.github_down, self._loop.time()) or self._rng.random() < self._weather.odds.api:
            raise Unavailable(Reason.GITHUB_UNAVAILABLE, "api answered 502")

    def _publish(self, payload: object) -> None:
        self.counts["events"] += 1
        guid = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        odds, moment = self._weather.odds, self._loop.time()
        if during(self._weather.github_silent, moment) or self._rng.random() < odds.unsent:
            self.counts["never sent"] += 1
            return
        assert isinstance(payload, dict)
        request = deliveries.request("package", payload, secret=SECRET, delivery=guid)
        event = self.events[guid] = Event(guid, request)
        self._loop.call_later(self._delay(), self._deliver, event)
        if self._rng.random() < odds.doubled:
            self.counts["doubled"] += 1
            self._loop.call_later(self._delay(), self._deliver, event)

    def _delay(self) -> float:
        if self._rng.random() < self._weather.odds.delayed:
            self.counts["delayed"] += 1
            return self._rng.uniform(2 * MINUTE, 180 * MINUTE)
        return self._rng.uniform(0.5, 15)

    def _deliver(self, event: Event) -> None:
        self.counts["deliveries"] += 1
        lost = self._rng.random() < self._weather.odds.lost
        # half of what GitHub takes for lost arrived: it was the answer that did not
        arrives = not lost or self._rng.random() < 0.5
        status = self._receive(event.request) if arrives else 0
        ok = status in _SUCCESS and not lost
        self.counts["lost"] += lost
        self.counts["refused"] += arrives and status not in _SUCCESS
        event.attempts.append((self.counts["deliveries"], self._loop.now(), ok))
        if any(heard for _, _, heard in event.attempts):
            self._unheard.pop(event.guid, None)
        else:
            self._unheard[event.guid] = event
