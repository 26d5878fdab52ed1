"""The short names of predicate types, as cosign has them (cmd/cosign/cli/options/predicate.go)."""

from __future__ import annotations

import re

_SHORT = {
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "cyclonedx": "https://cyclonedx.org/bom",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "openvex": "https://openvex.dev/ns",
    "link": "https://in-toto.io/Link/v1",
    "custom": "https://cosign.sigstore.dev/attestation/v1",
}
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,2000}\Z")
_HOST_AND_PATH = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+/[!-~]{1,2000}\Z")
"""what cosign 1 wrote for custom attestations, without a scheme: cosign.sigstore.dev/attestation/v1"""


def expand(name: str) -> str:
    """The URI that `name` is or stands for, compared exactly later on; ValueError where it is neither."""
    uri = _SHORT.get(name, name)
    if not _URI.match(uri) and not _HOST_AND_PATH.match(uri):
        raise ValueError(f"is {name[:80]!r} (expected a uri or one of {', '.join(sorted(_SHORT))})")
    return uri
