"""What an operator configures, read from files: the policies and the trusted root."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from registry_verifier.errors import PolicyError, Problem, TrustRootError
from registry_verifier.policy import load
from registry_verifier.policy.model import Policy
from registry_verifier.trusted_root import TrustedRoot


@dataclass(frozen=True)
class Configuration:
    """A folder of configuration, loaded: `policies/*.yaml` and `trusted_root.json`."""

    policies: tuple[Policy, ...]
    trusted_root: TrustedRoot


def read(folder: Path) -> Configuration:
    """Load a folder; PolicyError or TrustRootError where a file does not load, or where there is no policy at all."""
    files = sorted((folder / "policies").glob("*.y*ml"))
    if not files:
        raise PolicyError(Problem(str(folder / "policies"), 1, 1, "", "no policy file (expected *.yaml)"))
    return Configuration(policies(files), trusted_root(folder / "trusted_root.json"))


def policies(files: Iterable[Path]) -> tuple[Policy, ...]:
    """The policies in these files; PolicyError says what is wrong in any of them."""
    return load.load_files({str(file): _bytes(file) for file in files})


def trusted_root(file: Path) -> TrustedRoot:
    """The trusted root in this file; TrustRootError where it cannot be read."""
    try:
        return TrustedRoot(file.read_bytes())
    except OSError as error:
        raise TrustRootError(f"cannot read the trusted root: {error}") from error


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PolicyError(Problem(str(file), 1, 1, "", f"cannot read the file: {error.strerror}")) from error
