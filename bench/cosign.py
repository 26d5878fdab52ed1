"""One image verified by `registry-verifier verify` and by cosign's three commands, whole processes on one registry.

The image is signed and has a CycloneDX SBOM and SLSA provenance, as bundles. What people are told to run is
`cosign verify` and `cosign verify-attestation` twice; here one process answers the same question. The registry is on
loopback and holds every answer back for a set time, as one at a distance does. The requests that each sends are
counted too: their number is the same on every machine. Skipped where there is no cosign 3.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.apparatus.interleaved import medians
from bench.apparatus.signed_image import IMAGE, POLICY, RUN, publish
from local.interop.compare import BUILT, VERIFIER
from local.interop.cosign import Outcome, find
from local.interop.cosign_session import BUNDLE, PREDICATES, CosignSession, write_material
from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import PrivateSigstore
from registry_verifier.models import Digest

ROUNDS = 5
DELAY = 0.05
"""seconds that the registry waits before it answers"""
OURS, THEIRS = "registry-verifier verify", "cosign, three commands"
_SECONDS = 60


@dataclass(frozen=True)
class Contest:
    """One image in one registry, to be verified by either."""

    registry: LocalRegistry
    digest: Digest
    session: CosignSession
    folder: Path

    def ours(self) -> None:
        """One process; raises where it does not say VERIFIED."""
        command = [str(VERIFIER), "verify", f"{IMAGE}@{self.digest}", f"--policy={self.folder / 'policy.yaml'}"]
        command.append(f"--trusted-root={self.folder / 'trusted_root.json'}")
        command.append(f"--registry-endpoint={IMAGE.registry}={self.registry.url}")
        subprocess.run(command, env=self._compiled(), capture_output=True, timeout=_SECONDS, check=True)

    def _compiled(self) -> dict[str, str]:
        """Our environment, with compiled modules kept in a folder of ours; the first run, not timed, writes them."""
        ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return ours | {"PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}

    def theirs(self) -> None:
        """Three processes, one after the other; raises where one of them says no."""
        image = f"{self.registry.url.removeprefix('http://')}/{IMAGE.repository}@{self.digest}"
        _require(self.session.verify(image, BUNDLE, subject=RUN.subject))
        for kind in PREDICATES:
            _require(self.session.verify_attestation(image, kind, BUNDLE, subject=RUN.subject))


def main() -> int:
    """Print both, or why not."""
    cosign = find(3, built=BUILT)
    if cosign is None:
        print("cosign: skipped, there is no cosign 3 (set COSIGN3, or build it with `make interop`)")
        return 0
    with tempfile.TemporaryDirectory() as name, HttpFace(PrivateSigstore()) as face, LocalRegistry() as registry:
        folder = Path(name)
        write_material(face, folder)
        (folder / "policy.yaml").write_text(POLICY)
        signed = publish(registry, face.services.sigstore)
        contest = Contest(registry, signed.digest, CosignSession(cosign, face, folder), folder)
        runs = {OURS: contest.ours, THEIRS: contest.theirs}
        asked = {who: _requests(registry, run) for who, run in runs.items()}
        registry.fail(Fault(hang=DELAY))
        walls = medians({who: _wall(run) for who, run in runs.items()}, rounds=ROUNDS, warm_ups=0)
    _print(walls, asked, cosign.version)
    return 0


def _requests(registry: LocalRegistry, run: Callable[[], None]) -> int:
    registry.requests.clear()
    run()
    return len(registry.requests)


def _wall(run: Callable[[], None]) -> Callable[[], float]:
    def timed() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return timed


def _require(outcome: Outcome) -> None:
    if not outcome.accepted:
        raise RuntimeError(f"cosign refuses the image: {outcome.complaint}")


def _print(walls: Mapping[str, float], asked: Mapping[str, int], version: str) -> None:
    print(f"One image verified, cosign {version}, {DELAY * 1000:.0f} ms a request, median of {ROUNDS} whole runs")
    for who, wall in walls.items():
        ratios = f"{wall / walls[THEIRS]:5.2f} x   {asked[who]:3} requests {asked[who] / asked[THEIRS]:5.2f} x"
        print(f"  {who:<26} {wall * 1000:6.0f} ms  {ratios}")


if __name__ == "__main__":
    sys.exit(main())
