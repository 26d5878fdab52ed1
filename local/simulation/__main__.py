"""`python -m local.simulation`: see `command`."""

from __future__ import annotations

import sys

from local.simulation.command import main

if __name__ == "__main__":  # each of its processes imports this
    sys.exit(main())
