"""`python -m local.differential`: see `compare`."""

from __future__ import annotations

import sys

from local.differential.compare import main

sys.exit(main())
