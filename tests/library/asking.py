"""A world for questions, in memory: what is stored, who is told, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from registry_verifier.errors import Unavailable
from registry_verifier.incident import Incident
from registry_verifier.listing import Listing, Placed, Run, Sight, Window
from registry_verifier.models import Digest, ImageName, State
from registry_verifier.query import router
from registry_verifier.query.operation import Operation
from registry_verifier.query.router import Sent
from registry_verifier.query.world import Signer, World
from registry_verifier.question.request import Access, Request
from registry_verifier.reasons import Reason, Status
from registry_verifier.seal import Seal
from registry_verifier.watched import TagPointer
from tests.fakes import FakeLooks
from tests.library.verdicts import NOW

OUTAGE = Unavailable(Reason.STORE_UNAVAILABLE, "table did not answer: ReadTimeoutError")


@dataclass
class Stored:
    """As query.world.Verdicts, on values that a test puts here; `read` says what was asked for."""

    states: list[State] = field(default_factory=list)
    sights: dict[Digest, Sight] = field(default_factory=dict)
    pointers: list[TagPointer] = field(default_factory=list)
    down: Unavailable | None = None
    read: list[str] = field(default_factory=list)

    def state(self, image: ImageName, digest: Digest) -> State | None:
        self._ask(f"state {image}@{digest}")
        return next((one for one in self.states if (one.image, one.digest) == (image, digest)), None)

    def sight(self, image: ImageName, digest: Digest) -> Sight:
        self._ask(f"sight {image}@{digest}")
        return self.sights.get(digest, Sight())

    def records_of_image(self, image: ImageName, *, limit: int, window: Window) -> Listing[State]:
        self._ask(f"records {image} {limit}")
        mine = [one for one in self.states if one.image == image]
        mine.sort(key=lambda one: (one.first_seen, one.digest), reverse=True)
        start = int(window.after or 0)
        shown = mine[start : start + limit]
        more = str(start + limit) if len(mine) > start + limit else None
        return Listing(tuple(Placed(str(start + n + 1), one) for n, one in enumerate(shown)), more)

    def pointer(self, image: ImageName, tag: str) -> TagPointer | None:
        self._ask(f"pointer {image}:{tag}")
        return next((one for one in self.pointers if (one.image, one.tag) == (image, tag)), None)

    def _ask(self, what: str) -> None:
        self.read.append(what)
        if self.down:
            raise self.down

    def history(self, image: ImageName, digest: Digest, *, limit: int, after: str | None) -> Listing[Run]:
        raise NotImplementedError

    def run(self, image: ImageName, digest: Digest, position: str) -> Run | None:
        raise NotImplementedError

    def run_at(self, image: ImageName, digest: Digest, moment: datetime) -> Run | None:
        raise NotImplementedError

    def images_with_records(self, *, limit: int, after: str | None) -> Listing[ImageName]:
        raise NotImplementedError

    def records(self, *, limit: int, window: Window) -> Listing[State]:
        raise NotImplementedError

    def records_of_status(self, status: Status, *, limit: int, window: Window) -> Listing[State]:
        raise NotImplementedError

    def tags(self, image: ImageName, *, limit: int, after: str | None) -> Listing[TagPointer]:
        raise NotImplementedError

    def incidents(self, *, limit: int, window: Window) -> Listing[Incident]:
        raise NotImplementedError

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        raise NotImplementedError


class Client:
    """Asks some operations as a caller would."""

    def __init__(
        self,
        operations: tuple[Operation, ...],
        states: Iterable[State] = (),
        *,
        public: Iterable[ImageName] = (),
        signer: Signer | None = None,
        api_url: str = "",
    ) -> None:
        self._operations = operations
        self.stored = Stored(list(states))
        self.looks = FakeLooks()
        self.time = NOW
        self.world = World(
            verdicts=self.stored,
            looks=self.looks,
            seal=lambda: Seal((b"k" * 32,)),
            policies=tuple,
            now=lambda: self.time,
            signer=(lambda: signer) if signer else None,
            public_images=frozenset(public),
            fresh=timedelta(hours=30),
            api_url=api_url,
        )

    def get(self, path: str, access: Access = Access.TRUSTED) -> Sent:
        path, _, query = path.partition("?")
        return router.answer(Request("GET", path, query, access=access), self.world, self._operations)

    def post(self, path: str, body: object) -> Sent:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request("POST", path, headers={"content-type": "application/json"}, body=raw)
        return router.answer(request, self.world, self._operations)


def body(sent: Sent) -> Any:
    """What an answer says."""
    return json.loads(sent.body)


def refusal(sent: Sent) -> tuple[int, str]:
    """The status code and the code of a problem."""
    assert sent.headers["Content-Type"] == "application/problem+json"
    return sent.status_code, body(sent)["code"]
