"""`python -m local.slack`: see `receiver`."""

from __future__ import annotations

from local.slack.receiver import main

main()
