"""Whether a digest can still be looked at. Where not, its decision stands for as long as that may be an outage."""

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
    """Remembers when a digest was looked at again, or since when it cannot be."""

    verdicts: Verdicts
    now: Callable[[], datetime]

    async def lasts(self, look: Look) -> bool:
        """Whether nobody could look for so long that the decision says nothing any more."""
        since = await self._since(look)
        if since is None:
            await self._keep(look, self.now())
        return since is not None and self.now() >= since + PATIENCE

    async def ended(self, look: Look, began: datetime) -> None:
        """Somebody could look. Of evidence that came after the look `began` it says nothing."""
        if await self._since(look):
            await self._keep(look, None)
        await asyncio.to_thread(self.verdicts.keep_looked, look.image, look.digest, began)

    async def _since(self, look: Look) -> datetime | None:
        return await asyncio.to_thread(self.verdicts.unseen_since, look.image, look.digest)

    async def _keep(self, look: Look, since: datetime | None) -> None:
        await asyncio.to_thread(self.verdicts.keep_unseen, look.image, look.digest, since)
