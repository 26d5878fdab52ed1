"""`registry-verifier slack-test`: a sample incident in Slack, from its opening to its end, told as notify tells it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.incident import Channels, Incident, Key
from registry_verifier.models import Digest, ImageName, State, digest_of
from registry_verifier.notify import Notifier
from registry_verifier.reasons import Reason, Status
from registry_verifier.settings import SLACK_API_URL, SLACK_VARIABLE
from registry_verifier.storm import Gauge, Summary
from registry_verifier.verdict_document import timestamp

SENT, NOT_TAKEN = 0, 3

_HELP = "send a sample incident to Slack"
_DESCRIPTION = f"""\
Send a sample incident to Slack as the deployment would: it opens, goes on for another reason, and is resolved. With a
bot token that is one message, updated in place, and a thread; with an incoming webhook three messages. The token or the
webhook's URL is in the environment variable {SLACK_VARIABLE}. SLACK_API_URL says where Slack is, if not at
{SLACK_API_URL}."""
_EPILOG = f"""\
exit codes: 0 sent, 2 bad usage, 3 Slack did not take it
example: {SLACK_VARIABLE}="$(cat token)" registry-verifier slack-test --channel '#releases'"""

IMAGE = ImageName("registry.example.org", "sample/image")
_SIGNER = "https://github.com/sample/image/.github/workflows/sign.yml@refs/heads/"
_ISSUER = "https://token.actions.githubusercontent.com"
_NOTE = "this is a sample, sent by registry-verifier slack-test: nothing is wrong"


def add_to(commands: Any) -> None:
    """Add `slack-test` to the command line's commands."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(
        "slack-test", help=_HELP, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw
    )
    parser.add_argument("--channel", default="", metavar="CHANNEL", help="such as '#releases'; a bot token needs it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send it, one line to stdout for each step; BadRequest for bad usage."""
    secret = os.environ.get(SLACK_VARIABLE, "").strip()
    if not secret:
        raise BadRequest(f"the environment has no {SLACK_VARIABLE} (a bot token or the URL of an incoming webhook)")
    from registry_verifier import slack  # httpx's import takes longer than the other commands do

    with slack.client() as http:
        there = slack.Slack(http, lambda: secret, api_url=os.environ.get("SLACK_API_URL") or SLACK_API_URL)
        if there.has_threads() and not options.channel:
            raise BadRequest("a bot token needs --channel")
        return _send(Notifier(_Memory(), there, Channels(options.channel)), options.channel or "the webhook's channel")


def _send(notifier: Notifier, where: str) -> int:
    old: State | None = None
    for said, state in _story(datetime.now(UTC)):
        try:
            told = notifier.notify(state, old)
        except Unavailable as error:
            if error.reason is Reason.SECRET_UNAVAILABLE:
                raise BadRequest(str(error)) from error
            print(f"{said}: {error}", file=sys.stderr)
            return NOT_TAKEN
        print(f"{said}: {told.sent} sent or updated in {where}")
        old = state
    return SENT


def _story(now: datetime) -> list[tuple[str, State]]:
    return [
        ("opened", _state(1, Status.FAILED, now, Reason.NO_SIGNATURE)),
        ("changed", _state(2, Status.FAILED, now, Reason.IDENTITY_MISMATCH)),
        ("resolved", _state(3, Status.VERIFIED, now, None)),
    ]


def _state(version: int, status: Status, now: datetime, reason: Reason | None) -> State:
    cause = {"code": reason.value, "text": _NOTE} if reason else None
    used = None if cause else "referrer sha256:…"
    demand = {"name": "signature", "predicate_type": None, "used": used, "cause": cause}
    authority = {"name": "keyless", "holds": cause is None, "requirements": [demand]}
    policy = {"name": "sample-policy", "mode": "enforce", "holds": cause is None, "authorities": [authority]}
    sides = {
        side: {"subject": _SIGNER + ref, "issuer": _ISSUER} for side, ref in (("expected", "main"), ("found", "x"))
    }
    digest = digest_of(b"sample")
    document = {
        "status": status.value,
        "reasons": [reason.value] if reason else [],
        "causes": [cause] if cause else [],
        "kind": "image",
        "policies": [policy],
        "nearest_miss": sides if reason is Reason.IDENTITY_MISMATCH else None,
        "reproduce": [f"cosign verify {IMAGE}@{digest} --certificate-identity {_SIGNER}main"],
        "verified_at": timestamp(now),
    }
    return State(IMAGE, digest, version, status, document, now, now + timedelta(minutes=30), ("sample",), "slack-test")


@dataclass
class _Memory:
    """What people were told, for as long as the command runs."""

    told: dict[Key, Incident] = field(default_factory=dict)

    def of_digest(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        return list(self.told.values())

    def keep(self, incident: Incident) -> None:
        self.told[incident.key] = incident

    def gauge(self, channel: str) -> Gauge | None:
        return None

    def keep_gauge(self, old: Gauge | None, new: Gauge) -> None:
        """One incident is no storm."""

    def summary(self, channel: str, began: str) -> Summary | None:
        return None

    def keep_summary(self, old: Summary | None, new: Summary, incident: Incident | None = None) -> None:
        """There is none."""
