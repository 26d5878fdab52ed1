"""What came of asking: the words that the step's output has, and the exit codes that go with them."""

from __future__ import annotations

from dataclasses import dataclass

VERIFIED, REFUSED, BAD_USAGE, UNKNOWN, NO_POLICY, PENDING, NO_VERDICT = range(7)
"""the step's exit codes, those of `registry-verifier status`: 0 is the only one that lets a deploy go on"""


@dataclass(frozen=True)
class Finding:
    """What one question came to."""

    status: str
    """for the output `status`"""
    exit_code: int
    text: str
    """for people; the other side may have written some of it"""
    final: bool = True
    """whether asking again is of no use"""
    trouble: bool = False
    """whether nobody answered usefully: a few of these in a row are enough"""
    reasons: tuple[str, ...] = ()
    verified_at: str = ""
    retry_after: int | None = None
    """after how many seconds the other side wants to be asked again"""


class Ended(Exception):  # noqa: N818 - it ends the step, by what was found
    """There is nothing more to ask; carries what is to be told."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def bad_usage(text: str) -> Finding:
    """The workflow or the deployment must be mended."""
    return Finding("UNKNOWN", BAD_USAGE, text)


def not_asked(text: str, *, final: bool = False, retry_after: int | None = None) -> Finding:
    """Nothing is known about the image, since the question was not answered."""
    return Finding("UNKNOWN", UNKNOWN, text, final=final, trouble=True, retry_after=retry_after)
