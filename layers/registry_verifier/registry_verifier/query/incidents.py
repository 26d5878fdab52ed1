"""Incidents: what people were told, and whether it is over."""

from __future__ import annotations

from registry_verifier.answer import Answer
from registry_verifier.incident import Incident, Kind
from registry_verifier.query import lists
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import CURSOR, IMAGE, LIMIT, choice
from registry_verifier.question.request import Asked
from registry_verifier.shapes.lists import IncidentList, IncidentReport
from registry_verifier.verdict_document import timestamp

_STATE = choice("state", "only those that people still wait for, or only those that are over", ("open", "ended"))
_CLASS = choice("class", "only this class of reasons", (kind.value for kind in Kind))


def _list(asked: Asked, world: World) -> Answer:
    limit = asked.values["limit"]
    window = lists.window(asked, world, "incidents")
    found = world.verdicts.incidents(limit=lists.count(asked, "image", "state", "class"), window=window)
    page = lists.chosen(found, lambda incident: _fits(asked, incident), limit)
    return lists.listed(asked, world, "incidents", [report(entry.value) for entry in page.entries], page.next_position)


def _fits(asked: Asked, incident: Incident) -> bool:
    return (
        asked.get("image") in (None, incident.image)
        and asked.get("state") in (None, _state(incident))
        and asked.get("class") in (None, incident.key.kind.value)
    )


def report(incident: Incident) -> IncidentReport:
    """An incident as the API shows it; where people were told is nobody else's business."""
    return {
        "image": str(incident.image),
        "digest": incident.digest,
        "incident_class": incident.key.kind.value,
        "policy": incident.key.policy or None,
        "state": "open" if incident.is_open else "ended",
        "ending": incident.ending and incident.ending.value,
        "reasons": list(incident.reasons),
        "first_seen": timestamp(incident.first_seen),
    }


def _state(incident: Incident) -> str:
    return "open" if incident.is_open else "ended"


OPERATIONS = (
    Operation(
        name="list_incidents",
        method="GET",
        path="/v1/incidents",
        summary="what people were told",
        description=f"By when the digest was first seen, newest first. {lists.EXAMINES}",
        answer=_list,
        replies={200: lists.page("the incidents", IncidentList)},
        parameters=(IMAGE, _STATE, _CLASS, *lists.PERIOD, LIMIT, CURSOR),
        tag="incidents",
    ),
)
