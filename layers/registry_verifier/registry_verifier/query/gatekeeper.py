"""OPA Gatekeeper's external data: verdicts about the images that a constraint asks for.

A VERIFIED image has the value `verified`, every other one an error, so that a template which denies on errors refuses
it. A request that is no request has a `systemError` too: Gatekeeper reads the body whatever the status code is.
Sources: Gatekeeper, "External Data" (v1beta1); its Go types in `constraint/pkg/externaldata`.
"""

from __future__ import annotations

from typing import Any

from registry_verifier.answer import Answer, ok, problem
from registry_verifier.errors import BadRequest
from registry_verifier.query.admission import Reviewed, references, reviewed
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.request import Asked, Reply
from registry_verifier.shapes.asks import AdmissionResult, ProviderItem, ProviderRequest, ProviderResponse

_VERSION = "externaldata.gatekeeper.sh/v1beta1"
_KIND = "ProviderRequest"


def _answer(asked: Asked, world: World) -> Answer:
    try:
        keys = _keys(asked.body)
    except BadRequest as error:
        return problem(400, "bad_request", str(error), asked.path, response={"systemError": str(error)})
    return ok(_response(reviewed(world.verdicts, keys)))


def _keys(body: dict[str, Any]) -> tuple[str, ...]:
    for name, expected in (("apiVersion", _VERSION), ("kind", _KIND)):
        if body.get(name) != expected:
            raise BadRequest(f"{name} is {str(body.get(name))[:80]!r} (expected {expected!r})")
    request = body.get("request")
    if not isinstance(request, dict):
        raise BadRequest("request is no object")
    return references(request.get("keys"), "request.keys")


def _response(found: Reviewed) -> ProviderResponse:
    return {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderResponse",
        "response": {
            "idempotent": True,
            "items": [_item(result) for result in found.results],
            "systemError": f"{found.unavailable}: the verdicts cannot be read now" if found.unavailable else "",
        },
    }


def _item(result: AdmissionResult) -> ProviderItem:
    if result["allowed"]:
        return {"key": result["image"], "value": "verified", "error": ""}
    reasons = f" ({', '.join(result['reasons'])})" if result["reasons"] else ""
    return {"key": result["image"], "value": None, "error": f"{result['code']}: {result['detail']}{reasons}"}


OPERATIONS = (
    Operation(
        name="gatekeeper",
        method="POST",
        path="/v1/gatekeeper",
        summary="verdicts for OPA Gatekeeper's external data",
        description=(
            "Takes and answers what Gatekeeper's `external_data` sends and reads. Each key is an image with its digest;"
            " its value is `verified`, or it has an error."
        ),
        answer=_answer,
        body=ProviderRequest,
        replies={200: Reply("A value or an error for each key, in order", ProviderResponse)},
        tag="clients",
    ),
)
