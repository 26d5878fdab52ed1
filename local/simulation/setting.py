"""What a world is set in: a Sigstore that everything is signed with, the first user's policy, and their proofs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from local.sigstore.private_sigstore import PrivateSigstore
from local.simulation.loop import START
from local.simulation.remembering import RememberingProver
from registry_verifier import configuration, proof
from registry_verifier.configuration import Configuration
from registry_verifier.evidence.proofs import Prover
from registry_verifier.policy import load
from registry_verifier.trusted_root import TrustedRoot

POLICY = Path(__file__).parents[2] / "layers/configuration/policies/openmed.yaml"


@dataclass(frozen=True)
class Setting:
    """All of it; several worlds may share one."""

    sigstore: PrivateSigstore
    configuration: Configuration
    prover: Prover
    """one that remembers what it proved, unless told otherwise"""

    @classmethod
    def of(cls, seed: str, *, grace: str = "30m") -> Setting:
        """One with keys of its own; `grace` as the annotation has it."""
        sigstore = PrivateSigstore(START, seed=seed)
        loaded = load.load_files({POLICY.name: _with_grace(POLICY.read_text(), grace).encode()})
        root = TrustedRoot(json.dumps(sigstore.trusted_root()).encode(), complete=True)
        configured = configuration.configured(loaded, root)
        return cls(sigstore, configured, RememberingProver(proof.Prover(configured.roots)))


def _with_grace(policy: str, grace: str) -> str:
    return policy.replace("metadata:\n", f'metadata:\n  annotations: {{registry-verifier/grace-period: "{grace}"}}\n')
