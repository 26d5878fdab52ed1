"""That pairs made by chance can be made again, hold what they should, and that a disagreement does not pass."""

from __future__ import annotations

import json

import pytest

from local.interop.policy_tester import Answer
from local.interop.random_pairs import Score, make
from local.interop.random_policies import PREDICATES

_SOME = [make(1, number) for number in range(400)]
_FEATURES = [
    *("attestations", "cue", "rego", "spec.policy", "static", "key", "hashAlgorithm", "source", "v1alpha1"),
    *("ctlog", "rfc3161timestamp", "trustRootRef", "insecureIgnoreSCT", "match", "resource"),
    *("image", "index", "child", "tampered", "twice"),
]
_NAMED = ("mode warn", "two keys", "signatureFormat bundle", "signatureFormat legacy", "type by URI")


def test_pair_is_made_again_by_its_seed_and_number() -> None:
    for made in _SOME[:50]:
        again = make(1, int(made.pair.name.partition("/")[2]))
        assert json.dumps(again.pair.policies) == json.dumps(made.pair.policies)
        assert (again.tags, again.evidence) == (made.tags, made.evidence)


def test_another_seed_makes_other_pairs() -> None:
    assert make(2, 1).pair.policies != make(1, 1).pair.policies


@pytest.mark.parametrize("tag", [*_FEATURES, *_NAMED, *(f"type {word}" for word in PREDICATES if ":" not in word)])
def test_everything_that_is_to_be_compared_comes_up(tag: str) -> None:
    assert sum(tag in made.tags for made in _SOME) >= 3


def test_evidence_in_words_has_each_step() -> None:
    assert all(len(made.evidence) == len(made.pair.evidence) - 1 for made in _SOME)


def test_disagreement_is_counted_and_printed_with_its_policies(capsys: pytest.CaptureFixture[str]) -> None:
    score, made = Score(), _SOME[0]
    score.add(made, Answer("deny", "no"), Answer("admit", "yes"))
    score.add(made, Answer("deny", "no"), Answer("deny", "no"))
    printed = capsys.readouterr().out
    assert (score.agreed["all"], score.all["all"]) == (1, 2)
    assert printed.count("BAD 1/0 ") == 1
    assert json.dumps(made.pair.policies[0]) in printed


def test_agreement_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Score().add(_SOME[0], Answer("warn", "no"), Answer("warn", "because"))
    assert capsys.readouterr().out == ""
