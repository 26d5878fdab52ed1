"""The cue command: where it is, how it is built, and what it says to a condition and documents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.go_command import go

VERSION = "v0.16.1"
"""what is built where none is found"""
_SECONDS = 60


class CueFailed(Exception):
    """cue was to be built and could not be."""


@dataclass(frozen=True)
class Cue:
    """One binary."""

    path: Path

    def passes(self, condition: str, documents: Sequence[Any]) -> list[bool]:
        """For each document whether it can be unified with the condition: missing fields are filled in.

        By `cue eval`, since `cue vet` of this version demands values even with `-c=false`.
        """
        with tempfile.TemporaryDirectory() as folder:
            policy, file = Path(folder) / "policy.cue", Path(folder) / "document.json"
            policy.write_text(condition, encoding="utf-8")
            return [self._unifies(policy, file, document) for document in documents]

    def all_pass(self, pairs: Sequence[tuple[str, Sequence[Any]]]) -> list[list[bool]]:
        """The same for many conditions, several at a time."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda pair: self.passes(*pair), pairs))

    def _unifies(self, policy: Path, file: Path, document: Any) -> bool:
        file.write_text(json.dumps(document), encoding="utf-8")
        command = [str(self.path), "eval", policy.name, file.name]
        try:
            done = subprocess.run(command, cwd=policy.parent, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def find(built: Path) -> Cue | None:
    """The command that CUE names, the one in `built`, or the one on PATH."""
    for path in (os.environ.get("CUE"), built / "cue", shutil.which("cue")):
        if path and Path(path).is_file():
            return Cue(Path(path))
    return None


def build(built: Path) -> Cue:
    """Build the pinned version with Go into `built`; CueFailed where there is no Go or it does not build."""
    if shutil.which("go") is None:
        raise CueFailed(
            f"no cue command and no go to build it with (expected cue in CUE, {built} or PATH;"
            f" with Go: GOBIN=$PWD/{built} go install cuelang.org/go/cmd/cue@{VERSION})"
        )
    built.mkdir(parents=True, exist_ok=True)
    go("install", f"cuelang.org/go/cmd/cue@{VERSION}", failed=CueFailed, built=built)
    return Cue(built / "cue")
