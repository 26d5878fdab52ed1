"""One push, one story: the webhooks of a multi-arch push with its signatures, in whatever order they come.

Two children, the tagged index, `.sig`, `.att`, a bundle by digest and the fallback tag that lists it: seven deliveries,
5040 orders. They go through receive, verify and notify as they are, in virtual time; only the cryptography is left out.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.github import deliveries as github
from local.github.payload import OCI_INDEX, Push, published
from local.slack.memory import MemoryIncidents, MemoryMessenger
from registry_verifier import manifest as manifests
from registry_verifier.candidate import Candidate, Trust
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.evidence.findings import Finder
from registry_verifier.evidence.gatherer import Gatherer
from registry_verifier.incident import Channels
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, Identity, ImageName, Look, State, Statement, digest_of
from registry_verifier.notify import Notifier
from registry_verifier.policy.model import AttestationRule, Authority, IdentityRule, Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.receive import Delivery, Receiver
from registry_verifier.verify import Verification
from registry_verifier.verify_message import Message, MessageTaker
from tests.fakes import EMPTY, FakeClock, FakeVerdicts, described
from tests.finding import FakeKeys
from tests.material import CYCLONEDX, ISSUER, SLSA, SUBJECT

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads" / "synthetic"
START = datetime(2026, 11, 25, 12, tzinfo=UTC)
GRACE = timedelta(minutes=30)
OTHER_SUBJECT = SUBJECT.replace("main", "dev")
ALL = tuple(itertools.permutations(range(7)))
SOME = ALL[::97]
RULES = (AttestationRule("sbom", CYCLONEDX), AttestationRule("provenance", SLSA))
POLICY = Policy(
    "release",
    ("ghcr.io/example-org/**",),
    (Authority("publisher", (IdentityRule(issuer=ISSUER, subject=SUBJECT),), RULES),),
    grace=GRACE,
)


@dataclass(frozen=True)
class Story:
    """What was pushed, in the order in which it was, and what GitHub says of each."""

    amd64: Digest
    arm64: Digest
    index: Digest
    signatures: Digest
    attestations: Digest
    referrer: Digest
    fallback: Digest
    bodies: tuple[bytes, ...] = field(repr=False, default=())
    image: ImageName = ImageName("ghcr.io", "example-org/app")

    @property
    def digests(self) -> tuple[Digest, ...]:
        return tuple(getattr(self, name) for name in list(self.__dataclass_fields__)[:7])

    @property
    def tags(self) -> dict[str, Digest]:
        about = manifests.fallback_tag(self.index)
        suffixed = {".sig": self.signatures, ".att": self.attestations, "": self.fallback}
        return {"v1.2.3": self.index} | {about + suffix: digest for suffix, digest in suffixed.items()}

    @functools.cache  # noqa: B019 - a handful of stories
    def manifests(self) -> dict[Digest, Manifest]:
        """Each manifest under the name that the webhooks have for it, which is a digest of nothing."""
        config = described(b"{}", "application/vnd.oci.image.config.v1+json")
        layer = described(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")
        runs = {"config": config, "layers": [layer]}
        children = [
            {**described(b"", manifests.OCI_MANIFEST), "digest": digest, "platform": {"os": "linux", "architecture": m}}
            for digest, m in ((self.amd64, "amd64"), (self.arm64, "arm64"))
        ]
        subject = {**described(b"", manifests.OCI_INDEX), "digest": self.index}
        listed = [{**described(b"", manifests.OCI_MANIFEST), "digest": self.referrer}]
        bundle = [described(b"provenance", "application/vnd.dev.sigstore.bundle.v0.3+json")]
        documents: tuple[dict[str, Any], ...] = (
            runs,
            runs,
            {"manifests": children},
            {"config": config, "layers": [described(b"signature", manifests.SIMPLE_SIGNING)]},
            {"config": config, "layers": [described(b"sbom", manifests.DSSE_ENVELOPE)]},
            {"config": EMPTY, "layers": bundle, "subject": subject, "artifactType": bundle[0]["mediaType"]},
            {"manifests": listed},
        )
        return {digest: _manifest(digest, one) for digest, one in zip(self.digests, documents, strict=True)}


def _manifest(digest: Digest, document: dict[str, Any]) -> Manifest:
    kind = manifests.OCI_INDEX if "manifests" in document else manifests.OCI_MANIFEST
    raw = json.dumps({"schemaVersion": 2, "mediaType": kind, **document}).encode()
    return replace(manifests.read(raw, media_type=None), digest=digest)


def _story(digests: Sequence[Digest], bodies: tuple[bytes, ...]) -> Story:
    amd64, arm64, index, signatures, attestations, referrer, fallback = digests
    return Story(amd64, arm64, index, signatures, attestations, referrer, fallback, bodies)


def own_story() -> Story:
    """The story as the project makes it."""
    names = ("amd64", "arm64", "index", "sig", "att", "referrer", "fallback")
    digests = [digest_of(name.encode()) for name in names]
    about = manifests.fallback_tag(digests[2])
    tags = ("", "", "v1.2.3", f"{about}.sig", f"{about}.att", "", about)
    kinds = [OCI_INDEX if name in ("index", "fallback") else manifests.OCI_MANIFEST for name in names]
    pushes = [
        Push("example-org/app", digest, tag, kind, owner_login="Example-Org")
        for digest, tag, kind in zip(digests, tags, kinds, strict=True)
    ]
    return _story(digests, tuple(json.dumps(published(push)).encode() for push in pushes))


def shared_story() -> Story:
    """The story in the payloads that lie beside this repository."""
    if not PAYLOADS.is_dir():
        pytest.skip("no ../shared/payloads beside this repository")
    bodies = tuple(sorted(PAYLOADS.glob(f"0{number}-*.json"))[0].read_bytes() for number in range(1, 8))
    digests = [Digest(json.loads(body)["package"]["package_version"]["version"]) for body in bodies]
    return _story(digests, bodies)


STORIES = {"own": own_story, "shared": shared_story}


class LabelRegistry:
    """A registry that has manifests under the names that it is told, and no referrers API, as GHCR."""

    def __init__(self, contents: dict[Digest, Manifest], tags: dict[str, Digest]) -> None:
        self.contents, self.tags = contents, tags

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        """As ports.Registry."""
        return self.contents.get(self.tags.get(reference, Digest(reference)))

    async def referrers(self, image: ImageName, digest: Digest) -> tuple[Digest, ...]:
        """As ports.Registry."""
        return ()

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        """As ports.Registry."""
        kept = (b"signature", b"sbom", b"provenance")
        return next((blob for blob in kept if digest_of(blob) == digest), None)


@dataclass(frozen=True)
class WordProver:
    """Takes a candidate at its word: what it holds is what it is. Fits `proofs.Prover`."""

    subject: str = SUBJECT

    def prove(self, candidate: Candidate, digest: Digest, trust: Trust) -> Statement:
        """As proofs.Prover."""
        types = {b"sbom": CYCLONEDX, b"provenance": SLSA}
        who = Identity(self.subject, ISSUER)
        return Statement(
            candidate.place,
            candidate.format,
            candidate.content == b"signature",
            types.get(candidate.content),
            who,
        )

    def refused(self, candidate: Candidate, error: EvidenceRejected) -> Statement:
        """As proofs.Prover."""
        return Statement(candidate.place, candidate.format, False, reason=error.reason, detail=str(error))


class HeardVerdicts(FakeVerdicts):
    """A table whose every change is told, as the real one's stream does."""

    def __init__(self, notifier: Notifier) -> None:
        super().__init__()
        self.notifier = notifier

    def record(self, old: State | None, new: State) -> None:
        """As ports.Verdicts."""
        super().record(old, new)
        self.notifier.tell([(old, new)])


