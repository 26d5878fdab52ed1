"""Debian's `docker-registry` (distribution) on loopback: like GHCR it has no referrers API, and we did not write it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

_PROGRAM = "docker-registry"
_START_SECONDS = 15
_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{inmemory: {{}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def installed() -> bool:
    """Whether there is one."""
    return shutil.which(_PROGRAM) is not None


class DockerRegistry:
    """Runs one, in memory, from `with` to its end. RuntimeError where it does not come up."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DockerRegistry:
        config = Path(self._folder.name) / "config.yml"
        config.write_text(_CONFIG.format(port=self._port))
        self._process = subprocess.Popen(
            [_PROGRAM, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._await()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._folder.cleanup()

    def _await(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.url}/v2/", timeout=1).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        self.__exit__()
        raise RuntimeError(f"{_PROGRAM} did not answer within {_START_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
