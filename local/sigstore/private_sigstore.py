"""A whole Sigstore in memory: certificate authority, CT log, both Rekors, timestamp authority, trusted root."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.sigstore.ct_log import CTLog
from local.sigstore.fulcio import Fulcio
from local.sigstore.keys import KeySource
from local.sigstore.protojson import Json
from local.sigstore.rekor import Rekor
from local.sigstore.rekor_tiles import RekorTiles
from local.sigstore.timestamp_authority import TimestampAuthority
from local.sigstore.trust import ECDSA_P256, ED25519, TRUSTED_ROOT_TYPE, Window, authority_instance, log_instance

DOMAIN = "private.sigstore.test"
AGE = timedelta(days=30)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class PrivateSigstore:
    """All services of one Sigstore, with keys that are thirty days old at `now`.

    `now` (default: a minute ago, in whole seconds) is when certificates begin unless told otherwise.
    The same `seed` and `now` give the same keys and the same trusted root in every process.
    """

    def __init__(self, now: datetime | None = None, *, seed: str | None = None, tsa_intermediate: bool = False) -> None:
        keys = KeySource(seed)
        self.now = now or datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        self.since = self.now - AGE
        self.ct_log = CTLog(keys.p256("ct log"))
        self.fulcio = Fulcio(keys, self.ct_log, since=self.since, now=self.now)
        self.rekor = Rekor(keys.p256("rekor"), host=f"rekor.{DOMAIN}")
        self.rekor_tiles = RekorTiles(keys.ed25519("rekor tiles"), host=f"log2026-1.rekor.{DOMAIN}")
        self.tsa = TimestampAuthority(keys, since=self.since, intermediate=tsa_intermediate)

    def trusted_root(
        self,
        *,
        ended: Mapping[str, datetime] | None = None,
        rekor: bool = True,
        rekor_tiles: bool = True,
        tsa: bool = True,
        fulcio: bool = True,
        ct_log: bool = True,
    ) -> Json:
        """The trusted root as a JSON document.

        `ended` retires services: keys `rekor`, `rekor_tiles`, `ct_log`, `fulcio`, `tsa`, values the end of validity.
        A service switched off is left out, as if this Sigstore had none: GitHub's own for private repositories has
        no Rekor of either kind and no CT log.
        """
        windows = {name: Window(self.since, (ended or {}).get(name)) for name in _SERVICES}
        logs = [self._rekor(windows["rekor"])] if rekor else []
        logs += [self._rekor_tiles(windows["rekor_tiles"])] if rekor_tiles else []
        return {
            "mediaType": TRUSTED_ROOT_TYPE,
            "tlogs": logs,
            "certificateAuthorities": [self._certificate_authority(windows["fulcio"])] if fulcio else [],
            "ctlogs": [self._ct_log(windows["ct_log"])] if ct_log else [],
            "timestampAuthorities": [self._timestamp_authority(windows["tsa"])] if tsa else [],
        }

    def write_trusted_root(self, path: Path) -> Path:
        """Write the trusted root to a file and return its path."""
        path.write_text(json.dumps(self.trusted_root(), indent=2) + "\n")
        return path

    def _rekor(self, window: Window) -> Json:
        key = self.rekor.key.public_key()
        return log_instance(self.rekor.host, key, self.rekor.log_id, window, key_details=ECDSA_P256)

    def _rekor_tiles(self, window: Window) -> Json:
        key = self.rekor_tiles.key.public_key()
        return log_instance(self.rekor_tiles.host, key, self.rekor_tiles.log_id, window, key_details=ED25519)

    def _ct_log(self, window: Window) -> Json:
        key = self.ct_log.key.public_key()
        return log_instance(f"ctfe.{DOMAIN}", key, self.ct_log.log_id, window, key_details=ECDSA_P256)

    def _certificate_authority(self, window: Window) -> Json:
        chain = [self.fulcio.intermediate.certificate, self.fulcio.root.certificate]
        return authority_instance(f"fulcio.{DOMAIN}", chain, window)

    def _timestamp_authority(self, window: Window) -> Json:
        return authority_instance(f"tsa.{DOMAIN}", self.tsa.chain, window)


_SERVICES = ("rekor", "rekor_tiles", "ct_log", "fulcio", "tsa")


def machine_sigstore() -> PrivateSigstore:
    """The Sigstore of this machine: the same keys and trusted root in every process, and so worth nothing elsewhere.

    Certificates must be asked for with an explicit time, as its own now is long ago.
    """
    return PrivateSigstore(EPOCH, seed="registry-verifier on one machine")
