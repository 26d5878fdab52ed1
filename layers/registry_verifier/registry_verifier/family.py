"""An index and its children: whose verdict covers whom, and who hears of what became of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from registry_verifier import coverage
from registry_verifier.grace import PATIENCE
from registry_verifier.models import Look, State, Verdict
from registry_verifier.policy.model import Policy
from registry_verifier.ports import Looks, Verdicts
from registry_verifier.results import INDEX
from registry_verifier.verdict import Question

CHILD_SECONDS = 30
"""how long after an index its children are looked at: by then its record can be read everywhere"""
_RECENT = 100


@dataclass(frozen=True)
class Family:
    """Knows the indexes of a repository by its newest records, and by what a child was covered by before."""

    verdicts: Verdicts
    looks: Looks

    async def covering(self, question: Question, old: State | None) -> State | None:
        """The index whose verdict is a child's, or None where it stands by itself."""
        recent = await asyncio.to_thread(self._recent, question, old)
        return coverage.index_of(question, recent, since=question.now - PATIENCE)

    async def tell(self, look: Look, old: State | None, result: Verdict, matching: Iterable[Policy]) -> None:
        """Have the children looked at that an index covers, and the index for which a child's evidence counts."""
        for child in coverage.to_be_told(old, result):
            await self._look_at(Look(look.image, child, "index"), CHILD_SECONDS)
        if look.cause == "evidence" and any(policy.children != INDEX for policy in matching):
            recent = await asyncio.to_thread(self.verdicts.recent, look.image, limit=_RECENT)
            for index in coverage.to_be_asked(look.digest, recent):
                await self._look_at(Look(look.image, index, "evidence"), 0)

    def _recent(self, question: Question, old: State | None) -> list[State]:
        """The newest records, and the index that covered a child when it was newer."""
        recent = list(self.verdicts.recent(question.image, limit=_RECENT))
        known = old.document.get("covered_by") if old else None
        index = self.verdicts.state(question.image, known) if known else None
        return [*recent, *([index] if index else [])]

    async def _look_at(self, look: Look, delay_seconds: int) -> None:
        await asyncio.to_thread(self.looks.send, look, delay_seconds=delay_seconds)
