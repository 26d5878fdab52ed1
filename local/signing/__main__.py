"""`python -m local.signing`: see `command`."""

from __future__ import annotations

from local.signing.command import main

main()
