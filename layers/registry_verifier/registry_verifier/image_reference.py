"""An image as people name it on a command line."""

from __future__ import annotations

from dataclasses import dataclass

from registry_verifier.errors import BadRequest
from registry_verifier.models import Digest, ImageName, parse_digest, parse_tag


@dataclass(frozen=True)
class Reference:
    """An image as it is named on the command line."""

    image: ImageName
    tag: str | None
    digest: Digest | None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `HOST/OWNER/NAME[:TAG][@DIGEST]`; BadRequest where it is not of that form, or has neither."""
        rest, _, digest = text.partition("@")
        last = rest.rpartition("/")[2]
        name, _, tag = rest.rpartition(":") if ":" in last else (rest, "", "")
        if not tag and not digest:
            raise BadRequest(f"neither tag nor digest: {text[:80]!r} (expected NAME@sha256:… or NAME:TAG)")
        try:
            return cls(ImageName.parse(name), parse_tag(tag) if tag else None, parse_digest(digest) if digest else None)
        except ValueError as error:
            raise BadRequest(str(error)) from error
