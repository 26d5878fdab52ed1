"""The go command, for the tools that this verifier is held against. Nothing else needs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SECONDS = 1800


def go(*arguments: str, failed: type[Exception], folder: Path | None = None, built: Path | None = None) -> str:
    """What go prints in `folder`; what it installs goes into `built`. Raises `failed`, with the last that go said."""
    command = ["go", *arguments]
    environment = {**os.environ, **({"GOBIN": str(built.resolve())} if built else {})}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout
