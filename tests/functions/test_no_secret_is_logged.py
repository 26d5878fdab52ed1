"""No function writes a secret anywhere that it may be read: not where all is well, not where everything fails.

Each secret that a function holds is planted in its world; walls fail, echo what they were sent, and time out. Logs,
metrics, answers and messages are searched for all of them, as they are and in base64.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from functions.notify import handler as notify
from functions.query import handler as query
from functions.receive import handler as receive
from functions.sweep import handler as sweep
from functions.verify import handler as verify
from local.github import deliveries
from local.github.api import LocalGitHub
from local.github.callers import ATTESTATIONS, HOOKS, PACKAGES
from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from local.signing import publisher
from local.signing.distribution import Repository
from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository
from local.slack.receiver import Fault as SlackFault
from local.slack.receiver import LocalSlack
from registry_verifier import look_message
from registry_verifier.models import Digest, Look
from tests.functions.lambda_world import Context, event, set_environment
from tests.library.trust_root_bucket import BUCKET, PACKAGED
from tests.library.verdicts import IMAGE, TABLE, table
from tests.material import RELEASE_POLICY

WEBHOOK = deliveries.TEST_SECRET
REGISTRY = "ghp_r3gistryT0ken000000000000000000000000"
BASIC = base64.b64encode(f"registry-verifier:{REGISTRY}".encode()).decode()
SLACK = "xoxb-0000000000-sl4ckB0tT0ken"
GITHUB = "ghp_g1thubT0ken00000000000000000000000000"
MODULES: dict[str, ModuleType] = {
    "receive": receive,
    "verify": verify,
    "notify": notify,
    "query": query,
    "sweep": sweep,
}


def planted(world: World) -> list[str]:
    """What must show nowhere, in each form that a log would have it in."""
    texts = [WEBHOOK, REGISTRY, SLACK, GITHUB, world.key.splitlines()[5]]
    texts += [event(name)["headers"]["x-hub-signature-256"] for name in ("receive.published-json", "receive.ping")]
    return [*texts, BASIC, *(base64.b64encode(text.encode()).decode() for text in texts)]


class World:
    """Everything that the five functions talk to, with every secret in its place."""

    def __init__(self, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        stack.enter_context(table())
        repository = TufRepository({TRUSTED_ROOT: PACKAGED}, seed="tests").publish()
        self.registry = stack.enter_context(
            LocalRegistry(users={"registry-verifier": REGISTRY}, private=[IMAGE.repository])
        )
        credentials = ("registry-verifier", REGISTRY)
        with Repository(self.registry.url, IMAGE.repository, credentials=credentials) as pushed:
            self.digest = Digest(publisher.push_image(pushed, tag="v1")["digest"])
        self.slack = stack.enter_context(LocalSlack())
        self.github = stack.enter_context(LocalGitHub())
        self.github.state.callers.allow(HOOKS, PACKAGES, ATTESTATIONS, token=GITHUB)
        self.key = self.github.state.callers.private_key
        self.mirror = stack.enter_context(TufMirror(repository))
        (folder / "policies").mkdir()
        (folder / "policies" / "release.yaml").write_text(json.dumps(RELEASE_POLICY))
        (folder / "trusted_root.json").write_bytes(PACKAGED)
        (folder / "tuf_root.json").write_bytes(repository.root)
        set_environment(monkeypatch)
        self.queue = boto3.client("sqs").create_queue(QueueName="looks")["QueueUrl"]
        place: Any = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        set_environment(monkeypatch, **self._settings(folder), **self._secrets())

    def _settings(self, folder: Path) -> dict[str, str]:
        return {
            "LOOKS_QUEUE_URL": self.queue,
            "VERDICTS_TABLE": TABLE,
            "RETENTION_DAYS": "400",
            "CONFIGURATION_DIRECTORY": str(folder),
            "REGISTRY_ENDPOINTS": f"ghcr.io={self.registry.url}",
            "REGISTRY_USERNAME": "",
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_CHANNEL": "#releases",
            "OPERATIONS_CHANNEL": "#operations",
            "REVERIFY_AFTER_HOURS": "24",
            "REVERIFY_BATCH": "100",
            "REVERIFY_WINDOW_DAYS": "400",
            "TRUST_ROOT_BUCKET": BUCKET,
            "TUF_URL": self.mirror.url,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_HOOKS": "orgs/acme/hooks/2,app",
            "GITHUB_OWNERS": "orgs/acme",
            "GITHUB_ATTESTATIONS": "true",
            "LAMBDA_TASK_ROOT": "/var/task",
            "POWERTOOLS_LOG_LEVEL": "DEBUG",
        }

    def _secrets(self) -> dict[str, str]:
        held = {
            "WEBHOOK": WEBHOOK,
            "REGISTRY_TOKEN": REGISTRY,
            "SLACK": SLACK,
            "GITHUB_TOKEN": GITHUB,
            "GITHUB_APP": self.github.app_secret,
        }
        client = boto3.client("secretsmanager")
        return {
            f"{name}_SECRET_ARN": client.create_secret(Name=name, SecretString=text)["ARN"]
            for name, text in held.items()
        }

    def spoil(self, wall: str) -> None:
        """Let one of the walls fail, in the worst way: where it can, it echoes what it was sent."""
        echoing = Fault(path="packages", status=500, message=f"Bearer {GITHUB}")
        gone: dict[str, Callable[[], object]] = {
            "none": lambda: None,
            "registry": lambda: self.registry.fail(Fault(status=500, message=f"who is {REGISTRY} or {BASIC}?")),
            "registry's refusal": lambda: self.registry.fail(Fault(status=403, message=f"Basic {BASIC} {REGISTRY}")),
            "slack": lambda: self.slack.spoil(SlackFault("invalid_auth")),
            "slack's garbage": lambda: self.slack.spoil(SlackFault("garbage")),
            "github": lambda: self.github.fail(echoing, Fault(status=500)),
            "tuf": lambda: self.mirror.faults.update({"timestamp.json": 500}),
            "queue": lambda: boto3.client("sqs").delete_queue(QueueUrl=self.queue),
            "table": lambda: boto3.client("dynamodb").delete_table(TableName=TABLE),
            "bucket": lambda: boto3.client("s3").delete_bucket(Bucket=BUCKET),
            "secrets": self._spoil_secrets,
        }
        gone[wall]()

    def _spoil_secrets(self) -> None:
        """Values of no right form, which may be quoted for it."""
        client = boto3.client("secretsmanager")
        text = json.dumps([WEBHOOK, REGISTRY, SLACK, GITHUB, self.key])
        for one in client.list_secrets()["SecretList"]:
            client.put_secret_value(SecretId=one["ARN"], SecretString=text)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What every function's logger writes."""
    stream = io.StringIO()
    before = {}
    for name, module in MODULES.items():
        before[name] = module.logger.registered_handler.setStream(stream)
    yield stream
    for name, module in MODULES.items():
        module.logger.registered_handler.setStream(before[name])


