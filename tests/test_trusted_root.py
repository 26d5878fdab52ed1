"""The trusted root that ships against the one that the pinned sigstore package carries."""

from __future__ import annotations

import json
from importlib import resources

from local.template import ROOT


def test_the_shipped_trusted_root_is_sigstores() -> None:
    store = resources.files("sigstore") / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
    shipped = (ROOT / "layers/configuration/trusted_root.json").read_text()
    assert json.loads(shipped) == json.loads((store / "trusted_root.json").read_text())
