"""The status page: its pages, what is asked of the table for each, and who sees what.

Whoever is not trusted sees the images that the operator made public and no other; of those nothing is read, so that
one that is private and one that does not exist are told apart neither by words nor by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from registry_verifier.answer import SVG, Answer
from registry_verifier.listing import Sight
from registry_verifier.models import State
from registry_verifier.query import framing, incidents, lists, tags, timeline
from registry_verifier.query.operation import Operation
from registry_verifier.query.overview import overview
from registry_verifier.query.world import World
from registry_verifier.question.parameters import CURSOR, DIGEST, OF_IMAGE
from registry_verifier.question.request import Access, Asked, Parameter, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.lists import FoundStatement
from registry_verifier.shapes.verdicts import Identity
from registry_verifier.verdict_view import historic, record, statements

PREFIXES = ("/status", "/v1/status")
_TAGS, _RUNS, _STATEMENTS, _CHILDREN = 50, 20, 100, 200
"""the most that one page shows of each"""
_FILE_AGE = "max-age=300"
_FILES = {"style.css": framing.CSS, "icon.svg": SVG}
_MEANINGS = {
    Status.VERIFIED.value: "Every policy that matches holds.",
    Status.FAILED.value: "The image does not meet its policies.",
    Status.PENDING.value: "Evidence is missing, and it is too early to say more.",
    Status.UNKNOWN.value: "Nobody could look. This says nothing about the image.",
    Status.NO_POLICY.value: "No policy matches the image, so nothing vouches for it.",
}
_WITHOUT_DETAILS = {"statements": (), "children": (), "policies": (), "history": (), "incidents": ()}


def _image(asked: Asked, world: World) -> Answer:
    framing.visible(asked, world)
    found = timeline.examined(asked, world)
    if not found.entries and asked.values.keys() <= {"image"}:
        raise framing.NotHere
    values = {"image": str(asked.image), **_tags(asked, world), **timeline.values(asked, world, found)}
    return framing.page(asked, world, "image.html", values)


def _tags(asked: Asked, world: World) -> Mapping[str, Any]:
    """By name as the table has them; those of one page newest first."""
    of_list = timeline.only(asked, "image")
    known = world.verdicts.tags(asked.image, limit=_TAGS, after=lists.position(of_list, world, "tags"))
    shown = sorted((tags.tag(entry.value) for entry in known.entries), key=lambda tag: tag["since"], reverse=True)
    more = timeline.link(asked, of_list, world, "tags", timeline.MORE.name, known.next_position)
    return {"known_tags": shown, "more_tags": more}


def _digest(asked: Asked, world: World) -> Answer:
    framing.visible(asked, world)
    sight = world.verdicts.sight(asked.image, asked.digest)  # before the record, as the API reads them
    state = world.verdicts.state(asked.image, asked.digest)
    if state is None:
        raise framing.NotHere
    values = {**_record(asked, state, sight), **_around(asked, world)}
    whole = framing.page(asked, world, "digest.html", {**values, "is_cut": False})
    if framing.fits(whole):
        return whole
    return framing.page(asked, world, "digest.html", {**values, **_WITHOUT_DETAILS, "is_cut": True})


def _record(asked: Asked, state: State, sight: Sight) -> Mapping[str, Any]:
    verdict = record(state, sight)
    found = statements(state.document)
    return {
        "verdict": verdict,
        "meaning": _MEANINGS[verdict["status"]],
        "policies": verdict["policies"],
        "statements": found[:_STATEMENTS],
        "numbers": {one["place"]: number for number, one in reversed([*enumerate(found[:_STATEMENTS], 1)])},
        "signers": _signers(found) if state.status is Status.VERIFIED else (),
        "children": verdict["children_table"][:_CHILDREN],
        "left_out": {
            "statements": len(found[_STATEMENTS:]),
            "children": len(verdict["children_table"][_CHILDREN:]),
        },
        "json_link": _json_link(asked),
    }


def _around(asked: Asked, world: World) -> Mapping[str, Any]:
    earlier = world.verdicts.history(asked.image, asked.digest, limit=_RUNS, after=None)
    return {
        "history": [historic(entry.value) for entry in earlier.entries],
        "has_more_history": earlier.next_position is not None,
        "incidents": [incidents.report(one) for one in world.verdicts.of_digest(asked.image, asked.digest)],
    }


def _signers(found: Iterable[FoundStatement]) -> Sequence[Identity]:
    """Whose statements the verdict rests on, each once."""
    used = (one["identity"] for one in found if one["used_by"])
    return list({(one["subject"], one["issuer"]): one for one in used if one}.values())


def _json_link(asked: Asked) -> str | None:
    """The way to the same in the API, for whom it answers."""
    if asked.request.access is not Access.TRUSTED:
        return None
    return f"{framing.root(asked)}{framing.to_api(asked)}images/{asked.image.repository}/digests/{asked.digest}"


def _file(name: str, media_type: str) -> framing.Page:
    def file(asked: Asked, world: World) -> Answer:
        from registry_verifier.status_page import render

        return framing.answer(render.file(name), media_type, Cache_Control=_FILE_AGE)

    return file


def _to_the_folder(asked: Asked, world: World) -> Answer:
    """From `status` to `status/`, below which everything else is named."""
    return framing.answer("", framing.HTML, status_code=308, Location=f"{asked.path.rpartition('/')[2]}/")


_Known = tuple[str, framing.Page, tuple[Parameter, ...]]
_PAGES: tuple[_Known, ...] = (
    ("/", overview, (*timeline.FILTERS, CURSOR, timeline.MORE)),
    ("/images/{owner}/{name}", _image, (*OF_IMAGE, *timeline.OF_ONE_IMAGE, CURSOR, timeline.MORE)),
    ("/images/{owner}/{name}/digests/{digest}", _digest, (*OF_IMAGE, DIGEST)),
)


def _operations(prefix: str) -> Iterator[Operation]:
    access = (Access.TRUSTED,) if prefix.startswith("/v1") else (Access.TRUSTED, Access.PUBLIC)
    made: list[_Known] = [(prefix, _to_the_folder, ())]
    made += [(f"{prefix}/{name}", _file(name, media_type), ()) for name, media_type in _FILES.items()]
    for path, make, known in _PAGES:
        in_query = tuple(framing.as_text(one) for one in known if one not in (*OF_IMAGE, DIGEST))
        made.append((prefix + path, framing.guarded(prefix + path, known, make), in_query))
    replies = {200: Reply("the page", media_type=framing.HTML)}
    for number, (path, answer, parameters) in enumerate(made):
        name = f"page_{number}_of{prefix.replace('/', '_')}"
        yield Operation(name, "GET", path, "a page", answer, replies, parameters=parameters, access=access, tag="pages")


OPERATIONS = tuple(operation for prefix in PREFIXES for operation in _operations(prefix))
