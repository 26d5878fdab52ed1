"""A decided digest that the sweep could not look at: the decision stands, for as long as that may be an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from registry_verifier.grace import PATIENCE
from registry_verifier.models import Look
from registry_verifier.ports import Verdicts


@dataclass(frozen=True)
class OutOfSight:
    """Remembers since when a digest cannot be looked at."""

    verdicts: Verdicts
    now: Callable[[], datetime]

    async def lasts(self, look: Look) -> bool:
        """Whether nobody could look for so long that the decision says nothing any more."""
        since = await self._since(look)
        if since is None:
            await self._keep(look, self.now())
        return since is not None and self.now() >= since + PATIENCE

    async def ended(self, look: Look) -> None:
        """Somebody could look."""
        if await self._since(look):
            await self._keep(look, None)

    async def _since(self, look: Look) -> datetime | None:
        return await asyncio.to_thread(self.verdicts.unseen_since, look.image, look.digest)

    async def _keep(self, look: Look, since: datetime | None) -> None:
        await asyncio.to_thread(self.verdicts.keep_unseen, look.image, look.digest, since)
