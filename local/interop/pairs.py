"""All rows of the comparison with policy-tester."""

from __future__ import annotations

from local.interop import (
    pairs_conditions,
    pairs_identities,
    pairs_keys,
    pairs_layouts,
    pairs_matching,
    pairs_together,
    pairs_trust,
    pairs_types,
)

PAIRS = (
    *pairs_layouts.PAIRS,
    *pairs_identities.PAIRS,
    *pairs_trust.PAIRS,
    *pairs_keys.PAIRS,
    *pairs_matching.PAIRS,
    *pairs_types.PAIRS,
    *pairs_conditions.PAIRS,
    *pairs_together.PAIRS,
)