class Timetable:
    """A queue in virtual time: each message is delivered when it is due, in order."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._due: list[tuple[datetime, int, Look, int]] = []
        self._order = itertools.count()
        self._taken: tuple[Look, int] | None = None

    def send(self, look: Look, *, delay_seconds: int = 0) -> None:
        """As ports.Looks."""
        self._put(look, delay_seconds, 1)

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """As verify_message.Returns."""
        assert self._taken is not None
        look, count = self._taken
        self._put(look, seconds, count + 1)

    def until(self, moment: datetime) -> Iterator[Message]:
        """What is due until then; the clock goes with it."""
        while self._due and self._due[0][0] <= moment:
            due, _, look, count = heapq.heappop(self._due)
            self.clock.moment = max(due, self.clock.moment)
            self._taken = look, count
            yield Message(look, "receipt", count)
        self.clock.moment = max(moment, self.clock.moment)

    def waiting(self) -> list[tuple[datetime, Look, int]]:
        """What is not due yet, in order."""
        return [(due, look, count) for due, _, look, count in sorted(self._due)]

    def _put(self, look: Look, delay_seconds: int, count: int) -> None:
        due = self.clock() + timedelta(seconds=delay_seconds)
        heapq.heappush(self._due, (due, next(self._order), look, count))


class Secrets:
    """The webhook's secret. Fits `receive.WebhookSecrets`."""

    def values(self, arn: str) -> Sequence[str]:
        """As receive.WebhookSecrets."""
        return (github.TEST_SECRET,)

    def refresh(self, arn: str) -> Sequence[str]:
        """As receive.WebhookSecrets."""
        return self.values(arn)


