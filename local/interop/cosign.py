"""The cosign binary: where it is, how it is built, and how it is run, apart from the user's own Sigstore settings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.go_command import go

VERSIONS = {2: "v2.6.4", 3: "v3.1.2"}
"""what is built, by major version"""
_SECONDS = 120


class CosignFailed(Exception):
    """cosign was to do something and did not."""


@dataclass(frozen=True)
class Outcome:
    """How a run of cosign ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def accepted(self) -> bool:
        """Whether it said yes."""
        return self.code == 0

    @property
    def complaint(self) -> str:
        """The last line of what it said on stderr, where it said no."""
        return "" if self.accepted else (self.stderr.strip().splitlines() or ["no word"])[-1][:300]


@dataclass(frozen=True)
class Cosign:
    """One binary and the version that it says it is, such as `v3.1.2`."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.version.lstrip("v").partition(".")[0])

    def run(self, *arguments: str, home: Path, environment: Mapping[str, str] | None = None) -> Outcome:
        """Run it with `home` as home directory and nothing of our own environment but PATH and temporary directory."""
        ours = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [str(self.path), *arguments],
            env={**ours, "HOME": str(home), **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def find(major: int, *, built: Path) -> Cosign | None:
    """The cosign of this major version: from COSIGN2 or COSIGN3, from `built`, or from PATH."""
    named = (os.environ.get(f"COSIGN{major}"), built / f"cosign{major}", shutil.which("cosign"))
    for path in named:
        cosign = _examine(Path(path)) if path else None
        if cosign is not None and cosign.major == major:
            return cosign
    return None


def build(major: int, *, built: Path) -> Cosign:
    """Build the pinned version with Go into `built`; CosignFailed where there is no Go or it does not build."""
    if shutil.which("go") is None:
        raise CosignFailed("no go to build cosign with")
    built.mkdir(parents=True, exist_ok=True)
    package = f"github.com/sigstore/cosign/v{major}/cmd/cosign@{VERSIONS[major]}"
    go("install", package, failed=CosignFailed, built=built)
    found = _examine((built / "cosign").rename(built / f"cosign{major}"))
    if found is None:
        raise CosignFailed(f"what {package} built does not run")
    return found


def _examine(path: Path) -> Cosign | None:
    if not path.is_file():
        return None
    done = subprocess.run([str(path), "version", "--json"], capture_output=True, timeout=_SECONDS, check=False)
    return None if done.returncode else Cosign(path, json.loads(done.stdout)["gitVersion"])
