"""What the runner is told: the log, an annotation, the step's outputs and its summary.

Others choose some of the text. A line of the log that holds `::name::` or `##[name]` is a command to the runner, a line
of an output's file another output, and the summary is Markdown: so every text is one line of visible ASCII in which
none of these can stand.
Source: GitHub's documentation, "Workflow commands for GitHub Actions"; how data and properties are escaped is what
actions/toolkit does.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Mapping
from pathlib import Path

from findings import VERIFIED, Finding
from inputs import Inputs

_LIMIT = 400
_COMMAND = re.compile(r":(?=:)|#(?=\[)")


def inert(text: str) -> str:
    """The text as one line of visible ASCII in which no command can stand, at most 400 characters."""
    visible = "".join(letter if " " <= letter <= "~" else " " for letter in text[:_LIMIT])
    return _COMMAND.sub(r"\g<0> ", visible)


def progress(text: str) -> None:
    """One line of the log."""
    print(f"registry-verifier: {inert(text)}", flush=True)


def conclude(finding: Finding, inputs: Inputs | None, environment: Mapping[str, str]) -> None:
    """Tell what came of it, everywhere."""
    _append(environment.get("GITHUB_OUTPUT"), _outputs(finding))
    _append(environment.get("GITHUB_STEP_SUMMARY"), _summary(finding, inputs))
    said = f"{_name(inputs)}: {_words(finding)}"
    level = "notice" if finding.exit_code == VERIFIED else "error"
    print(f"::{level} title={_property('registry-verifier')}::{_data(inert(said))}", flush=True)


def _words(finding: Finding) -> str:
    reasons = f" [{', '.join(finding.reasons)}]" if finding.reasons else ""
    moment = f", since {finding.verified_at}" if finding.verified_at else ""
    return f"{finding.text}{reasons}{moment}"


def _name(inputs: Inputs | None) -> str:
    return f"{inputs.image}@{inputs.digest}" if inputs else "nothing was asked"


def _outputs(finding: Finding) -> str:
    values = {
        "status": finding.status,
        "verified-at": finding.verified_at,
        "reasons": ",".join(finding.reasons),
    }
    delimiter = f"end_{uuid.uuid4().hex}"
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _summary(finding: Finding, inputs: Inputs | None) -> str:
    """Inside of `pre`, Markdown means nothing, and HTML is escaped."""
    said = html.escape(inert(f"{_name(inputs)} {_words(finding)}"))
    return f"### registry-verifier: {finding.status}\n\n<pre>{said}</pre>\n\n"


def _append(file: str | None, text: str) -> None:
    if file:
        with Path(file).open("a", encoding="utf-8", newline="\n") as opened:
            opened.write(text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
