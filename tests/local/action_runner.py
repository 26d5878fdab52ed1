"""A runner of GitHub Actions, as far as one step of a composite action can tell."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.library.verdicts import DIGEST, IMAGE
from tests.local.loopback import Loopback

ACTION = ROOT / "action"
STEP = yaml.safe_load((ACTION / "action.yml").read_text())


@dataclass
class Done:
    """A step that has ended."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    seconds: float

    @property
    def annotation(self) -> str:
        [line] = [line for line in self.log.splitlines() if line.startswith(("::error", "::notice"))]
        return line


@dataclass
class Runner:
    """What a hosted runner gives to a step of a composite action."""

    folder: Path
    github: Loopback
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, api_url: str, **inputs: str) -> Done:
        given = {"api-url": api_url, "image": str(IMAGE), "digest": DIGEST, "timeout": "0"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        [step] = STEP["runs"]["steps"]
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        output, summary = self.folder / "output", self.folder / "summary.md"
        environment = self._environment(output, summary) | _filled(step["env"], given) | self.environment
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]  # as `shell: bash` does
        began = time.monotonic()
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        seconds = time.monotonic() - began
        return Done(done.returncode, done.stdout + done.stderr, _read_outputs(output), summary.read_text(), seconds)

    def _environment(self, output: Path, summary: Path) -> dict[str, str]:
        for file in (output, summary):
            file.write_text("")
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.github.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-token",
        }


def _filled(env: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """The step's environment with the inputs in it; each value is one expression and nothing beside it."""
    values = {}
    for name, text in env.items():
        expression = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
        assert expression, text
        values[name] = given.get(expression[1], STEP["inputs"][expression[1]].get("default", ""))
    return values


def _read_outputs(file: Path) -> dict[str, str]:
    """As the runner reads it: `name<<delimiter`, lines, the delimiter alone on a line."""
    found, lines = {}, iter(file.read_text().splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        assert delimiter
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found
