"""What `sam build` makes of each function and layer, made for this machine's Python instead of Lambda's.

The same Makefile targets build both. A build is kept under the hash of what went into it, so that the second stack
starts at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from local.template import ROOT

KEPT = ROOT / ".build" / "local"

SOURCES = {
    "DependenciesLayer": "layers/dependencies",
    "LibraryLayer": "layers/registry_verifier",
    "ConfigurationLayer": "layers/configuration",
    "RegoLayer": "layers/rego",
    "ReceiveFunction": "functions/receive",
    "VerifyFunction": "functions/verify",
    "NotifyFunction": "functions/notify",
    "QueryFunction": "functions/query",
    "SweepFunction": "functions/sweep",
}
"""logical id -> the folder that its artifact is made of; the Makefile is in the folder above"""


def folder(name: str) -> Path:
    """The built artifact with this logical id, as Lambda would unpack it.

    Raises subprocess.CalledProcessError where it cannot be built; make has said why on standard error.
    """
    artifact = KEPT / f"{name}-{_key(name)}"
    with _one_at_a_time():
        if not artifact.exists():
            _forget_older(name)
            _build(name, artifact)
    return artifact


def archive(name: str) -> Path:
    """The same as a zip file, not compressed: it is unpacked many times on this machine and goes nowhere else."""
    artifact = folder(name)
    packed = artifact.with_suffix(".zip")
    with _one_at_a_time():
        if not packed.exists():
            _pack(artifact, packed)
    return packed


def _key(name: str) -> str:
    source = ROOT / SOURCES[name]
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {platform.machine()} {os.environ.get('REGO')}".encode())
    for file in [source.parent / "Makefile", *_files(source)]:
        digest.update(f"\0{file.relative_to(source.parent)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _files(directory: Path) -> Iterator[Path]:
    """The files below, in a stable order, without what Python leaves behind."""
    return (f for f in sorted(directory.rglob("*")) if f.is_file() and "__pycache__" not in f.parts)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Tests run in several processes: one builds, the others wait and find it built."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(name: str, artifact: Path) -> None:
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        made = Path(scratch) / "artifact"
        made.mkdir()
        makefile_folder = (ROOT / SOURCES[name]).parent
        subprocess.run(_command(name, made), cwd=makefile_folder, env=_environment(), check=True)
        made.rename(artifact)


def _command(name: str, destination: Path) -> list[str]:
    uv = Path(sys.executable).with_name("uv")
    return ["make", "-s", f"build-{name}", f"ARTIFACTS_DIR={destination}", f"HOST_PYTHON={sys.executable}", f"UV={uv}"]


def _environment() -> dict[str, str]:
    """This process's, without the make that may have started it."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}


def _forget_older(name: str) -> None:
    for old in KEPT.glob(f"{name}-*"):
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink(missing_ok=True)


def _pack(artifact: Path, packed: Path) -> None:
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        made = Path(scratch) / "artifact.zip"
        with zipfile.ZipFile(made, "w") as archive_file:
            for file in sorted(artifact.rglob("*")):
                if file.is_file():
                    archive_file.write(file, file.relative_to(artifact))
        made.rename(packed)