class World:
    """One verifier from the webhook to Slack."""

    def __init__(self, story: Story, *, subject: str = SUBJECT, policy: Policy = POLICY, pushed: bool = True) -> None:
        self.story, self.clock, self.slack = story, FakeClock(START), MemoryMessenger(True)
        self.notifier = Notifier(
            MemoryIncidents(), self.slack, Channels("releases", "ops", True), "", None, 10, self.clock
        )
        self.registry = LabelRegistry(dict(story.manifests()) if pushed else {}, dict(story.tags) if pushed else {})
        self.verdicts, self.queue = HeardVerdicts(self.notifier), Timetable(self.clock)
        finder = Finder(Gatherer(self.registry), WordProver(subject), FakeKeys())
        verification = Verification(finder, (policy,), "", self.verdicts, self.queue, self.clock)
        self.taker = MessageTaker(verification, self.queue)
        self.receiver = Receiver(Secrets(), "arn", self.queue)

    def deliver(self, delivery: Delivery) -> None:
        """One webhook comes."""
        assert self.receiver.receive(delivery, now=self.clock()).status_code == 202

    def push(self, digest: Digest) -> None:
        """One manifest comes into the registry, with its tag."""
        self.registry.contents[digest] = self.story.manifests()[digest]
        self.registry.tags |= {tag: pushed for tag, pushed in self.story.tags.items() if pushed == digest}

    async def work(self, seconds: float) -> None:
        """Take what is due for so long."""
        for message in self.queue.until(self.clock() + timedelta(seconds=seconds)):
            try:
                await self.taker.take(message)
            except Unavailable:
                continue

    def saved(self) -> list[dict[str, Any]]:
        """Everything that the world remembers, to come back to."""
        return [{name: _copied(value) for name, value in vars(one).items()} for one in self._memories]

    def restore(self, saved: list[dict[str, Any]]) -> None:
        """Forget what happened since."""
        for one, kept in zip(self._memories, saved, strict=True):
            vars(one).update({name: _copied(value) for name, value in kept.items()})

    def remembered(self) -> str:
        """The same as a text: where two are equal, the same will follow."""
        kept = [sorted(vars(one).items()) for one in self._memories if one is not self.queue]
        return repr((kept, self.queue.waiting()))

    @property
    def _memories(self) -> list[Any]:
        return [self.clock, self.verdicts, self.queue, self.notifier.incidents, self.slack]

    @property
    def opened(self) -> list[str]:
        """The incidents that people heard of, as the headlines say now."""
        return [str(message["blocks"][0]["text"]["text"]) for message in self.slack.roots]

    def verdict(self, digest: Digest) -> tuple[Status, str, tuple[str, ...]] | None:
        state = self.verdicts.state(self.story.image, digest)
        return (state.status, state.document["kind"], state.tags) if state else None

    def runs(self, digest: Digest) -> list[Status]:
        """Every verdict that was ever decided about a digest: those that were replaced, and the one that stands."""
        replaced = [state.status for (about, _), state in self.verdicts.runs.items() if about == digest]
        state = self.verdicts.state(self.story.image, digest)
        return [*replaced, *([state.status] if state and state.status != Status.PENDING else [])]


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [dict(one) if isinstance(one, dict) else one for one in value]
    return dict(value) if isinstance(value, dict) else value


