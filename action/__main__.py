"""Waits until registry-verifier vouches for a digest. Run by `action.yml`; Python 3.9 or newer, nothing to install.

Exit codes: 0 VERIFIED; 1 FAILED, or the policy that was asked for does not hold; 2 the workflow or the deployment must
be mended (an input, the permission, who may ask); 3 UNKNOWN, or nobody could be asked; 4 NO_POLICY; 5 still PENDING
and 6 still nothing known when the time is over.
"""

from __future__ import annotations

import os
import sys
import time

import exchange
import gate
import telling
from findings import Ended, Finding, not_asked
from github_token import GitHubToken
from inputs import Inputs

_QUESTION = 30.0
"""seconds that a question may take; at least `_LEAST` of them when the time is nearly over"""
_LEAST = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
_TROUBLES = 8
"""how many questions in a row may go unanswered: some three minutes"""


def main() -> int:
    """Ask until there is an answer; the exit code."""
    inputs: Inputs | None = None
    try:
        inputs = Inputs.read(os.environ)
        finding = _wait(inputs, GitHubToken(os.environ, inputs.audience))
    except Ended as ended:
        finding = ended.finding
    except Exception as error:  # noqa: BLE001 - a bug lets nothing through either
        finding = not_asked(f"internal error: {type(error).__name__}", final=True)
    return _conclude(finding, inputs)


def _conclude(finding: Finding, inputs: Inputs | None) -> int:
    try:
        telling.conclude(finding, inputs, os.environ)
    except OSError as error:  # whoever reads the outputs would read those of nobody
        finding = not_asked(f"the step's outputs cannot be written: {error.strerror}", final=True)
        telling.conclude(finding, inputs, {})
    return finding.exit_code


def _wait(inputs: Inputs, token: GitHubToken) -> Finding:
    """Ask again and again, with longer pauses, and a last time when the time is over."""
    until, pause, troubles = time.monotonic() + inputs.timeout, _FIRST_PAUSE, 0
    while True:
        finding = _asked(inputs, token, until - time.monotonic())
        troubles = troubles + 1 if finding.trouble else 0
        left = until - time.monotonic()
        if finding.final or left <= 0 or troubles >= _TROUBLES:
            return finding
        wait = min(left, max(pause, finding.retry_after or 0))
        telling.progress(f"{finding.text}; asking again in {wait:.0f} s, {left:.0f} s are left")
        time.sleep(wait)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _asked(inputs: Inputs, token: GitHubToken, left: float) -> Finding:
    seconds = min(_QUESTION, max(_LEAST, left))
    try:
        answer = _sent(inputs, token, seconds)
        if answer.status == 401:  # the token may have ended on its way
            token.forget()
            answer = _sent(inputs, token, seconds)
    except exchange.NotAnswered as error:
        return not_asked(str(error))
    return gate.read(answer, inputs)


def _sent(inputs: Inputs, token: GitHubToken, seconds: float) -> exchange.Answer:
    return exchange.send(inputs.question, {"Authorization": f"Bearer {token.get(seconds)}"}, seconds)


if __name__ == "__main__":
    sys.exit(main())
