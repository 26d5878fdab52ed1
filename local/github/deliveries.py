"""GitHub for one machine: sends the webhook deliveries that a push to GHCR leads to.

`python -m local.github URL --image ghcr.io/acme/app --digest sha256:…` sends one; `--help` lists what can vary.
The secret is in the environment as GITHUB_WEBHOOK_SECRET; without it, it is `TEST_SECRET`.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from local.github.payload import OCI_INDEX, OCI_MANIFEST, Push, ping, published

TEST_SECRET = "a webhook secret for tests and for one machine"
"""no secret at all: it is here for everybody to read"""
PATIENCE_SECONDS = 10
"""how long GitHub waits for an answer"""
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """One delivery, signed and ready to be posted any number of times."""

    body: bytes
    headers: Mapping[str, str]


def sign(body: bytes, secret: str) -> dict[str, str]:
    """Both signature headers; the one with SHA-1 is sent by GitHub still, and counts for nothing."""
    key = secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }


def request(
    event: str, payload: Mapping[str, Any], *, secret: str = TEST_SECRET, delivery: str = "", content_type: str = JSON
) -> Request:
    """The delivery of one payload as JSON or as a form; an empty `delivery` stands for a new id."""
    text = json.dumps(payload, separators=(",", ":"))
    body = (urlencode({"payload": text}) if content_type == FORM else text).encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": content_type,
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "2001",
        "X-GitHub-Hook-Installation-Target-ID": "5001",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        **sign(body, secret),
    }
    return Request(body, headers)


def post(url: str, delivery: Request, *, copies: int = 1, delay_seconds: float = 0) -> list[httpx.Response]:
    """Post a delivery `copies` times, each after `delay_seconds`, with the patience that GitHub has and no retries."""
    answers = []
    for _ in range(copies):
        time.sleep(delay_seconds)
        answers.append(httpx.post(url, content=delivery.body, headers=delivery.headers, timeout=PATIENCE_SECONDS))
    return answers


def main(arguments: Sequence[str] | None = None) -> int:
    """Send what the arguments say, print each answer, and return 0 if all of them are 2xx."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not (chosen.ping or chosen.digest or chosen.manifest):
        parser.error("one of --digest, --manifest and --ping is needed")
    try:
        answers = post(chosen.url, _chosen_request(chosen), copies=chosen.copies, delay_seconds=chosen.delay)
    except (httpx.HTTPError, OSError, ValueError) as error:
        print(f"not delivered: {error}", file=sys.stderr)
        return 1
    for answer in answers:
        print(answer.status_code, answer.text)
    return 0 if all(answer.is_success for answer in answers) else 1


def _chosen_request(chosen: argparse.Namespace) -> Request:
    push = _chosen_push(chosen)
    payload = ping(push) if chosen.ping else published(push, event=chosen.event, action=chosen.action)
    return request(
        "ping" if chosen.ping else chosen.event,
        payload,
        secret=os.environ.get("GITHUB_WEBHOOK_SECRET", TEST_SECRET),
        delivery=chosen.delivery,
        content_type=FORM if chosen.form else JSON,
    )


def _chosen_push(chosen: argparse.Namespace) -> Push:
    manifest = chosen.manifest.read_bytes() if chosen.manifest else b""
    image = chosen.image.removeprefix("ghcr.io/")
    return Push(
        repository=image.lower(),
        digest=chosen.digest or "sha256:" + hashlib.sha256(manifest).hexdigest(),
        tag=chosen.tag,
        media_type=OCI_INDEX if chosen.index else OCI_MANIFEST,
        size=len(manifest),
        pusher=chosen.pusher,
        owner_login=image.partition("/")[0],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.github", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("url", help="where deliveries are received")
    parser.add_argument("--image", default="ghcr.io/acme/app", help="the image; capitals of the owner are kept")
    content = parser.add_mutually_exclusive_group()
    content.add_argument("--digest", default="", help="the digest that was pushed")
    content.add_argument("--manifest", type=Path, help="the file that was pushed, instead of its digest")
    parser.add_argument("--tag", default="", help="the tag that was pushed (default: none, as for an index's children)")
    parser.add_argument("--index", action="store_true", help="an index was pushed, not a manifest")
    parser.add_argument("--pusher", default="github-actions[bot]", help="the login that pushed")
    parser.add_argument("--event", default="package", choices=("package", "registry_package"))
    parser.add_argument("--action", default="published", help="published or updated")
    parser.add_argument("--ping", action="store_true", help="send a ping instead")
    parser.add_argument("--form", action="store_true", help="send a form instead of JSON")
    parser.add_argument("--delivery", default="", help="the delivery's id (default: a new one)")
    parser.add_argument("--copies", type=int, default=1, help="send the same delivery so many times")
    parser.add_argument("--delay", type=float, default=0, help="seconds to wait before each")
    return parser
