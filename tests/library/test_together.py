"""Side by side, and nothing left behind."""

from __future__ import annotations

import asyncio

import pytest

from registry_verifier.errors import Unavailable
from registry_verifier.evidence.together import both, together
from registry_verifier.reasons import Reason


async def after(seconds: float, result: int, ended: list[int]) -> int:
    try:
        await asyncio.sleep(seconds)
        return result
    finally:
        ended.append(result)


async def fails() -> int:
    await asyncio.sleep(0.01)
    raise Unavailable(Reason.REGISTRY_THROTTLED, "429")


def test_results_come_in_order() -> None:
    ended: list[int] = []

    async def run() -> list[int]:
        return await together(after(0.02, 1, ended), after(0, 2, ended))

    assert (asyncio.run(run()), ended) == ([1, 2], [2, 1])


def test_first_failure_ends_the_others_and_is_raised_as_it_is() -> None:
    ended: list[int] = []

    async def run() -> None:
        with pytest.raises(Unavailable, match="429"):
            await both(after(60, 1, ended), fails())
        assert ended == [1]

    asyncio.run(run())


def test_nothing_is_an_empty_list() -> None:
    assert asyncio.run(together()) == []
