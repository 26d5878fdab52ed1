"""What `make contract` is made of: the file and the values that schemathesis is given, and that a failure fails."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from local.contract import __main__ as contract
from local.contract import fuzz
from local.patience import Unexpected, require, waited
from local.publishes import Published

DOCUMENT = json.loads(contract.CHECKED_IN.read_text())
KNOWN = Published(*(f"sha256:{number:064x}" for number in range(4)))


def test_schemathesis_is_given_the_rules_and_what_is_in_the_table() -> None:
    given = tomllib.loads(fuzz.RULES.read_text() + fuzz.lists(DOCUMENT) + fuzz.dictionaries(KNOWN))
    assert given["dictionaries"]["digest"]["values"] == [f"sha256:{number:064x}" for number in range(4)]
    bound = {name: binding["dictionary"] for name, binding in given["parameters"].items()}
    assert set(bound.values()) == given["dictionaries"].keys()
    assert bound["path.digest"] == bound["body.digest"] == "digest"


def test_no_check_is_off_but_the_one_that_says_why() -> None:
    given = tomllib.loads(fuzz.RULES.read_text())
    assert "checks" not in given
    assert [one["checks"] for one in given["operations"]] == [{"ensure_resource_availability": {"enabled": False}}]


def test_only_lists_may_refuse_what_the_file_allows() -> None:
    named = {one["include-operation-id"] for one in tomllib.loads(fuzz.lists(DOCUMENT))["operations"]}
    assert {"list_images", "list_verifications", "list_incidents"} <= named
    assert not named & {"gate", "get_digest", "get_verification", "request_verification"}


def test_everything_is_asked_but_what_only_a_token_of_github_opens() -> None:
    opened = fuzz.opened(copy.deepcopy(DOCUMENT))
    assert DOCUMENT["paths"].keys() - opened["paths"].keys() == {path for path in DOCUMENT["paths"] if "oidc" in path}
    assert "security" in json.dumps(DOCUMENT["paths"])
    operations: list[Any] = [operation for item in opened["paths"].values() for operation in item.values()]
    assert operations and not any("security" in operation for operation in operations)


@pytest.mark.parametrize("holds", [True, False])
def test_a_step_says_how_it_went(holds: bool, capsys: pytest.CaptureFixture[str]) -> None:
    folders: list[Path] = []

    def step(api_url: str, known: Published, folder: Path) -> bool:
        folders.append(folder)
        return holds and folder.is_dir() and api_url == "http://api" and known is KNOWN

    assert contract.taken("a step", step, "http://api", KNOWN) == holds
    assert ("FAILED" in capsys.readouterr().out) != holds
    assert not folders[0].exists()


def test_patience_ends() -> None:
    assert waited(lambda: "found") == "found"
    with pytest.raises(Unexpected, match="nothing came of it in 0 seconds"):
        waited(lambda: None, seconds=0.1)
    with pytest.raises(Unexpected, match="otherwise"):
        require(False, "otherwise")
