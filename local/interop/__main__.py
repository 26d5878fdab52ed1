"""`python -m local.interop`: see `compare`."""

from __future__ import annotations

import sys

from local.interop.compare import main

sys.exit(main())
