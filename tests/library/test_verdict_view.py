"""Stored documents as the API answers with them: every member is there, whoever wrote them, and however cut."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier import stored_document, verdict_document, verdict_view
from registry_verifier.listing import Run, Sight
from registry_verifier.models import Identity, State
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause, ChildResult, ChildState, PolicyResult, RequirementResult
from registry_verifier.shapes.lists import FoundStatement
from registry_verifier.shapes.verdicts import DigestVerdict, HistoricVerdict, Summary, Verdict
from tests.library.stored_verdicts import hold_to
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, policy, state, statement, verdict

HOSTILE = "<script>alert(1)</script>\u202e\"'\\\x00\u2028" + "x" * 400


def _oldest() -> dict[str, Any]:
    """A document as the first version wrote it."""
    document = copy.deepcopy(state().document)
    members = "status reasons causes image digest media_type children policies statements nearest_miss reproduce"
    kept = {name: document[name] for name in (*members.split(), "trust_root", "verified_at", "verifier")}
    kept["trust_root"] = {"sha256": document["trust_root"]["sha256"]}
    policies = "name mode sha256 holds authorities"
    kept["policies"] = [{name: one[name] for name in policies.split()} for one in document["policies"]]
    for one in (r for p in kept["policies"] for a in p["authorities"] for r in a["requirements"]):
        del one["condition"]
    statements = "place format is_signature predicate_type identity log_index signed_at holds reason detail"
    kept["statements"] = [{name: one[name] for name in statements.split()} for one in document["statements"]]
    return kept


def _whole() -> dict[str, Any]:
    """A document in which everything that may be there is there."""
    demand = RequirementResult("leaves", None, "every leaf", Cause(Reason.CHILD_UNVERIFIED, "no"), condition="ab")
    judged = policy()
    full = PolicyResult(
        **{**vars(judged), "condition": demand, "leaves": demand, "presence": demand, "slack_channel": "#x"}
    )
    wrong = statement(2, reason=Reason.CERT_INVALID, key="sha256:ab", contradictions=("a",), compared=True, digest="d")
    made = verdict(
        Status.FAILED,
        policies=(full,),
        statements=(statement(1), wrong),
        children_table=(
            ChildResult(digest(1), None, ChildState.MISSING),
            ChildResult(digest(2), "linux/arm64", ChildState.COVERED),
        ),
        warnings=(Cause(Reason.PROVENANCE_MISMATCH, "w"),),
        drift=(Cause(Reason.EVIDENCE_LOST, "d"), Cause(Reason.TAG_MOVED, "t")),
        superseded_by=digest(8),
        covered_by=digest(9),
        kind="child",
        trust_root_checked_at=NOW,
        roots={"other": "cd"},
    )
    return verdict_document.write(made)


def _cut(**changes: Any) -> dict[str, Any]:
    """A document that was too large to be stored whole."""
    stored = stored_document.read(stored_document.write({**state().document, **changes}))
    assert stored["dropped"]
    return stored


def _many() -> list[Any]:
    """Statements of which no two are alike, so that they cannot be compressed: 5 MB."""
    one = state().document["statements"][0]
    return [{**one, "place": f"referrer {digest(number)}", "detail": HOSTILE * 2} for number in range(4000)]


def _hostile() -> dict[str, Any]:
    signer = Identity(HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    found = statement(identity=signer, predicate_type=HOSTILE, detail=HOSTILE, document={HOSTILE: [HOSTILE, None, 1.5]})
    return verdict_document.write(
        verdict(Status.FAILED, statements=(found,), causes=(Cause(Reason.CERT_INVALID, HOSTILE),))
    )


BARE = {name: state().document[name] for name in ("status", "reasons", "kind", "image", "digest", "verified_at")}
DOCUMENTS: Mapping[str, Any] = {
    "whole": _whole(),
    "as made": state().document,
    "oldest": _oldest(),
    "cut": _cut(statements=_many()),
    "cut to the bone": _cut(reproduce=["x" * 5_000_000]),
    "bare": {**BARE, "dropped": {"statements": 3}},
    "hostile": _hostile(),
    "waiting": verdict_document.write(verdict(Status.PENDING, statements=(), policies=(), nearest_miss=None)),
}


@pytest.fixture(params=sorted(DOCUMENTS))
def stored(request: pytest.FixtureRequest) -> State:
    document = DOCUMENTS[request.param]
    return State(IMAGE, DIGEST, 3, Status(document["status"]), document, NOW, NOW + timedelta(minutes=30))


def _run(stored: State) -> Run:
    return Run(IMAGE, DIGEST, stored.status, stored.document, NOW)


def test_every_answer_has_its_shape(stored: State) -> None:
    hold_to(Summary, verdict_view.summary(stored))
    hold_to(Verdict, verdict_view.verdict("x", stored.document))
    hold_to(DigestVerdict, verdict_view.record(stored, Sight(NOW, NOW)))
    hold_to(DigestVerdict, verdict_view.as_of(_run(stored), NOW))
    hold_to(HistoricVerdict, verdict_view.historic(_run(stored)))
    for one in verdict_view.statements(stored.document):
        hold_to(FoundStatement, one)


def test_nothing_that_is_stored_is_left_out(stored: State) -> None:
    shown = verdict_view.verdict("x", stored.document)
    for name, value in stored.document.items():
        assert name in shown or name == "tags"
        if name in ("causes", "reasons", "reproduce", "nearest_miss", "warnings", "drift", "dropped", "superseded_by"):
            assert shown[name] == value  # type: ignore[literal-required]
    assert len(shown["statements"]) == len(stored.document.get("statements") or ())


def test_what_is_there_is_shown_as_it_is() -> None:
    shown: Any = verdict_view.verdict("x", DOCUMENTS["whole"])
    assert {name: value for name, value in shown.items() if name not in ("id", "dropped", "statements")} == {
        name: value for name, value in DOCUMENTS["whole"].items() if name != "statements"
    }
    assert [{"compared": False, **one} for one in DOCUMENTS["whole"]["statements"]] == shown["statements"]
    assert shown["dropped"] is None


def test_what_was_cut_is_told() -> None:
    assert verdict_view.verdict("x", DOCUMENTS["cut"])["dropped"] == DOCUMENTS["cut"]["dropped"]


def test_a_stranger_s_words_are_passed_on_as_data() -> None:
    [one] = verdict_view.statements(DOCUMENTS["hostile"])
    assert one["identity"] == {"subject": HOSTILE, "issuer": HOSTILE, "claims": {HOSTILE: HOSTILE}}
    assert (one["predicate_type"], one["detail"]) == (HOSTILE, HOSTILE)


def test_the_same_verdict_has_the_same_id_whatever_it_is_shown_as() -> None:
    stored = state(document={"drift": [{"code": "TAG_MOVED", "text": "t"}], "superseded_by": digest(1)})
    ids = {verdict_view.summary(stored)["id"], verdict_view.record(stored, Sight())["id"], verdict_view.id_of(stored)}
    assert ids == {verdict_view.run_id(Run(IMAGE, DIGEST, stored.status, {**state().document, "drift": []}, NOW))}


def test_times_beside_the_verdict_are_shown_or_null() -> None:
    shown = verdict_view.record(state(), Sight(checked_at=NOW))
    assert (shown["checked_at"], shown["unseen_since"], shown["as_of"]) == ("2026-11-22T10:01:00Z", None, None)
    run = Run(IMAGE, DIGEST, Status.FAILED, state().document, NOW, NOW + timedelta(hours=1))
    assert verdict_view.historic(run)["replaced_at"] == "2026-11-22T11:01:00Z"
