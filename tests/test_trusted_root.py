"""The trusted root that ships, and the root.json that newer ones are proven by, against the pinned sigstore package."""

from __future__ import annotations

import json
from importlib import resources

from local.template import ROOT

SHIPPED = ROOT / "layers/configuration"
STORE = resources.files("sigstore") / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"


def test_the_shipped_trusted_root_is_sigstores() -> None:
    shipped = (SHIPPED / "trusted_root.json").read_text()
    assert json.loads(shipped) == json.loads((STORE / "trusted_root.json").read_text())


def test_the_shipped_root_of_the_tuf_repository_is_sigstores() -> None:
    shipped = (SHIPPED / "tuf_root.json").read_text()
    assert json.loads(shipped) == json.loads((STORE / "root.json").read_text())
