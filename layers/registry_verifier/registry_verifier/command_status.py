"""`registry-verifier status`: what a deployment knows about an image, asked at a terminal or in a pipeline."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry_verifier import report
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.image_reference import Reference
from registry_verifier.models import Digest, Json, parse_digest
from registry_verifier.reasons import Reason, Status

if TYPE_CHECKING:
    from registry_verifier.api_client import ApiAnswer, ApiClient

API_VARIABLE = "REGISTRY_VERIFIER_API"
"""where the API is, if `--api` does not say"""
NO_VERDICT = 6
_REGISTRY = "ghcr.io"
_FIRST_PAUSE, _LONGEST_PAUSE, _WAIT_LIMIT = 2.0, 60.0, 86_400
_SAID_NOTHING = ("no_verdict", "not_found")

_DESCRIPTION = "Ask a deployment's API for the verdict about an image. Nothing is verified here; `verify` does that."
_EPILOG = f"""\
exit codes: 0 VERIFIED, 1 FAILED (or --policy does not hold), 2 bad usage, 3 UNKNOWN or could not ask, 4 NO_POLICY,
5 PENDING, {NO_VERDICT} nothing is known about it
The API is asked with AWS credentials (--auth iam) unless it is on this machine.
example: registry-verifier status ghcr.io/acme/app:v1 --api https://abc123.execute-api.eu-central-1.amazonaws.com"""


@dataclass(frozen=True)
class Known:
    """What one question came to."""

    exit_code: int
    text: str = ""
    """what is to be said on stderr"""
    document: Json | None = None
    may_change: bool = False
    """whether asking again is of use"""
    retry_after: float | None = None


