"""A whole condition as it is written."""

from __future__ import annotations

from dataclasses import dataclass

from registry_verifier.policy.cue.tree import Struct


@dataclass(frozen=True)
class Import:
    """`import name "path"`"""

    at: int
    path: str
    name: str


@dataclass(frozen=True)
class File:
    """A whole condition."""

    at: int
    imports: tuple[Import, ...]
    fields: Struct