class Loop(asyncio.SelectorEventLoop):
    """Does at once what is given to a thread: thousands of stories have no time for threads."""

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        """As asyncio's own."""
        done = self.create_future()
        try:
            done.set_result(func(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


def signed(story: Story) -> list[Delivery]:
    """The seven deliveries as GitHub sends them."""
    requests = [github.request("package", json.loads(body), delivery=f"d{n}") for n, body in enumerate(story.bodies)]
    return [Delivery(request.body, request.headers) for request in requests]


async def tell(world: World, deliveries: Sequence[Delivery], order: Iterable[int], *, gap: float, end: float) -> None:
    """Deliver in this order, `gap` seconds between, and let the queue run until it is empty or `end` seconds passed."""
    for number in order:
        world.deliver(deliveries[number])
        await world.work(gap)
    await world.work(end)


def every(orders: Iterable[tuple[int, ...]], told: Callable[[tuple[int, ...]], Awaitable[None]]) -> None:
    """Tell each order in one event loop."""

    async def whole() -> None:
        for order in orders:
            await told(order)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(whole())


def require_one_verdict(world: World, order: tuple[int, ...], status: Status) -> None:
    """The index has its verdict, its children are covered, and evidence has no record."""
    story = world.story
    assert world.verdict(story.index) == (status, "index", ("v1.2.3",)), order
    assert world.runs(story.index) == [status], order
    for child in (story.amd64, story.arm64):
        assert world.verdict(child) == (status, "child", ()), order
        assert world.runs(child) == [status], order
    recorded = {digest for _, digest in world.verdicts.states}
    assert recorded == {story.index, story.amd64, story.arm64}, order


@pytest.mark.parametrize(("name", "gap"), [("own", 0), ("shared", 0), ("own", 1)])
def test_signed_push_in_every_order_is_one_verdict_and_no_incident(name: str, gap: int) -> None:
    """All 5040 orders: how two of them begin alike, or leave everything alike, is told once."""
    story = STORIES[name]()
    world, deliveries = World(story), signed(story)
    known: dict[tuple[frozenset[int], str], int] = {}

    async def tell_the_rest(told: tuple[int, ...]) -> int:
        """How many orders begin so, each of which was told to its end."""
        key = frozenset(told), world.remembered()
        if key not in known:
            known[key] = await tell_each(told)
        return known[key]

    async def tell_each(told: tuple[int, ...]) -> int:
        count, saved = 0, world.saved()
        for number in set(range(7)) - set(told):
            await tell(world, deliveries, [number], gap=gap, end=0)
            count += await tell_the_rest((*told, number))
            world.restore(saved)
        if len(told) == 7:
            await world.work(3600)
            require_one_verdict(world, told, Status.VERIFIED)
            assert world.opened == [], told
            world.restore(saved)
        return count or 1

    async def tell_all(_: tuple[int, ...]) -> None:
        assert await tell_the_rest(()) == len(ALL)

    every([()], tell_all)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("gap", [0, 1, 20, 90])
def test_signed_push_in_some_orders_at_another_pace(name: str, gap: int) -> None:
    story = STORIES[name]()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story)
        await tell(world, deliveries, order, gap=gap, end=3600)
        require_one_verdict(world, order, Status.VERIFIED)
        assert world.opened == [], order

    every(SOME, told)


@pytest.mark.parametrize("gap", [1, 20, 90])
def test_push_that_goes_on_while_its_webhooks_come_is_one_verdict(gap: int) -> None:
    story = own_story()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story, pushed=False)
        for number in order:
            world.push(story.digests[number])
            world.deliver(deliveries[number])
            await world.work(gap)
        await world.work(3600)
        require_one_verdict(world, order, Status.VERIFIED)
        assert world.opened == [], order

    every(SOME, told)


@pytest.mark.parametrize("gap", [0, 1, 90])
def test_push_signed_by_another_is_one_failure_and_one_incident(gap: int) -> None:
    story = own_story()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story, subject=OTHER_SUBJECT)
        await tell(world, deliveries, order, gap=gap, end=7200)
        require_one_verdict(world, order, Status.FAILED)
        assert len(world.opened) == 1, order

    every(SOME, told)


