"""The browser: Debian's Chromium, installed where it is missing and that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")
_SECONDS = 900
ADVICE = f"no Chromium on this machine: as root, {' '.join(_INSTALL)}; or name one in the environment variable CHROMIUM"


class NoBrowser(Exception):
    """There is none, and it cannot be installed from here."""


def path() -> str:
    """Where it is; installs it where it is missing. Raises NoBrowser."""
    found = _found()
    if found is None and _is_root() and shutil.which(_INSTALL[0]):
        subprocess.run(["apt-get", "update", "-qq"], timeout=_SECONDS, check=False)
        subprocess.run(_INSTALL, timeout=_SECONDS, check=False)
        found = _found()
    if found is None:
        raise NoBrowser(ADVICE)
    return found


def has_sandbox() -> bool:
    """Chromium refuses its sandbox to root."""
    return not _is_root()


def _found() -> str | None:
    names = (os.environ.get("CHROMIUM", ""), *_NAMES)
    return next((place for name in names if name and (place := shutil.which(name))), None)


def _is_root() -> bool:
    return os.geteuid() == 0
