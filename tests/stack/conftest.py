"""What the tests of built things stand on."""

from __future__ import annotations

import pytest

from local import artifacts


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """Every artifact, built before a test takes the home directory away: uv keeps what it fetched there."""
    for name in artifacts.SOURCES:
        artifacts.folder(name)
