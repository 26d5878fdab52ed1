"""GitHub's REST API on loopback, asked by the library's own wall, and the story of missed publishes on top of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import cramjam
import httpx
import jwt
import pytest

from local.github.api import LocalGitHub
from local.github.callers import Callers
from local.github.deliveries import Request
from local.github.hook_log import Fate
from local.github.payload import OCI_INDEX, Push
from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from registry_verifier import webhook
from registry_verifier.errors import EvidenceRejected, Unavailable
from registry_verifier.github import hooks
from registry_verifier.github.attestations import AttestationList
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.exchange import http_client
from registry_verifier.github.packages import PackageList
from registry_verifier.github.token import AppToken, InstallationToken
from registry_verifier.missed import Reconciled, Reconciliation
from registry_verifier.models import ImageName, digest_of
from registry_verifier.ports import Hook, Packages
from registry_verifier.publish_event import Ignored
from registry_verifier.reasons import Reason
from tests.fakes import FakeClock, FakeLooks, FakeVerdicts

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
APP = ImageName("ghcr.io", "acme/app")
ORG_HOOK, REPO_HOOK = "orgs/acme/hooks/2", "repos/acme/app/hooks/1"


class Receiver:
    """What is at the other end of the webhooks."""

    def __init__(self) -> None:
        self.got: list[Request] = []
        self.status_code = 202

    def __call__(self, request: Request) -> int:
        self.got.append(request)
        return self.status_code

    @property
    def deliveries(self) -> list[str]:
        return [request.headers["X-GitHub-Delivery"] for request in self.got]


class World:
    """A GitHub, and everything that asks it."""

    def __init__(self, github: LocalGitHub, receiver: Receiver, clock: FakeClock, http: httpx.Client) -> None:
        self.github, self.receiver, self.clock, self.http = github, receiver, clock, http
        self.table, self.looks = FakeVerdicts(), FakeLooks()
        self.slept: list[float] = []

    def client(self, token: str) -> GitHubClient:
        return GitHubClient(self.http, lambda: token, api_url=self.github.url, now=self.clock, sleep=self.slept.append)

    def app(self, secret: str | None = None) -> GitHubClient:
        token = AppToken(lambda: secret or self.github.app_secret, now=self.clock)
        return GitHubClient(self.http, token, api_url=self.github.url, now=self.clock)

    def installation(self) -> GitHubClient:
        token = InstallationToken(self.app(), lambda: self.github.app_secret)
        return GitHubClient(self.http, token, api_url=self.github.url, now=self.clock)

    def hook(self, name: str = ORG_HOOK, token: str | None = None) -> hooks.GitHubHook:
        return hooks.named(name, self.client(token or self.github.token()), self.app())

    def packages(self, token: str | None = None) -> PackageList:
        return PackageList(self.client(token or self.github.token()))

    def attestations(self, token: str | None = None) -> AttestationList:
        return AttestationList(self.client(token or self.github.token()), self.http)

    def reconcile(self, hooks: Sequence[Hook] = (), packages: Packages | None = None) -> Reconciled:
        owners = ["orgs/acme"]
        return Reconciliation(hooks, packages, owners, self.table, self.looks, self.clock, lambda: 600.0).run()

    def raw(self, path: str, token: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.get(f"{self.github.url}{path}", headers=headers, **options)


@pytest.fixture
def world() -> Iterator[World]:
    receiver, clock = Receiver(), FakeClock(NOW)
    with (
        LocalGitHub(deliver=receiver, owners={"alice": "users"}, now=clock) as github,
        http_client() as http,
    ):
        github.hook(ORG_HOOK)
        yield World(github, receiver, clock, http)


def push(number: int = 1, tag: str = "v1", repository: str = "acme/app") -> Push:
    return Push(repository, digest_of(b"%d" % number), tag, OCI_INDEX)


def bundle(number: int = 1) -> bytes:
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "number": number}).encode()


# hooks


def test_push_is_delivered_to_every_hook_that_hears_of_it_with_one_id(world: World) -> None:
    for name in (REPO_HOOK, "app", "repos/acme/other/hooks/3", "orgs/other/hooks/4"):
        world.github.hook(name)
    event = world.github.pushed(push())
    assert world.receiver.deliveries == [event] * 3
    assert [r.headers["X-GitHub-Event"] for r in world.receiver.got] == ["package", "package", "registry_package"]
    assert not isinstance(
        webhook.read(world.receiver.got[0].body, headers=world.receiver.got[0].headers, received_at=NOW), Ignored
    )


@pytest.mark.parametrize("name", [ORG_HOOK, REPO_HOOK, "app"])
def test_lost_delivery_is_listed_and_brought_again(world: World, name: str) -> None:
    world.github.hook(name)
    event = world.github.pushed(push(), Fate.LOST)
    (failed,) = world.hook(name).failed(since=NOW - HOUR)
    assert (failed.event_id, failed.delivered_at, world.receiver.got) == (event, NOW, [])
    world.hook(name).redeliver(failed)
    assert world.receiver.deliveries == [event]
    assert world.hook(name).failed(since=NOW - HOUR) == ()


def test_redelivery_that_fails_is_listed_again_later(world: World) -> None:
    world.github.pushed(push(), Fate.LOST)
    world.receiver.status_code = 503
    world.hook().redeliver(world.hook().failed(since=NOW - HOUR)[0])
    assert world.hook().failed(since=NOW - HOUR) == ()
    world.clock.advance(minutes=30)
    assert len(world.hook().failed(since=NOW - HOUR)) == 1


def test_deliveries_over_many_pages_are_all_found(world: World) -> None:
    for number in range(250):
        at = NOW - timedelta(seconds=number)
        world.github.pushed(push(number), Fate.LOST if number % 50 == 0 else Fate.DELIVERED, at=at)
    failed = world.hook().failed(since=NOW - HOUR)
    assert [one.delivered_at for one in failed] == [NOW - timedelta(seconds=n) for n in (200, 150, 100, 50, 0)]
    assert [request.partition("?")[2].count("cursor") for request in world.github.requests] == [0, 1, 1]


def test_deliveries_older_than_three_days_are_gone(world: World) -> None:
    world.github.pushed(push(), Fate.LOST)
    world.clock.advance(days=3, seconds=1)
    assert world.hook().failed(since=NOW - timedelta(days=30)) == ()


def test_list_of_deliveries_can_be_narrowed_to_failures(world: World) -> None:
    world.github.pushed(push(1))
    event = world.github.pushed(push(2), Fate.LOST)
    rows = world.raw(f"/{ORG_HOOK}/deliveries?status=failure", world.github.token()).json()
    assert [(row["guid"], row["status"], row["status_code"]) for row in rows] == [
        (event, "failed to connect to host", 0)
    ]


def test_hook_of_nobody_and_token_without_its_scope_look_alike(world: World) -> None:
    token = world.github.token("packages")
    for hook in (world.hook(token=token), world.hook("orgs/acme/hooks/99")):
        with pytest.raises(Unavailable, match="answered 404") as refused:
            hook.failed(since=NOW)
        assert refused.value.reason == Reason.GITHUB_FORBIDDEN


# packages


def test_packages_and_versions_are_listed_newest_first(world: World) -> None:
    world.github.pushed(push(1, "v1"), at=NOW - HOUR)
    world.github.pushed(push(2, ""), at=NOW)
    world.github.pushed(push(3, "v1", "acme/group/tool"))
    assert list(world.packages().images("orgs/acme")) == [APP, ImageName("ghcr.io", "acme/group/tool")]
    found = list(world.packages().versions(APP))
    assert [(v.digest, v.tags, v.created_at) for v in found] == [
        (push(2).digest, (), NOW),
        (push(1).digest, ("v1",), NOW - HOUR),
    ]
    assert len(list(world.packages().versions(ImageName("ghcr.io", "acme/group/tool")))) == 1


def test_tag_that_moves_leaves_the_former_version_and_touches_both(world: World) -> None:
    world.github.pushed(push(1, "latest"), at=NOW - HOUR)
    world.github.pushed(push(2, "latest"), at=NOW)
    new, old = world.packages().versions(APP)
    assert (new.tags, old.tags, old.created_at, old.updated_at) == (("latest",), (), NOW - HOUR, NOW)


def test_versions_over_many_pages(world: World) -> None:
    for number in range(250):
        world.github.pushed(push(number, ""), at=NOW + timedelta(seconds=number))
    listed = list(world.packages().versions(APP))
    assert [version.digest for version in listed] == [push(n).digest for n in reversed(range(250))]
    links = world.raw("/orgs/acme/packages/container/app/versions?per_page=100&page=2", world.github.token()).links
    assert set(links) == {"first", "last", "next", "prev"}


def test_owner_of_the_other_kind_is_found(world: World) -> None:
    world.github.pushed(push(repository="alice/app"))
    assert len(list(world.packages().versions(ImageName("ghcr.io", "alice/app")))) == 1
    assert list(world.packages().images("users/alice")) == [ImageName("ghcr.io", "alice/app")]


def test_deleted_version_is_gone(world: World) -> None:
    world.github.pushed(push())
    world.github.state.packages.delete("acme/app", push().digest)
    assert list(world.packages().versions(APP)) == []


def test_packages_are_not_for_a_token_without_the_scope_nor_for_an_app(world: World) -> None:
    world.github.pushed(push())
    without = world.packages(world.github.token("hooks"))
    for packages, said in ((without, "read:packages"), (PackageList(world.installation()), "by integration")):
        with pytest.raises(Unavailable, match=said) as refused:
            list(packages.versions(APP))
        assert refused.value.reason == Reason.GITHUB_FORBIDDEN


# attestations


@pytest.mark.parametrize(("owner", "inline"), [("acme", True), ("acme", False), ("alice", False)])
def test_attestations_inline_and_behind_a_url(world: World, owner: str, inline: bool) -> None:
    world.github.attest(owner, push().digest, bundle(), inline=inline)
    found = world.attestations().bundles(ImageName("ghcr.io", f"{owner}/app"), digest_of(b"1"))
    assert [json.loads(one) for one in found if isinstance(one, bytes)] == [json.loads(bundle())]
    assert world.github.leaks == []


def test_attestations_over_pages(world: World) -> None:
    for number in range(70):
        world.github.attest("acme", push().digest, bundle(number))
    found = world.attestations().bundles(APP, digest_of(b"1"))
    assert [json.loads(one)["number"] for one in found if isinstance(one, bytes)] == list(reversed(range(70)))


def test_no_attestations_is_an_empty_answer(world: World) -> None:
    assert world.attestations().bundles(APP, digest_of(b"1")) == ()


def test_file_that_is_no_snappy_is_one_refused_bundle(world: World) -> None:
    world.github.attest("acme", push().digest, bundle(), file=b"\xff\xff\xff\xff\xff\xff")
    world.github.attest("acme", push().digest, bundle(), file=bytes(cramjam.snappy.compress_raw(b"no json")))
    found = world.attestations().bundles(APP, digest_of(b"1"))
    assert [one.reason for one in found if isinstance(one, EvidenceRejected)] == [Reason.BUNDLE_INVALID] * 2


def test_attestations_are_for_an_app_too(world: World) -> None:
    world.github.attest("acme", push().digest, bundle())
    assert len(AttestationList(world.installation(), world.http).bundles(APP, digest_of(b"1"))) == 1


# who asks


def test_installation_token_is_good_for_an_hour(world: World) -> None:
    world.github.hook("app")
    client = world.installation()
    for _ in range(3):
        hooks.named(ORG_HOOK, client, None).failed(since=NOW)
        world.clock.advance(minutes=40)
    posts = [request for request in world.github.requests if request.startswith("POST")]
    assert posts == ["POST /app/installations/654321/access_tokens"] * 2


def test_jwt_of_another_key_is_refused(world: World) -> None:
    world.github.hook("app")
    with pytest.raises(Unavailable, match="could not be decoded") as refused:
        hooks.named("app", None, world.app(Callers(world.clock).app_secret)).failed(since=NOW)
    assert refused.value.reason == Reason.GITHUB_FORBIDDEN


@pytest.mark.parametrize(
    ("iat", "exp", "said"), [(0, 601, "too far"), (60, 300, "is not now"), (-600, -1, "is not now")]
)
def test_jwt_at_the_wrong_time_is_refused(world: World, iat: int, exp: int, said: str) -> None:
    world.github.hook("app")
    at = int(NOW.timestamp())
    claims = {"iat": at + iat, "exp": at + exp, "iss": "123456"}
    token = jwt.encode(claims, world.github.state.callers.private_key, algorithm="RS256")
    answer = world.raw("/app/hook/deliveries", token)
    assert (answer.status_code, said in answer.json()["message"]) == (401, True)


@pytest.mark.parametrize(("token", "said"), [("", "Requires authentication"), ("ghp_wrong", "Bad credentials")])
def test_nobody_and_strangers_are_refused(world: World, token: str, said: str) -> None:
    answer = world.raw("/orgs/acme/packages?package_type=container", token)
    assert (answer.status_code, answer.json()["message"]) == (401, said)


# limits and outages


def test_primary_limit_is_told_by_headers_and_ends_with_its_hour(world: World) -> None:
    packages = world.packages(world.github.token(limit=2))
    world.github.pushed(push())
    for _ in range(2):
        list(packages.versions(APP))
    with pytest.raises(Unavailable, match="API rate limit exceeded") as refused:
        list(packages.versions(APP))
    assert (refused.value.reason, refused.value.retry_after) == (Reason.GITHUB_THROTTLED, 900)
    world.clock.advance(hours=1)
    assert len(list(packages.versions(APP))) == 1


def test_short_secondary_limit_is_waited_for(world: World) -> None:
    world.github.pushed(push())
    world.github.throttle(2, count=1)
    assert (len(list(world.packages().versions(APP))), world.slept) == (1, [2])


def test_long_secondary_limit_is_left_to_the_caller(world: World) -> None:
    world.github.throttle(120)
    with pytest.raises(Unavailable, match="secondary rate limit") as refused:
        world.attestations().bundles(APP, digest_of(b"1"))
    assert (refused.value.reason, refused.value.retry_after) == (Reason.GITHUB_THROTTLED, 120)


def test_outage_is_no_empty_answer(world: World) -> None:
    world.github.fail(Fault(status=502))
    for ask in (
        lambda: world.hook().failed(since=NOW),
        lambda: list(world.packages().images("orgs/acme")),
        lambda: world.attestations().bundles(APP, digest_of(b"1")),
    ):
        with pytest.raises(Unavailable) as refused:
            ask()
        assert refused.value.reason == Reason.GITHUB_UNAVAILABLE


# missed publishes


def test_lost_and_never_sent_publishes_are_all_found(world: World) -> None:
    world.reconcile(packages=world.packages())  # the first run
    world.clock.advance(hours=2)
    fates = [Fate.DELIVERED, Fate.LOST, Fate.NEVER_SENT]
    for number in range(150):
        at = NOW + HOUR + timedelta(seconds=number)
        world.github.pushed(push(number, f"v{number}"), fates[number % 3], at=at)
    result = world.reconcile([world.hook()], world.packages())
    assert (result.redelivered, result.troubles) == (50, ())
    assert len(set(world.receiver.deliveries)) == 100
    assert {look.digest for look, _ in world.looks.sent} == {push(n).digest for n in range(150)}


def test_token_for_hooks_only_still_redelivers(world: World) -> None:
    token = world.github.token("hooks")
    world.github.pushed(push(), Fate.LOST, at=NOW - HOUR)
    result = world.reconcile([world.hook(token=token)], world.packages(token))
    assert (result.redelivered, result.missed, len(result.troubles)) == (1, 0, 1)
    assert "read:packages" in result.troubles[0]


def test_token_for_packages_only_still_finds_what_was_missed(world: World) -> None:
    token = world.github.token("packages")
    world.reconcile(packages=world.packages(token))
    world.clock.advance(hours=2)
    world.github.pushed(push(), Fate.LOST, at=NOW + HOUR)
    result = world.reconcile([world.hook(token=token)], world.packages(token))
    assert (result.redelivered, result.missed, len(result.troubles)) == (0, 1, 1)
    assert result.troubles[0].startswith(f"hook {ORG_HOOK}: ")


def test_limit_in_the_middle_is_taken_up_by_the_next_run(world: World) -> None:
    world.reconcile(packages=world.packages())
    world.clock.advance(hours=2)
    for number in range(8):
        world.github.pushed(push(number, "v1", f"acme/app{number}"), Fate.NEVER_SENT, at=NOW + HOUR)
    token = world.github.token(limit=5)
    counts = []
    for _ in range(3):  # the limit is for an hour
        result = world.reconcile(packages=world.packages(token))
        counts.append((result.missed, len(result.troubles)))
        world.clock.advance(hours=1)
    assert counts[0] == (4, 1)
    found = {look.image.repository for look, _ in world.looks.sent}
    assert found == {f"acme/app{number}" for number in range(8)}


def test_nothing_is_asked_twice_in_a_quiet_hour(world: World) -> None:
    for number in range(300):
        world.github.pushed(push(number), at=NOW - timedelta(days=30, minutes=number))
    world.github.requests.clear()
    world.reconcile([world.hook()], world.packages())
    assert len(world.github.requests) == 3  # deliveries, packages, the first page of versions


def test_local_registry_feeds_it(world: World) -> None:
    world.github.fate = lambda pushed: Fate.LOST if pushed.tag == "v2" else Fate.DELIVERED
    with LocalRegistry(on_push=world.github.on_push) as registry:
        manifests = [registry.put_manifest("acme/app", b'{"number":%d}' % n, OCI_INDEX, f"v{n}") for n in (1, 2)]
    assert [version.digest for version in world.packages().versions(APP)] == [m.digest for m in reversed(manifests)]
    assert (len(world.receiver.got), len(world.hook().failed(since=NOW - HOUR))) == (1, 1)
