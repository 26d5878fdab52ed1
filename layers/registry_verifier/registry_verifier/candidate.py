"""Evidence before it is proven: the bytes of one candidate, and how an authority of a policy wants them proven."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

PUBLIC_GOOD = ""
"""the name of the deployment's own trusted root, Sigstore's public one"""
AT_GITHUB = "github attestation"
"""how the place of a candidate begins that GitHub's attestations API keeps, beside the registry"""


@dataclass(frozen=True)
class Candidate:
    """One candidate as it was fetched; the bytes were checked against their digest, and nothing else was."""

    place: str
    """`referrer <manifest digest>`, `sha256-<hex>.sig#<layer>`, `.att#<layer>` or `github attestation #<number>`"""
    format: str
    """`bundle`, `simplesigning` or `dsse`"""
    content: bytes = field(repr=False)
    """the bundle, the simple-signing payload, or the envelope"""
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """of the layer, where cosign up to 2.x keeps signature, certificate, log entry and timestamp"""


@dataclass(frozen=True)
class Trust:
    """How a candidate must be proven. Two authorities that demand the same proof have equal values."""

    root: str = PUBLIC_GOOD
    """the TrustRoot whose certificate authorities and certificate logs count; with keys it has no say"""
    keys: tuple[str, ...] = ()
    """public keys in PEM, any of which may have signed; empty: keyless, by a certificate of the root"""
    hash_algorithm: str = "sha256"
    """what a key signs over: sha224, sha256, sha384 or sha512; keyless always is sha256"""
    sct: bool = True
    """whether the certificate must carry the stamp of a certificate log"""
    log: bool = True
    """whether an entry in a transparency log is demanded; where it is not, it is not looked at"""
    log_root: str = PUBLIC_GOOD
    """the TrustRoot whose transparency logs count"""
    timestamp: bool = False
    """whether a timestamp (RFC 3161) is demanded"""
    timestamp_root: str = PUBLIC_GOOD
    """the TrustRoot whose timestamp authorities count"""
    now: bool = False
    """whether the certificate must be valid at this moment: the only time there is with neither log nor timestamp"""

    as_cosign: bool = False
    """whether cosign's own reading is asked for, where it is laxer (the type of a simple-signing payload) and where it
    does not read what others write (log entries of Rekor v2, up to cosign 2.5)"""

    def __str__(self) -> str:
        """A name for it that stays the same: `keyless`, or what differs from that."""
        who = "keyless" if not self.keys else f"keys {_short(''.join(self.keys))} over {self.hash_algorithm}"
        named = {"root": self.root, "log root": self.log_root, "timestamp root": self.timestamp_root}
        switches = {"without sct": not self.keys and not self.sct, "without log": not self.log}
        switches |= {
            "with log": bool(self.keys) and self.log,
            "with timestamp": self.timestamp,
            "now": self.now,
            "as cosign": self.as_cosign,
        }
        words = [f"{name} {value}" for name, value in named.items() if value]
        return ", ".join([who, *words, *(name for name, said in switches.items() if said)])


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
