"""Where the refresh of the trusted root is put together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from registry_verifier import aws_client, configuration
from registry_verifier.policy.trust_root import Remote
from registry_verifier.refresh import Refresh
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.tuf_repository import mirror


def refresh(folder: Path, tuf_url: str, bucket: str) -> Refresh:
    """The refresh of a configuration's trusted root from a TUF repository into a bucket.

    Raises TrustRootError where the folder has no trusted root, or no root.json that the repository is proven by.
    """
    remote = Remote(configuration.tuf_root(folder), tuf_url.rstrip("/"))
    return Refresh(
        store=TrustRootStore(aws_client.create("s3"), bucket),
        prove=lambda state: mirror.prove(remote, state=state),
        packaged=configuration.packaged_root(folder),
        now=lambda: datetime.now(UTC),
    )
