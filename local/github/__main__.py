"""`python -m local.github`: see `deliveries`."""

from __future__ import annotations

import sys

from local.github.deliveries import main

sys.exit(main())
