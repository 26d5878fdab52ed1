"""The bookkeeping of `make interop`: who is asked, and what counts as a disagreement. The rows themselves run live."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.interop.compare import Table
from local.interop.cosign import find
from local.interop.cosign_session import BUNDLE
from local.interop.material import ByCosign

GOOD = ByCosign("good", 3, BUNDLE)
BAD = ByCosign("bad", 3, BUNDLE, good=False)
DIFFERENT = ByCosign("different", 3, BUNDLE, known_difference="we are stricter")


@pytest.mark.parametrize(
    ("row", "cosign", "ours", "wrong"),
    [
        (GOOD, "yes", "yes", 0),
        (GOOD, "yes", "-", 0),
        (GOOD, "-", "yes", 0),
        (GOOD, "yes", "no", 1),
        (GOOD, "partly", "yes", 1),
        (GOOD, "yes", "exit 3", 1),
        (BAD, "no", "no", 0),
        (BAD, "yes", "no", 1),
        (BAD, "no", "yes", 1),
        (BAD, "no", "exit 3", 1),
        (DIFFERENT, "yes", "no", 0),
        (DIFFERENT, "yes", "yes", 1),
        (DIFFERENT, "no", "no", 1),
    ],
)
def test_disagreements_are_counted(row: ByCosign, cosign: str, ours: str, wrong: int) -> None:
    table = Table()
    table.add("a registry", row, {"cosign": cosign, "registry-verifier": ours})
    assert table.wrong == wrong


def _program(path: Path, version: str) -> Path:
    path.write_text(f'#!/bin/sh\necho \'{{"gitVersion": "{version}"}}\'\n')
    path.chmod(0o755)
    return path


def test_cosign_that_was_built_is_found(tmp_path: Path) -> None:
    found = find(9, built=_program(tmp_path / "cosign9", "v9.1.2").parent)
    assert found is not None
    assert (found.version, found.major) == ("v9.1.2", 9)


def test_cosign_of_another_version_is_not_taken(tmp_path: Path) -> None:
    assert find(9, built=_program(tmp_path / "cosign9", "v8.0.0").parent) is None


def test_cosign_runs_without_our_environment(tmp_path: Path) -> None:
    found = find(9, built=_program(tmp_path / "cosign9", "v9.1.2").parent)
    assert found is not None
    found.path.write_text('#!/bin/sh\necho "$HOME $SIGSTORE_ID_TOKEN $EXTRA"\n[ "$1" = yes ]\n')
    accepted = found.run("yes", home=tmp_path, environment={"EXTRA": "extra"})
    assert (accepted.accepted, accepted.stdout.split()) == (True, [str(tmp_path), "extra"])
    assert (found.run("no", home=tmp_path).accepted, found.run("no", home=tmp_path).complaint) == (False, "no word")
