"""Tags: what they point to, and pointed to before."""

from __future__ import annotations

from registry_verifier.answer import PROBLEM, Answer, ok, problem
from registry_verifier.query import lists
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import World
from registry_verifier.question.parameters import CURSOR, LIMIT, OF_IMAGE, TAG_NAME
from registry_verifier.question.request import Asked, Reply
from registry_verifier.shapes.gates import Problem
from registry_verifier.shapes.lists import Tag, TagList, TagVerdict
from registry_verifier.verdict_document import timestamp
from registry_verifier.verdict_view import summary
from registry_verifier.watched import TagPointer


def _list(asked: Asked, world: World) -> Answer:
    after = lists.position(asked, world, "tags")
    found = world.verdicts.tags(asked.image, limit=asked.values["limit"], after=after)
    return lists.listed(asked, world, "tags", [tag(entry.value) for entry in found.entries], found.next_position)


def _one(asked: Asked, world: World) -> Answer:
    pointer = world.verdicts.pointer(asked.image, asked.values["tag"])
    if pointer is None:
        text = f"nothing is known about the tag {asked.values['tag']} of {asked.image}"
        return problem(404, "not_found", text, asked.path)
    state = world.verdicts.state(pointer.image, pointer.digest)
    found: TagVerdict = {**tag(pointer), "verdict": summary(state) if state else None}
    return ok(dict(found))


def tag(pointer: TagPointer) -> Tag:
    """A tag as the API shows it."""
    return {
        "image": str(pointer.image),
        "tag": pointer.tag,
        "digest": pointer.digest,
        "since": timestamp(pointer.since),
        "former": [{"digest": one.digest, "since": timestamp(one.since)} for one in pointer.former],
    }


OPERATIONS = (
    Operation(
        name="list_tags",
        method="GET",
        path="/v1/images/{owner}/{name}/tags",
        summary="the tags of a repository",
        description="By name, each with what it points to and pointed to before, as far as publishes told.",
        answer=_list,
        replies={200: lists.page("its tags", TagList)},
        parameters=(*OF_IMAGE, LIMIT, CURSOR),
        tag="images",
    ),
    Operation(
        name="get_tag",
        method="GET",
        path="/v1/images/{owner}/{name}/tags/{tag}",
        summary="what a tag points to",
        description="With the verdict about that digest. Deploy the digest: a tag may move at any time.",
        answer=_one,
        replies={
            200: Reply("the tag", TagVerdict),
            404: Reply("no publish of this tag is known (`not_found`)", Problem, PROBLEM),
        },
        parameters=(*OF_IMAGE, TAG_NAME),
        tag="images",
    ),
)
