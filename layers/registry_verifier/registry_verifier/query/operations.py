"""Everything that can be asked, in the order of the reference."""

from __future__ import annotations

from registry_verifier.query import (
    admission,
    badges,
    digests,
    gate,
    gatekeeper,
    health,
    images,
    incidents,
    pages,
    policies,
    requests,
    summaries,
    tags,
    verifications,
)
from registry_verifier.query.operation import Operation

ALL: tuple[Operation, ...] = (
    *images.OPERATIONS,
    *tags.OPERATIONS,
    *digests.OPERATIONS,
    *verifications.OPERATIONS,
    *incidents.OPERATIONS,
    *gate.OPERATIONS,
    *requests.OPERATIONS,
    *summaries.OPERATIONS,
    *admission.OPERATIONS,
    *gatekeeper.OPERATIONS,
    *badges.OPERATIONS,
    *policies.OPERATIONS,
    *health.OPERATIONS,
    *pages.OPERATIONS,
)
"""the router takes the most specific path, whatever the order"""
