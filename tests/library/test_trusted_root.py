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
        changed("timestampAuthorities", None),
        changed("timestampAuthorities.0.certChain.certificates", []),
        changed("timestampAuthorities.0.validFor", {}),
        changed("tlogs.1.logId.keyId", "****"),
        changed("tlogs.1.publicKey.rawBytes", material.sigstore().trusted_root()["tlogs"][0]["publicKey"]["rawBytes"]),
    ],
)
def test_what_is_no_trusted_root(raw: bytes) -> None:
    with pytest.raises(TrustRootError):
        TrustedRoot(raw)


PARTS: dict[str, Any] = {"rekor": False, "rekor_tiles": False, "tsa": False, "fulcio": False, "ct_log": False}


@pytest.mark.parametrize(
    "parts", [{"tsa": True}, {"fulcio": True}, {"rekor": True}, {"rekor_tiles": True}, {"ct_log": True}]
)
def test_root_of_one_part_is_one_only_where_that_is_said(parts: dict[str, Any]) -> None:
    assert not material.root(complete=False, **{**PARTS, **parts}).is_complete
    with pytest.raises(TrustRootError, match="lacks"):
        material.root(**{**PARTS, **parts})


def test_lists_that_are_left_out_are_empty() -> None:
    stamps = material.sigstore().trusted_root()["timestampAuthorities"]
    root = TrustedRoot(json.dumps({"timestampAuthorities": stamps}).encode(), complete=False)
    assert (root.rekor_keys, root.tiles_keys, root.ct_keys, root.authorities) == ({}, {}, {}, ())
    assert len(root.timestamp_authorities) == 1


@pytest.mark.parametrize("raw", [b"{}", json.dumps(material.sigstore().trusted_root(**PARTS)).encode()])
def test_root_of_nothing(raw: bytes) -> None:
    with pytest.raises(TrustRootError, match="no log and no authority"):
        TrustedRoot(raw, complete=False)


def test_composed_root_has_each_part_from_where_it_was_asked() -> None:
    mine, other = material.root(), material.root(material.stranger())
    root = TrustedRoot.compose(mine, other, mine)
    assert (root.authorities, root.ct_keys.keys()) == (mine.authorities, mine.ct_keys.keys())
    assert (root.rekor_keys.keys(), root.tiles_keys.keys()) == (other.rekor_keys.keys(), other.tiles_keys.keys())
    assert root.timestamp_authorities == mine.timestamp_authorities
    assert root.is_complete
    assert TrustedRoot.compose(mine, mine, mine) is mine


def test_composed_root_of_nothing() -> None:
    stamps = material.root(complete=False, **{**PARTS, "tsa": True})
    logs = material.root(complete=False, **{**PARTS, "rekor": True})
    with pytest.raises(TrustRootError, match="none of the parts"):
        TrustedRoot.compose(stamps, stamps, logs)
