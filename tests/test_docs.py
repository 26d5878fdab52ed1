"""What the documents say is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from registry_verifier import command_line
from registry_verifier.query import gate
from registry_verifier.reasons import Reason, Status
from tests.conftest import ROOT

README, ARCHITECTURE, SECURITY = ((ROOT / f"{name}.md").read_text() for name in ("README", "ARCHITECTURE", "SECURITY"))
MAKEFILE = (ROOT / "Makefile").read_text()
ROOMS = sorted(
    path.stem
    for path in (ROOT / "layers/registry_verifier/registry_verifier").iterdir()
    if path.stem not in ("__init__", "__pycache__", "py")
)
TARGETS = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_map(room: str) -> None:
    assert re.search(rf"\b{room}\b", ARCHITECTURE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", README + ARCHITECTURE + SECURITY))))
def test_every_target_that_is_spoken_of_is_there_and_has_its_line(target: str) -> None:
    assert target in TARGETS


def test_help_lists_every_target_that_people_call() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in said.splitlines() if line and not line.startswith("make")] == TARGETS


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?!application/)(?:[a-z_]+/)+[a-zA-Z_.]*|[a-z_]+\.py)`", ARCHITECTURE + README)))
)
def test_every_file_that_is_named_is_there(path: str) -> None:
    places = (ROOT, ROOT / "layers/registry_verifier/registry_verifier")
    assert any((place / path).exists() for place in places)


@pytest.mark.parametrize("status", list(Status))
def test_statuses_with_their_exit_codes(status: Status) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{status.value}`"))
    _, _, _, code, _, _ = (cell.strip() for cell in row.split("|"))
    assert code == str(command_line.EXIT.get(status, ""))


@pytest.mark.parametrize("status", list(Status))
def test_statuses_with_their_gates(status: Status) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{status.value}`"))
    expected = 200 if status is Status.VERIFIED else gate.REFUSALS[status][0]
    assert row.split("|")[4].strip() == str(expected)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_used_somewhere(reason: Reason) -> None:
    sources = (ROOT / "layers/registry_verifier/registry_verifier").rglob("*.py")
    assert any(f"Reason.{reason.name}" in path.read_text() for path in sources)


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [ROOT / name for name in listed.splitlines()]


@pytest.mark.skipif(not committed(), reason="this is no git checkout")
def test_no_committed_file_names_a_package_registry() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted.org", "proxy.golang" + ".org", "registry.npm" + "js.org"]
    files = [path for path in committed() if path.is_file()]
    assert not [path for path in files for host in hosts if host.encode() in path.read_bytes()]


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in README
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text()
