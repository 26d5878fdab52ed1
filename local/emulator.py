"""ministack, the AWS emulator, as a process: on loopback only, in a folder of its own that goes when it goes.

It lives in an environment of its own (`make test` and `make demo` make it): it pins botocore, and it runs every
function under its own interpreter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.template import ROOT

PROGRAM = ROOT / ".venv-ministack" / "bin" / "ministack"
ACCOUNT = "123456789012"
REGION = "us-east-1"

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@contextlib.contextmanager
def running(
    *, enforce_roles: bool = True, environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> Iterator[str]:
    """Run the emulator; the value is its URL. Every function sees `environment` beside its own.

    Its folder is made in `directory`, or where the system keeps what is temporary, and removed at the end.
    Raises RuntimeError with the end of its log where it does not start.
    """
    port = _free_port()
    home = Path(tempfile.mkdtemp(prefix="registry-verifier-", dir=directory))
    with (home / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM],
            cwd=home,
            env=_environment(home, port, enforce_roles) | dict(environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield _wait(process, f"http://127.0.0.1:{port}", home / "emulator.log")
        finally:
            _stop(process)
            shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path, port: int, enforce_roles: bool) -> dict[str, str]:
    """Nothing of the caller's but PATH: no AWS profile, no home directory, no settings of Python."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AUTH": str(enforce_roles).lower(),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "POWERTOOLS_TRACE_DISABLED": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
            return url
        time.sleep(0.03)
    raise RuntimeError(f"the emulator did not start\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it and the functions that it started: all are in its process group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
