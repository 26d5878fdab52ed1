"""`python -m local.registry`: see `server`."""

from __future__ import annotations

from local.registry.server import main

main()
