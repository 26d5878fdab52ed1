"""What a certificate says of the run that signed, and whether one claim agrees with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry_verifier.models import Identity

Certified = Mapping[str, str]
"""the facts by what they are about; empty where the certificate does not say"""

_GITHUB_ISSUERS = "https://token.actions."
_STARTED_BY_ANOTHER = frozenset({"workflow_run", "repository_dispatch"})
_RUNNER = re.compile(r"https://[^/]+/actions/runner(?:/|\Z)")
_RUN = re.compile(r"(.*/actions/runs/([0-9]+))/attempts/([0-9]+)\Z", re.DOTALL)
_OWNER_AND_NAME = re.compile(r"https://[^/]+/[^/]+/[^/@]+")


def read(identity: Identity) -> Certified:
    """The facts of a certificate; those of before 2023 have the old extensions only.

    A certificate that is not of GitHub's and names no repository contradicts any that is claimed.
    """
    claims = identity.claims
    old = claims.get("github_workflow_repository")
    repository = claims.get("source_repository_uri") or (f"https://github.com/{old}" if old else "")
    if not repository and not identity.issuer.startswith(_GITHUB_ISSUERS):
        repository = f"none, by issuer {identity.issuer}"
    return {
        "source repository": repository,
        "commit": claims.get("source_repository_digest") or claims.get("github_workflow_sha", ""),
        "ref": claims.get("source_repository_ref") or claims.get("github_workflow_ref", ""),
        "workflow": claims.get("build_config_uri", ""),
        "builder": claims.get("build_signer_uri") or identity.subject,
        "run": claims.get("run_invocation_uri", ""),
        "trigger": claims.get("build_trigger") or claims.get("github_workflow_trigger", ""),
    }


def was_started_by_another(certified: Certified) -> bool:
    """Whether the certificate names the default branch and its newest commit, whatever the other run had built."""
    return certified["trigger"] in _STARTED_BY_ANOTHER


def repository(claimed: str, certified: Certified) -> bool:
    """`git+https://github.com/Acme/App.git@refs/heads/main` is `https://github.com/acme/app`."""
    return _plain(claimed) == _plain(certified["source repository"])


def commit(claimed: str, certified: Certified) -> bool:
    """The whole hash; an abbreviation is none."""
    return claimed.lower() == certified["commit"].lower()


def ref(claimed: str, certified: Certified) -> bool:
    """In full, or the short name: `v1` for `refs/tags/v1`."""
    refs = (certified["ref"], certified["workflow"].partition("@")[2])
    return any(known and claimed in (known, known.split("/", 2)[-1]) for known in refs)


def ref_of_uri(claimed: str, certified: Certified) -> bool:
    """The ref at the end of `git+https://HOST/OWNER/NAME@REF`, where there is one."""
    name = claimed.partition("@")[2]
    return not name or ref(name, certified)


def workflow(claimed: str, certified: Certified) -> bool:
    """The workflow that was started, by its path; its name is of its author's choosing and counts for nothing."""
    return _is(claimed, certified["workflow"], certified)


def either_workflow(claimed: str, certified: Certified) -> bool:
    """The workflow that was started, or the reusable one that it calls and that signs."""
    return any(_is(claimed, certified[what], certified) for what in ("workflow", "builder"))


def builder(claimed: str, certified: Certified) -> bool:
    """The workflow whose job signs; early attestations name GitHub's runner, of which no certificate speaks."""
    return bool(_RUNNER.match(claimed)) or _is(claimed, certified["builder"], certified)


def run(claimed: str, certified: Certified) -> bool:
    """The address of the run with or without its attempt, its number, or `number-attempt`."""
    whole = _folded(certified["run"])
    parts = _RUN.match(whole)
    shorter = (parts[1], parts[2], f"{parts[2]}-{parts[3]}") if parts else ()
    return _folded(claimed) in (whole, *shorter)


def trigger(claimed: str, certified: Certified) -> bool:
    """The event that started the run."""
    return claimed == certified["trigger"]


def _is(claimed: str, address: str, certified: Certified) -> bool:
    """Whether a workflow's address, or its path in the source repository, with or without its ref, is `address`."""
    known = _folded(address)
    whole = (_folded(claimed), _folded(f"{certified['source repository']}/{claimed}"))
    return any(known == one or known.startswith(f"{one}@") for one in whole)


def _folded(address: str) -> str:
    """With host, owner and repository in lower case, where GitHub does not mind; paths and refs stay as they are."""
    part = _OWNER_AND_NAME.match(address)
    return part[0].lower() + address[part.end() :] if part else address


def _plain(uri: str) -> str:
    return uri.removeprefix("git+").partition("@")[0].rstrip("/").removesuffix(".git").lower()
