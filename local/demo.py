"""`make demo`: three publishes on one machine, watched from the webhook to Slack and the API.

Ends with 0 when every verdict is as it should be, and with 1 and the reason when one is not.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

from local import world as worlds
from local.patience import Unexpected, require, waited
from local.project import IMAGE, NAME, Project
from local.sigstore.protojson import Json
from local.world import World

GRACE_SECONDS = 20


class Telling:
    """Prints what happens, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        """One line."""
        print(f"{time.monotonic() - self._began:5.1f}s  {text}", flush=True)

    def chapter(self, text: str) -> None:
        """A new part of the story."""
        print(f"\n== {text}", flush=True)

    def box(self, text: str) -> None:
        """Something that somebody else said, indented."""
        print("".join(f"        {line}\n" for line in text.splitlines()), end="", flush=True)


def main() -> int:
    """Tell the story; returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the emulator is ended with us
    say = Telling()
    print("registry-verifier on one machine: the real template.yaml, a GHCR-like registry, a private Sigstore, a Slack")
    try:
        with worlds.up(grace_period=f"{GRACE_SECONDS}s", show=say.box) as world:
            say(f"the stack is up: {world.stack.api_url}")
            project = Project(world)
            signed_late(world, project, say)
            signed_by_another_workflow(world, project, say)
            image = never_signed(world, project, say)
            told = asked(world, image, say)
            at_the_end(world, told, say)
    except (Unexpected, RuntimeError) as error:
        print(f"\nNOT AS IT SHOULD BE: {error}", file=sys.stderr)
        return 1
    return 0


def signed_late(world: World, project: Project, say: Telling) -> None:
    """PENDING until the evidence arrives, then VERIFIED; nobody is told."""
    say.chapter("1. an image whose signature and attestations arrive after the push")
    image = pushed(project, "v1.0.0", say)
    expect(world, image, "PENDING", say)
    project.attest_build(image)
    say("the publishing workflow attaches GitHub's own provenance: another signer, so it changes nothing")
    project.sign(image)
    say("the signing workflow signs and attests (cosign 3 bundles)")
    expect(world, image, "VERIFIED", say)
    require(not world.slack.roots, "Slack was told of an image that is as it should be")


def signed_by_another_workflow(world: World, project: Project, say: Telling) -> None:
    """FAILED at once, with who was expected and who signed."""
    say.chapter("2. an image that was signed from a branch that the policy does not accept")
    image = pushed(project, "v1.1.0", say)
    project.sign(image, ref="refs/heads/hotfix")
    say("the signing workflow runs on refs/heads/hotfix")
    verdict = expect(world, image, "FAILED", say)
    require(verdict["reasons"][0] == "IDENTITY_MISMATCH", f"reasons are {verdict['reasons']}")
    require(verdict["nearest_miss"] is not None, "the nearest miss is not told")
    expect_message(world, image, 1)


def never_signed(world: World, project: Project, say: Telling) -> Json:
    """PENDING for the grace period, then FAILED."""
    say.chapter(f"3. an image that nobody signs (the grace period here is {GRACE_SECONDS} seconds)")
    image = pushed(project, "v1.2.0", say)
    expect(world, image, "PENDING", say)
    verdict = expect(world, image, "FAILED", say)
    require("NO_SIGNATURE" in verdict["reasons"], f"reasons are {verdict['reasons']}")
    expect_message(world, image, 2)
    return image


def asked(world: World, image: Json, say: Telling) -> str:
    """Whoever asks is told: a badge, a page, and a look at once for whoever cannot wait for the next one."""
    say.chapter("4. what others are told")
    api = world.stack.api_url
    badge = world.http.get(f"{api}/v1/badges/{NAME}/shields.json", params={"tag": "v1.0.0"}).json()
    say(f"GET /v1/badges/{NAME}/shields.json?tag=v1.0.0  ->  {badge['label']}: {badge['message']} ({badge['color']})")
    require(badge["message"] == "verified", f"the badge says {badge['message']}")
    sent = world.http.post(f"{api}/v1/verifications", json={"image": IMAGE, "digest": image["digest"]})
    say(f"POST /v1/verifications  ->  {sent.status_code}, look at {sent.headers.get('location', 'nothing')[:24]}…")
    require(sent.status_code == 202, f"a look that is asked for is answered with {sent.status_code}")
    at = str(sent.url.join(sent.headers["location"]))
    done = waited(lambda: _finished(world, at))
    say(f"GET /v1/requests/…  ->  {done['verdict']['status']}, looked at again")
    page = world.http.get(world.stack.status_url)
    say(f"GET /status/  ->  {page.status_code} {page.headers['content-type']}")
    is_shown = page.status_code == 200 and IMAGE.rpartition("/")[2] in page.text
    require(is_shown, "the status page does not show the image")
    return f"the badge says {badge['message']}, the gate {world.gate(IMAGE, image['digest'])}, the status page 200"


def _finished(world: World, at: str) -> dict[str, Any] | None:
    found = world.http.get(at)
    return found.json() if found.status_code == 200 else None


def at_the_end(world: World, told: str, say: Telling) -> None:
    """Nothing was told twice, nothing was given up."""
    say.chapter("at the end")
    failed = world.http.get(f"{world.stack.api_url}/v1/verifications", params={"status": "FAILED"}).json()["items"]
    say(f"GET /v1/verifications?status=FAILED lists {len(failed)} digests")
    require(len(failed) >= 2, f"{len(failed)} failures are listed (expected the two images)")
    require(len(world.slack.roots) == 2, f"Slack has {len(world.slack.roots)} messages (expected 2)")
    given_up = world.waiting_messages(world.stack.dead_letter_queue_url)
    require(given_up == 0, f"{given_up} messages are in the dead-letter queue")
    say(f"{len(world.webhooks.sent)} webhooks, 3 verdicts, 2 Slack messages, nothing in the dead-letter queue")
    say(told)


def pushed(project: Project, tag: str, say: Telling) -> Json:
    """Push an image, and say so."""
    image = project.push(tag)
    say(f"docker push {IMAGE}:{tag}  ({image['digest'][:19]}…, two platforms: three webhooks)")
    return image


def expect(world: World, image: Json, status: str, say: Telling) -> dict[str, Any]:
    """Wait for this status and show what the API says; Unexpected where another decision comes first."""
    found = waited(lambda: _verdict(world, image, status))
    say(f"GET /v1/images/…/digests/{image['digest'][:19]}…  ->  {found['status']} {json.dumps(found['reasons'])}")
    say(f"GET /v1/gate/{image['digest'][:19]}…  ->  {world.gate(IMAGE, image['digest'])}")
    return found


def _verdict(world: World, image: Json, status: str) -> dict[str, Any] | None:
    found = world.verdict(IMAGE, image["digest"])
    if found and found["status"] not in (status, "PENDING"):
        raise Unexpected(f"{image['digest']} is {found['status']} {found['reasons']} (expected {status})")
    return found if found and found["status"] == status else None


def expect_message(world: World, image: Json, count: int) -> None:
    """Wait until Slack has so many messages, the last one about this image."""
    waited(lambda: len(world.slack.roots) >= count)
    text = json.dumps(world.slack.roots[-1])
    require(image["digest"] in text, "the Slack message is about another image")


if __name__ == "__main__":
    sys.exit(main())
