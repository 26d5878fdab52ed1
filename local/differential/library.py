"""CUE's library in the version that policy-controller has: `unify.go`, built with Go, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.differential.cue import CueFailed
from local.go_command import go

VERSION = "v0.12.1"
"""of policy-controller v0.13.1"""
_SOURCE = Path(__file__).parent / "unify.go"
_PACKAGE = "cuelang.org/go/cue/cuecontext"
_NAME = "cue-unify"
_SECONDS = 300

Question = tuple[str, Sequence[Any]]
"""a condition, and the documents"""


@dataclass(frozen=True)
class Library:
    """One binary."""

    path: Path

    def all_pass(self, pairs: Sequence[Question]) -> list[list[bool]]:
        """For each condition and document whether it passes; a crash is no pass, and ends one process only."""
        answers = list[list[bool]]()
        while len(answers) < len(pairs):
            answers += self._asked(pairs[len(answers) :])
            if len(answers) < len(pairs):
                answers.append([False] * len(pairs[len(answers)][1]))
        return answers

    def _asked(self, pairs: Sequence[Question]) -> list[list[bool]]:
        """The answers up to a crash."""
        asked = (json.dumps({"policy": text, "documents": list(map(json.dumps, found))}) for text, found in pairs)
        done = subprocess.run(
            [str(self.path)],
            input="\n".join([*asked, ""]),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return [[said == "" for said in json.loads(line)] for line in done.stdout.splitlines()]


def find(built: Path) -> Library | None:
    """The binary that CUE_UNIFY names, or the one in `built`."""
    for path in (os.environ.get("CUE_UNIFY"), built / _NAME):
        if path and Path(path).is_file():
            return Library(Path(path))
    return None


def build(built: Path) -> Library:
    """Build it with Go into `built`; CueFailed where there is no Go or it does not build."""
    if shutil.which("go") is None:
        raise CueFailed(f"no go command (expected one to build {_SOURCE.name} with)")
    built.mkdir(parents=True, exist_ok=True)
    path = built.resolve() / _NAME
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_SOURCE, Path(folder) / "main.go")
        for step in (["mod", "init", "unify"], ["get", f"{_PACKAGE}@{VERSION}"], ["build", "-o", str(path), "."]):
            go(*step, failed=CueFailed, folder=Path(folder))
    return Library(path)
