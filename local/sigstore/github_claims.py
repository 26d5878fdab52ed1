"""What GitHub's OIDC token says about one run of a workflow, and what Fulcio makes of it in a certificate.

Token claims: GitHub, "OpenID Connect reference". Certificate: Fulcio, `pkg/identity/github/principal.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GITHUB = "https://github.com"


@dataclass(frozen=True)
class WorkflowRun:
    """One run of a workflow of `repository`."""

    repository: str = "acme/app"
    workflow: str = ".github/workflows/release.yml"
    ref: str = "refs/heads/main"
    sha: str = "a" * 40
    trigger: str = "push"
    name: str = "Release"
    runner: str = "github-hosted"
    visibility: str = "public"
    repository_id: str = "1001"
    owner_id: str = "2002"
    run_id: str = "3003"
    signer: str = ""
    """the reusable workflow that does the job, as `OWNER/NAME/PATH@REF`; empty: the workflow itself"""

    @property
    def subject(self) -> str:
        """The subject alternative name of the certificate: the workflow that holds the token."""
        return certificate_subject(self.token_claims())

    def claims(self) -> dict[str, str]:
        """The certificate's extensions by the last number of their OID, without the issuer (.1 and .8)."""
        return certificate_claims(self.token_claims())

    def token_claims(self) -> dict[str, str]:
        """The claims of the token besides `iss`, `aud` and the times."""
        own = f"{self.repository}/{self.workflow}@{self.ref}"
        return {
            "sub": f"repo:{self.repository}:ref:{self.ref}",
            "event_name": self.trigger,
            "job_workflow_ref": self.signer or own,
            "job_workflow_sha": self.sha,
            "ref": self.ref,
            "repository": self.repository,
            "repository_id": self.repository_id,
            "repository_owner": self.repository.partition("/")[0],
            "repository_owner_id": self.owner_id,
            "repository_visibility": self.visibility,
            "run_attempt": "1",
            "run_id": self.run_id,
            "runner_environment": self.runner,
            "sha": self.sha,
            "workflow": self.name,
            "workflow_ref": own,
            "workflow_sha": self.sha,
        }


def certificate_subject(token: Mapping[str, str]) -> str:
    """The workflow that holds the token, as a URI; KeyError where the token does not say."""
    return f"{GITHUB}/{token['job_workflow_ref']}"


def certificate_claims(token: Mapping[str, str]) -> dict[str, str]:
    """Extension values by the last number of their OID, without the issuer; KeyError where a claim is missing.

    There is no .7: it belongs to other issuers.
    """
    return {
        "2": token["event_name"],
        "3": token["sha"],
        "4": token["workflow"],
        "5": token["repository"],
        "6": token["ref"],
        "9": certificate_subject(token),
        "10": token["job_workflow_sha"],
        "11": token["runner_environment"],
        "12": f"{GITHUB}/{token['repository']}",
        "13": token["sha"],
        "14": token["ref"],
        "15": token["repository_id"],
        "16": f"{GITHUB}/{token['repository_owner']}",
        "17": token["repository_owner_id"],
        "18": f"{GITHUB}/{token['workflow_ref']}",
        "19": token["workflow_sha"],
        "20": token["event_name"],
        "21": f"{GITHUB}/{token['repository']}/actions/runs/{token['run_id']}/attempts/{token['run_attempt']}",
        "22": token["repository_visibility"],
    }
