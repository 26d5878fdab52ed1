"""Where the browser of `make browser` comes from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.browser import chromium
from local.browser.chromium import NoBrowser


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for; whoever looks is not root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


def _program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_debians_browser_is_found(programs: Path) -> None:
    theirs = _program(programs, "chromium")
    assert chromium.path() == str(theirs)
    assert chromium.has_sandbox()


def test_a_named_browser_comes_first(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(programs, "chromium")
    mine = _program(programs, "mine")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert chromium.path() == str(mine)


def test_who_is_not_root_is_told_how(programs: Path) -> None:
    _program(programs, "apt-get", f"#!/bin/sh\n/usr/bin/touch {programs}/called\n")
    with pytest.raises(NoBrowser, match=r"as root, apt-get install .* chromium .*CHROMIUM"):
        chromium.path()
    assert not (programs / "called").exists()


def test_root_has_it_installed(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    _program(programs, "apt-get", f'#!/bin/sh\necho "$@" >> {programs}/called\n/bin/cp "$0" {programs}/chromium\n')
    assert chromium.path() == str(programs / "chromium")
    assert "install --yes --no-install-recommends chromium" in (programs / "called").read_text()
    assert not chromium.has_sandbox()


def test_root_without_a_network_is_told_too(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    _program(programs, "apt-get", "#!/bin/sh\nexit 100\n")
    with pytest.raises(NoBrowser):
        chromium.path()
