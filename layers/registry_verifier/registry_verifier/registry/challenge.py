"""Reading a `WWW-Authenticate` header: which ways of saying who we are the registry offers.

RFC 9110 section 11.6.1; the Docker token protocol ("Token Authentication Specification" of distribution).
The scope in it is ignored: GHCR sends a placeholder (`repository:user/image:pull`), and we know what we want.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER_LIMIT = 4096
_SCHEME = re.compile(r'\b(Bearer|Basic)((?:[\s,]*[A-Za-z_-]{1,40}=(?:"[^"]*"|[^\s,"]+))*)', re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_-]{1,40})=(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Challenge:
    """One way to authenticate: `bearer` with the URL of a token service, or `basic`."""

    scheme: str
    realm: str
    service: str


def read(header: str) -> tuple[Challenge, ...]:
    """The challenges of a header that we can meet, in its order; whatever else it holds is passed over."""
    return tuple(_challenge(match[1], match[2]) for match in _SCHEME.finditer(header[:_HEADER_LIMIT]))


def _challenge(scheme: str, parameters: str) -> Challenge:
    values = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(parameters)}
    return Challenge(scheme.lower(), values.get("realm", ""), values.get("service", ""))
