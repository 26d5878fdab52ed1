"""Verification summaries: what was decided about a digest, in a form that others can carry on and check."""

from __future__ import annotations

import json

from registry_verifier import verification_summary
from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.models import State
from registry_verifier.query.gate import REFUSALS
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import Signer, World
from registry_verifier.question.parameters import DIGEST, OF_IMAGE
from registry_verifier.question.request import Asked, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import Envelope, SummaryStatement
from registry_verifier.shapes.gates import Problem

_WAIT_SECONDS = 60


def _answer(asked: Asked, world: World) -> Answer:
    state = world.verdicts.state(asked.image, asked.digest)
    if state is None:
        detail = f"nothing is known about {asked.image}@{asked.digest}"
        return problem(404, "no_verdict", detail, asked.path)
    if state.status in (Status.PENDING, Status.UNKNOWN):
        return problem(*REFUSALS[state.status], asked.path, retry_after=_WAIT_SECONDS)
    statement = verification_summary.statement(state, world.api_url or verification_summary.NAMELESS)
    if statement is None:
        return problem(404, "no_summary", _why_none(state), asked.path)
    if world.signer is None:
        return ok(statement, media_type=verification_summary.PAYLOAD_TYPE)
    return ok(_signed(statement, world.signer()), media_type=verification_summary.ENVELOPE)


def _signed(statement: SummaryStatement, signer: Signer) -> Envelope:
    payload = json.dumps(statement, separators=(",", ":")).encode()
    signature = signer.sign(verification_summary.encoded(payload))
    return verification_summary.envelope(payload, signature)


def _why_none(state: State) -> str:
    if state.status is Status.NO_POLICY:
        return REFUSALS[state.status][2]
    if index := state.document.get("covered_by"):
        return f"the verdict is that of index {index}, which has the summary"
    return "the policies of the verdict cannot be named"


OPERATIONS = (
    Operation(
        name="get_summary",
        method="GET",
        path="/v1/images/{owner}/{name}/digests/{digest}/vsa",
        summary="the verdict as a verification summary (VSA)",
        description=(
            "An in-toto statement with the predicate `https://slsa.dev/verification_summary/v1`; in a DSSE envelope"
            " where the deployment has a key that signs. It claims no SLSA level."
        ),
        answer=_answer,
        parameters=(*OF_IMAGE, DIGEST),
        replies={
            200: Reply(
                "The summary of what is VERIFIED or FAILED",
                SummaryStatement,
                verification_summary.PAYLOAD_TYPE,
                also={verification_summary.ENVELOPE: Envelope},
            ),
            404: Reply("Nothing is known, or no policy of its own can be named (`no_summary`)", Problem, PROBLEM),
            409: Reply("It is PENDING", Problem, PROBLEM),
            503: Reply("It is UNKNOWN, or the verdicts cannot be read now", Problem, PROBLEM),
        },
    ),
)
