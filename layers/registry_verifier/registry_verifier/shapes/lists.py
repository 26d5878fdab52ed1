"""What the API answers with lists of: records, repositories, tags, statements, children and incidents."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from registry_verifier.shapes.verdicts import Child, HistoricVerdict, Statement, Summary

IncidentClass = Literal["failed", "unknown", "no-policy"]


class VerificationList(TypedDict):
    """Records, newest first."""

    items: list[Summary]
    next_cursor: str | None


class HistoryList(TypedDict):
    """The verdicts about one digest, newest first; the one that stands comes first."""

    items: list[HistoricVerdict]
    next_cursor: str | None


class ImageState(TypedDict):
    """A repository and its newest publish."""

    image: str
    newest: Summary | None
    """null where its records have expired"""


class ImageList(TypedDict):
    """Repositories that have records, by name."""

    items: list[ImageState]
    next_cursor: str | None


class FormerDigest(TypedDict):
    """What a tag pointed to before."""

    digest: str
    since: str


class Tag(TypedDict):
    """What a tag points to, as far as publishes told."""

    image: str
    tag: str
    digest: str
    since: str
    former: list[FormerDigest]
    """newest first, at most 20"""


class TagVerdict(Tag):
    """A tag with the verdict about what it points to."""

    verdict: Summary | None


class TagList(TypedDict):
    """The tags of a repository, by name."""

    items: list[Tag]
    next_cursor: str | None


class StatementUse(TypedDict):
    """What a statement is used for."""

    policy: str
    authority: str
    requirement: str


class FoundStatement(Statement):
    """A statement with what it is used for."""

    used_by: list[StatementUse]


class StatementList(TypedDict):
    """What was found about a digest."""

    items: list[FoundStatement]
    next_cursor: None
    """there is one page"""


class ChildList(TypedDict):
    """The images that an index lists."""

    items: list[Child]
    next_cursor: None
    """there is one page"""


class IncidentReport(TypedDict):
    """What people were told about a digest, and whether it is over."""

    image: str
    digest: str
    incident_class: IncidentClass
    policy: str | None
    """the policy that does not hold, of class `failed`"""
    state: Literal["open", "ended"]
    ending: str | None
    """`verified`, `superseded`, `holds`, `not demanded`, `judged` or `covered`"""
    reasons: list[str]
    first_seen: str
    """when the digest was first seen"""


class IncidentList(TypedDict):
    """Incidents, newest first."""

    items: list[IncidentReport]
    next_cursor: str | None
