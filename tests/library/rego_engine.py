"""Where the command `opa` is, and commands that answer in its place as it never should."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from local.template import ROOT


def installed() -> str | None:
    """OPA itself: named by the variable OPA, built by `make rego`, or on PATH."""
    built = ROOT / ".build" / "bin" / "opa"
    return os.environ.get("OPA") or (str(built) if built.exists() else shutil.which("opa"))


OPA = installed()
NEEDS_OPA = pytest.mark.skipif(
    OPA is None, reason="no opa: `make rego` builds it with Go, or name it in the variable OPA"
)


def put_on_path(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("PATH", f"{Path(command).resolve().parent}:/usr/bin:/bin")


def answering(folder: Path, script: str) -> str:
    """A command `opa` that is this shell script."""
    command = folder / "opa"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return str(command)