def add_to(commands: Any, exits: Mapping[Status, int]) -> None:
    """Add `status` to the command line's commands, with the exit codes of `verify`."""
    raw = argparse.RawDescriptionHelpFormatter
    say = "ask a deployment what it knows about an image"
    parser = commands.add_parser("status", help=say, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("image", metavar="IMAGE", help=f"{_REGISTRY}/OWNER/NAME@sha256:… or {_REGISTRY}/OWNER/NAME:TAG")
    parser.add_argument("--api", default="", metavar="URL", help=f"where the API is (default: {API_VARIABLE})")
    parser.add_argument("--auth", choices=("iam", "none"), help="how to ask (default: iam; none on this machine)")
    parser.add_argument("--region", default="", metavar="REGION", help="of AWS, where the URL does not say it")
    parser.add_argument("--policy", default="", metavar="NAME", help="a policy that must be among those that hold")
    parser.add_argument("--wait", type=_seconds, default=0, metavar="SECONDS", help="how long a verdict is waited for")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.set_defaults(run=lambda options: run(options, exits))


def run(options: argparse.Namespace, exits: Mapping[Status, int]) -> int:
    """Ask, and print the verdict to stdout; BadRequest or SettingsError for bad usage."""
    reference = Reference.parse(options.image)
    if reference.image.registry != _REGISTRY or "/" not in reference.image.repository:
        raise BadRequest(f"image is {options.image[:200]!r} (expected {_REGISTRY}/OWNER/NAME: the API knows no other)")
    question = Question(_client(options), reference, options.policy, exits)
    known = wait(question.ask, options.wait)
    if known.document:
        as_json = options.output == "json"
        print(json.dumps(known.document, indent=2) if as_json else _report(known.document))
    if known.text:
        print(report.printable(known.text), file=sys.stderr)
    return known.exit_code


def wait(
    ask: Callable[[], Known],
    seconds: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Known:
    """Ask until the answer will not change any more, and a last time when the time is over."""
    until, pause = now() + seconds, _FIRST_PAUSE
    while True:
        known = ask()
        left = until - now()
        if not known.may_change or left <= 0:
            return known
        wanted = min(left, max(pause, min(known.retry_after or 0, _LONGEST_PAUSE)))
        print(report.printable(f"{known.text}; asking again in {wanted:.0f} s"), file=sys.stderr, flush=True)
        sleep(wanted)
        pause = min(pause * 2, _LONGEST_PAUSE)


class Question:
    """One image, and all that must be asked about it."""

    def __init__(self, client: ApiClient, reference: Reference, policy: str, exits: Mapping[Status, int]) -> None:
        self._client = client
        self._reference = reference
        self._image = str(reference.image)
        self._path = f"/v1/images/{reference.image.repository}"
        self._policy = policy
        self._exits = exits
        self._told = ""

    def ask(self) -> Known:
        """What is known now; an API that did not answer may answer later."""
        try:
            digest = self._reference.digest or self._pointed_to()
            if digest is None:
                return _nothing(f"{self._image}:{self._reference.tag}")
            return self._verdict(digest)
        except Unavailable as error:
            code = self._exits[Status.UNKNOWN]
            return Known(code, str(error), may_change=error.retry_after is not None, retry_after=error.retry_after)

    def _pointed_to(self) -> Digest | None:
        """The digest that the tag points to, as far as the API knows."""
        answer = self._client.get(f"{self._path}/tags/{self._reference.tag}")
        if _is_unheard_of(answer):
            return None
        digest: Digest = _member(answer, "digest", parse_digest)
        if self._told != digest:
            self._told = digest
            print(f"{self._image}:{self._reference.tag} points to {digest}, as the API knows it", file=sys.stderr)
        return digest

    def _verdict(self, digest: Digest) -> Known:
        answer = self._client.get(f"{self._path}/digests/{digest}")
        name = f"{self._image}@{digest}"
        if _is_unheard_of(answer):
            return _nothing(name)
        status = _member(answer, "status", Status)
        if (answer.body.get("image"), answer.body.get("digest")) != (self._image, digest):
            raise _useless("the api answered with a verdict about another image")
        _report(answer.body)  # what cannot be told is no answer
        known = Known(self._exits[status], document=answer.body)
        if status is Status.VERIFIED and self._policy:
            return self._with_policy(digest, known)
        if status is Status.PENDING:
            text = f"{name} is PENDING: evidence is waited for until {answer.body.get('deadline')}"
            return replace(known, text=text, may_change=True)
        return replace(known, may_change=True, text=f"{name} is UNKNOWN") if status is Status.UNKNOWN else known

    def _with_policy(self, digest: Digest, known: Known) -> Known:
        """The same verdict, if the gate lets it through with this policy."""
        answer = self._client.get(f"/v1/gate/{digest}", image=self._image, policy=self._policy)
        if answer.status == 403 and answer.body.get("code") == "policy_not_held":
            text = f"policy {self._policy!r} does not hold for it, or does not match it"
            return replace(known, exit_code=self._exits[Status.FAILED], text=text)
        said = tuple(_member(answer, name, str) for name in ("status", "image", "digest"))
        if said != (Status.VERIFIED, self._image, digest):
            raise _useless("the api's gate answered about another image")
        return known


def _client(options: argparse.Namespace) -> ApiClient:
    from registry_verifier import api_client  # httpx takes longer than the other commands do

    url = options.api or os.environ.get(API_VARIABLE, "")
    if not url:
        raise BadRequest(f"nobody says where the API is (expected --api URL, or {API_VARIABLE} in the environment)")
    by_aws = options.auth == "iam" if options.auth else not api_client.is_local(url)
    return api_client.ApiClient(url, api_client.aws_signature(url, options.region) if by_aws else None)


def _is_unheard_of(answer: ApiAnswer) -> bool:
    return answer.status == 404 and answer.body.get("code") in _SAID_NOTHING


def _nothing(name: str) -> Known:
    return Known(NO_VERDICT, f"nothing is known about {name}", may_change=True)


def _member(answer: ApiAnswer, name: str, read: Callable[[str], Any]) -> Any:
    """A member of a 200's body; Unavailable where the answer is another one, or has it not."""
    if answer.status != 200:
        again = answer.status == 429 or answer.status >= 500
        raise _useless(
            f"the api did not answer the question: {answer.told}", (answer.retry_after or 0) if again else None
        )
    try:
        return read(str(answer.body.get(name)))
    except ValueError as error:
        raise _useless(f"the api's answer cannot be read: {name} is {str(answer.body.get(name))[:80]!r}") from error


def _useless(text: str, retry_after: float | None = None) -> Unavailable:
    return Unavailable(Reason.STORE_UNAVAILABLE, text, retry_after=retry_after)


def _report(document: Json) -> str:
    """The verdict for people; Unavailable where it is none. What a terminal would act on is left out of all of it."""
    try:
        return "".join(c if c.isprintable() or c == "\n" else " " for c in report.text(document))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _useless(f"the api's answer is no verdict: {type(error).__name__}") from error


def _seconds(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_WAIT_LIMIT)) or int(text) > _WAIT_LIMIT:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} (expected 0 to {_WAIT_LIMIT} seconds)")
    return int(text)