def forget() -> None:
    for cached in (
        receive.receiver,
        query.world,
        query.settings,
        notify.notifier,
        notify.http,
        sweep.sweeps,
        verify.takers,
    ):
        cached.cache_clear()


def close() -> None:
    if notify.http.cache_info().currsize:
        notify.http().close()
    if sweep.sweeps.cache_info().currsize:
        sweep.sweeps().close()
    if verify.takers.cache_info().currsize:
        gatherer: Any = verify.takers().current().verification.finder.gatherer
        verify.loop.run_until_complete(gatherer.registry.aclose())
        gatherer.attestations._client._http.close()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    forget()
    with ExitStack() as stack:
        asyncio.set_event_loop(verify.loop)
        yield World(stack, monkeypatch, tmp_path)
        close()
        forget()
        asyncio.set_event_loop(None)


def verify_event(body: str) -> dict[str, Any]:
    record = event("verify.one-image")["Records"][0]
    return {"Records": [record | {"body": body}]}


HOSTILE = {
    "body": WEBHOOK,
    "headers": {"authorization": f"Bearer {GITHUB}", "x-hub-signature-256": f"sha256={WEBHOOK}"},
}
CALLS: dict[str, tuple[str, Callable[[World], dict[str, Any]]]] = {
    "publish": ("receive", lambda _: event("receive.published-json")),
    "bad signature": ("receive", lambda _: event("receive.bad-signature")),
    "hostile request": ("receive", lambda _: event("receive.published-json") | HOSTILE),
    "bug in receive": ("receive", lambda _: event("receive.published-json") | {"body": 1}),
    "look": ("verify", lambda world: verify_event(look_message.write(Look(IMAGE, world.digest, "publish", tag="v1")))),
    "nonsense on the queue": ("verify", lambda _: verify_event("nonsense")),
    "failed verdict": ("notify", lambda _: event("notify.failed")),
    "question": ("query", lambda _: event("query.digest")),
    "question with credentials": (
        "query",
        lambda _: event("query.digest") | {"headers": {"authorization": f"AWS4-HMAC-SHA256 Signature={GITHUB}"}},
    ),
    "reverify": ("sweep", lambda _: event("sweep.reverify")),
    "missed": ("sweep", lambda _: event("sweep.missed")),
    "trust-root": ("sweep", lambda _: event("sweep.trust-root")),
}


def answer_of(world: World, call: str) -> str:
    """What a function says to its caller, with the text of what it raises: Lambda logs that."""
    function, given = CALLS[call]
    try:
        return json.dumps(MODULES[function].lambda_handler(given(world), Context(remaining=300_000)), default=str)
    except Exception as error:
        chain: list[BaseException] = [error]
        while following := chain[-1].__cause__ or chain[-1].__context__:
            chain.append(following)
        return "\n".join(f"{type(one).__name__}: {one}" for one in chain)


WALLS = (
    *("none", "registry", "registry's refusal", "slack", "slack's garbage", "github"),
    *("tuf", "queue", "table", "bucket", "secrets"),
)


@pytest.mark.parametrize("wall", WALLS)
def test_no_secret_is_written(world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str], wall: str) -> None:
    world.spoil(wall)
    secrets = planted(world)
    for call in CALLS:
        said = answer_of(world, call)
        written = said + log.getvalue() + "".join(capsys.readouterr()) + json.dumps(world.slack.messages)
        assert said
        assert (call, [secret for secret in secrets if secret in written]) == (call, [])


def test_every_secret_is_in_use(world: World) -> None:
    for call in CALLS:
        answer_of(world, call)
    assert world.slack.messages
    assert any("/orgs/acme/packages" in asked for asked in world.github.requests)
    assert any("/app/installations" in asked for asked in world.github.requests)
    assert any("/attestations/sha256" in asked for asked in world.github.requests), world.github.requests
    assert any("/token" in asked for asked in world.registry.requests)


def test_the_search_would_find_one(world: World, log: io.StringIO) -> None:
    sweep.logger.warning("a slip", note=GITHUB)
    assert [secret for secret in planted(world) if secret in log.getvalue()] == [GITHUB]