@pytest.mark.parametrize("gap", [0, 1, 90, 400])
def test_push_that_nobody_signs_is_one_failure_and_one_incident(gap: int) -> None:
    story = own_story()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story, pushed=False)
        for digest in story.digests[:3]:
            world.push(digest)
        await tell(world, deliveries, order, gap=gap, end=7200)
        require_one_verdict(world, order, Status.FAILED)
        assert len(world.opened) == 1, order

    every(tuple(itertools.permutations(range(3))), told)


def test_push_that_is_signed_too_late_is_one_incident_that_ends() -> None:
    story = own_story()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story, pushed=False)
        for digest in story.digests[:3]:
            world.push(digest)
        await tell(world, deliveries, order[:3], gap=1, end=4000)
        assert len(world.opened) == 1, order
        for number in order[3:]:
            world.push(story.digests[number])
            world.deliver(deliveries[number])
            await world.work(1)
        await world.work(7200)
        assert [status for status, _, _ in filter(None, map(world.verdict, story.digests))] == [Status.VERIFIED] * 3
        assert [headline.partition(":")[0] for headline in world.opened] == ["Resolved"], order

    orders = itertools.product(itertools.permutations(range(3)), itertools.permutations(range(3, 7)))
    every([(*pushes, *evidence) for pushes, evidence in orders][::7], told)


def test_same_webhooks_twice_are_one_verdict() -> None:
    story = own_story()
    deliveries = signed(story)

    async def told(order: tuple[int, ...]) -> None:
        world = World(story)
        await tell(world, deliveries, (*order, *reversed(order)), gap=1, end=3600)
        require_one_verdict(world, order, Status.VERIFIED)
        assert world.opened == [], order

    every(SOME, told)


@pytest.mark.parametrize("mode", ["leaves", "index-or-every-leaf"])
def test_children_that_count_by_themselves_hear_of_their_evidence(mode: str) -> None:
    """Evidence of the children comes after the grace period: the index is looked at again all the same."""
    story = own_story()
    deliveries = signed(story)
    world = World(story, policy=replace(POLICY, children=mode), pushed=False)
    for digest in story.digests[:3]:
        world.push(digest)

    async def told(_: tuple[int, ...]) -> None:
        await tell(world, deliveries, range(3), gap=1, end=4000)
        assert world.verdict(story.index) == (Status.FAILED, "index", ("v1.2.3",))
        for child in (story.amd64, story.arm64):
            about = replace(story, index=child, bodies=())
            for digest in (story.signatures, story.attestations, story.referrer, story.fallback):
                name = digest_of(f"{child} {digest}".encode())
                world.registry.contents[name] = replace(about.manifests()[digest], digest=name)
                tags = [tag for tag, pushed in about.tags.items() if pushed == digest]
                world.registry.tags |= dict.fromkeys(tags, name)
            fallback = world.registry.contents[world.registry.tags[manifests.fallback_tag(child)]]
            referrer = digest_of(f"{child} {story.referrer}".encode())
            entries = tuple(replace(entry, digest=referrer) for entry in fallback.children)
            world.registry.contents[fallback.digest] = replace(fallback, children=entries)
            push = Push("example-org/app", fallback.digest, manifests.fallback_tag(child), OCI_INDEX)
            request = github.request("package", published(push), delivery=f"of {child[7:20]}".replace(" ", "-"))
            world.deliver(Delivery(request.body, request.headers))
            await world.work(60)
        await world.work(600)
        assert world.verdict(story.index) == (Status.VERIFIED, "index", ("v1.2.3",))
        assert [headline.partition(":")[0] for headline in world.opened] == ["Resolved"]

    every(((),), told)


def test_reason_words_are_those_that_people_know() -> None:
    """A child that is covered says so."""
    story = own_story()
    world = World(story)

    async def told(order: tuple[int, ...]) -> None:
        await tell(world, signed(story), order, gap=1, end=60)

    every((ALL[0],), told)
    state = world.verdicts.state(story.image, story.amd64)
    assert state is not None
    assert state.document["reasons"] == [Reason.COVERED_BY_INDEX]
    assert state.document["covered_by"] == story.index
