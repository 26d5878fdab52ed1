"""The world on one machine: the stack, a registry that sends GitHub's webhook for each push, a Sigstore, a Slack."""

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import stack
from local.github import deliveries as github
from local.github import payload
from local.github.payload import Push, published
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore, machine_sigstore
from local.slack.receiver import LocalSlack
from local.stack import Running
from local.template import ROOT

POLICY = ROOT / "layers" / "configuration" / "policies" / "openmed.yaml"
CHANNEL = "#releases"
OPERATIONS = "#operations"
PUBLIC = "maziyarpanahi/openmed"
_START_SECONDS = 120
_BOT_TOKEN = "xoxb-one-machine"  # noqa: S105 - any token will do here


class Webhooks:
    """Sends what GitHub would, one delivery after the other, as pushes happen; `deliver` is called by the registry."""

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[github.Request] = []
        self.answers: list[int] = []
        self._held: list[Push] | None = None
        self._waiting: queue.Queue[Push | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def connect(self, url: str) -> None:
        """Deliver there from now on; a ping comes first, as with every new hook, and starts the function at leisure."""
        ping = github.request("ping", payload.ping(Push("acme/app", "sha256:" + "0" * 64)))
        httpx.post(url, content=ping.body, headers=ping.headers, timeout=_START_SECONDS).raise_for_status()
        self.url = url

    def deliver(self, repository: str, digest: str, tag: str | None, media_type: str, pusher: str) -> None:
        """Queue the delivery about one pushed manifest."""
        push = Push(repository, digest, tag or "", media_type, pusher=pusher or "github-actions[bot]")
        if self._held is None:
            self._waiting.put(push)
        else:
            self._held.append(push)

    def hold(self) -> list[Push]:
        """Keep what is pushed from now on, instead of sending deliveries about it."""
        self._held = []
        return self._held

    def release(self, pushes: Iterable[Push] = ()) -> None:
        """Send deliveries again, these first."""
        self._held = None
        for push in pushes:
            self._waiting.put(push)

    def settle(self) -> None:
        """Wait until everything that was queued is sent."""
        self._waiting.join()

    def _work(self) -> None:
        while push := self._waiting.get():
            delivery = github.request("package", published(push))
            self.sent.append(delivery)
            with contextlib.suppress(httpx.HTTPError):
                self.answers.append(github.post(self.url, delivery)[0].status_code)
            self._waiting.task_done()


@dataclass(frozen=True)
class World:
    """Everything that is up, by name."""

    stack: Running
    registry: LocalRegistry
    sigstore: PrivateSigstore
    slack: LocalSlack
    webhooks: Webhooks
    configuration: Path
    http: httpx.Client

    @property
    def webhook_url(self) -> str:
        """Where GitHub's deliveries go."""
        return f"{self.stack.api_url}/webhooks/github"

    def repository(self, name: str) -> Repository:
        """A repository to push to."""
        return Repository(self.registry.url, name)

    def verdict(self, image: str, digest: str) -> dict[str, Any] | None:
        """The API's answer about a digest, or None where it knows nothing."""
        owner_and_name = image.partition("/")[2]
        answer = self.http.get(f"{self.stack.api_url}/v1/images/{owner_and_name}/digests/{digest}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def gate(self, image: str, digest: str) -> int:
        """The status code that a pipeline would see."""
        return self.http.get(f"{self.stack.api_url}/v1/gate/{digest}", params={"image": image}).status_code

    def waiting_messages(self, queue_url: str) -> int:
        """How many messages a queue holds, seen or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.stack.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def configure(folder: Path, sigstore: PrivateSigstore, *, grace_period: str) -> None:
    """Write a configuration: the first user's policy with a short grace period, and this Sigstore's trusted root."""
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / POLICY.name).write_text(with_grace_period(POLICY.read_text(), grace_period))
    sigstore.write_trusted_root(folder / "trusted_root.json")


def with_grace_period(policy: str, period: str) -> str:
    """The policy's text with one annotation more; everything else stays as it is."""
    head, metadata, rest = policy.partition("metadata:\n")
    if not metadata:
        raise ValueError("policy has no metadata")
    return f'{head}{metadata}  annotations:\n    registry-verifier/grace-period: "{period}"\n{rest}'


@contextlib.contextmanager
def up(
    *,
    grace_period: str = "15s",
    registry_port: int = 0,
    slack_port: int = 0,
    show: Callable[[str], None] = lambda _: None,
) -> Iterator[World]:
    """Bring everything up, and down again at the end; `show` is given each Slack message as a person would see it."""
    sigstore, webhooks = machine_sigstore(), Webhooks()
    with (
        tempfile.TemporaryDirectory(prefix="registry-verifier-") as folder,
        LocalRegistry(port=registry_port, on_push=webhooks.deliver) as registry,
        LocalSlack(port=slack_port, show=show) as slack,
        httpx.Client(timeout=_START_SECONDS) as http,
    ):
        configure(Path(folder), sigstore, grace_period=grace_period)
        parameters = {
            "RegistryEndpoints": f"ghcr.io={registry.url}",
            "SlackApiUrl": slack.api_url,
            "SlackChannel": CHANNEL,
            "OperationsChannel": OPERATIONS,
            "PublicImages": PUBLIC,
        }
        secrets = {"WebhookSecretArn": github.TEST_SECRET, "SlackSecretArn": _BOT_TOKEN}
        with stack.up(parameters, secrets=secrets, configuration=Path(folder)) as running:
            world = World(running, registry, sigstore, slack, webhooks, Path(folder), http)
            webhooks.connect(world.webhook_url)
            yield world
