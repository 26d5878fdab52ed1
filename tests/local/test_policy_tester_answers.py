"""What policy-tester answered, row by row, and what we think that policy-controller would say. Needs no Go."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.interop.pair import Pair
from local.interop.pairs import PAIRS
from local.interop.policies import ANSWERS, REPOSITORY, Court
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore
from tests.library.rego_engine import NEEDS_OPA, OPA, put_on_path

RECORDED: dict[str, str] = json.loads((Path(__file__).parents[2] / ANSWERS).read_text())


@pytest.fixture(scope="module")
def registry() -> Iterator[tuple[str, Repository]]:
    with LocalRegistry() as running, Repository(running.url, REPOSITORY) as repository:
        yield running.url, repository


def test_every_row_has_its_answer_and_every_answer_its_row() -> None:
    assert Counter(pair.name for pair in PAIRS) == Counter(list(RECORDED))


def test_every_answer_was_given() -> None:
    assert set(RECORDED.values()) == {"admit", "deny", "warn", "invalid"}


def _asks_opa(pair: Pair) -> bool:
    return any("isCompliant" in json.dumps(policy) for policy in pair.policies)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair.name))
def test_we_say_what_policy_tester_said(
    pair: Pair, registry: tuple[str, Repository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if _asks_opa(pair):
        if OPA is None:
            pytest.skip(NEEDS_OPA.kwargs["reason"])
        put_on_path(monkeypatch, OPA)
    _, ours = Court(PrivateSigstore(), tmp_path).ask(pair, *registry)
    assert pair.agrees(ours.word, RECORDED[pair.name]), f"{ours.word} for {RECORDED[pair.name]}: {ours.text}"
