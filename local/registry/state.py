"""What the routes of the local registry work on: what it keeps, who may see it, what it was asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from local.registry.access import Access
from local.registry.faults import Faults
from local.registry.store import Store

OnPush = Callable[[str, str, str | None, str, str], None]
"""repository, digest, tag (None for a push by digest), media type, pusher (empty: nobody logged in)"""

REFERRERS_MODES = ("ghcr", "404", "api")


@dataclass
class State:
    """Everything that one registry knows."""

    store: Store
    access: Access
    referrers: str
    """`ghcr`: 303 to a page that is not there; `404`; `api`: as the OCI specification has it"""
    needs_tokens: bool
    redirects_blobs: bool
    on_push: OnPush | None
    page_size: int
    """entries in a page of tags or referrers where the client does not ask for fewer"""
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    """method and path (with query) of each request, in order; `/_faults` and the like are not counted"""
    leaks: list[str] = field(default_factory=list)
    """paths of requests that took an Authorization to the storage, which belongs to another origin"""
    tickets: dict[str, bytes] = field(default_factory=dict)
    """what the storage hands out, by the path in the redirect"""
    url: str = ""
    storage_url: str = ""

    def ticket(self, content: bytes) -> str:
        """A signed URL, so to speak, where `content` can be fetched."""
        path = f"/storage/{secrets.token_urlsafe(16)}"
        self.tickets[path] = content
        return f"{self.storage_url}{path}?se=soon&sig=of-no-use"
