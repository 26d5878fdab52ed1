"""The trusted root as values, and cut to a time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier.errors import TrustRootError
from registry_verifier.trusted_root import TrustedRoot
from tests import material
from tests.material import NOW


def test_both_ends_of_a_window_count() -> None:
    for service in ("rekor", "fulcio", "ct_log"):
        root = material.root(ended={service: NOW})
        names = {"rekor": "tlogs", "fulcio": "certificateAuthorities", "ct_log": "ctlogs"}
        kept = root.cut([NOW])[1][names[service]]
        gone = root.cut([NOW + timedelta(seconds=1)])[1][names[service]]
        assert len(kept) == len(gone) + 1


def test_cut_keeps_what_was_in_use_at_every_one_of_the_times() -> None:
    root = material.root(ended={"rekor": NOW})
    whole, cut = root.cut([NOW])[1], root.cut([NOW, NOW + timedelta(days=1)])[1]
    assert (len(whole["tlogs"]), len(cut["tlogs"])) == (2, 1)
    assert root.cut([NOW])[0] != root.cut([NOW + timedelta(days=1)])[0]


def test_nothing_was_in_use_before_the_beginning() -> None:
    assert material.root().cut([NOW - timedelta(days=400)])[1]["certificateAuthorities"] == []


def changed(path: str, value: Any) -> bytes:
    return json.dumps(material.changed(material.sigstore().trusted_root(), path, value)).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b" " * (2 << 20),
        changed("tlogs", []),
        changed("tlogs", None),
        changed("ctlogs", []),
        changed("certificateAuthorities", []),
        changed("certificateAuthorities.0.certChain.certificates.0.rawBytes", "AAAA"),
        changed("certificateAuthorities.0.validFor", {}),
        changed("ctlogs.0.publicKey.rawBytes", "****"),
        changed("ctlogs.0.publicKey.validFor.start", "yesterday"),
    ],
)
def test_what_is_no_trusted_root(raw: bytes) -> None:
    with pytest.raises(TrustRootError):
        TrustedRoot(raw)
