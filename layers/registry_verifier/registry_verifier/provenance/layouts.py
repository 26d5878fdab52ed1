"""The forms of provenance that are read: where each states which fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry_verifier.provenance import certified
from registry_verifier.provenance.certified import Certified

SLSA_1 = "https://slsa.dev/provenance/v1"
SLSA_02 = "https://slsa.dev/provenance/v0.2"

_DEPENDENCIES = "buildDefinition.resolvedDependencies"
_EXTERNAL = "buildDefinition.externalParameters"
_INTERNAL = "buildDefinition.internalParameters"


@dataclass(frozen=True)
class Fact:
    """One fact, where the predicate states it, and how it is held against the certificate."""

    what: str
    path: str
    agrees: Callable[[str, Certified], bool]
    published: bool = False
    """about the run that published, which may be another than the one that signs"""


@dataclass(frozen=True)
class Layout:
    """One form of predicate."""

    facts: tuple[Fact, ...]
    dependencies: str
    """where it lists what went into the build"""
    build_type: str = "buildDefinition.buildType"
    image: str = ""
    """where it names the image itself, which then stands among the dependencies too"""

    @property
    def published(self) -> bool:
        """Whether the source among the dependencies is what another run published from."""
        return bool(self.image)


GITHUB = Layout(
    facts=(
        Fact("source repository", f"{_EXTERNAL}.workflow.repository", certified.repository),
        Fact("ref", f"{_EXTERNAL}.workflow.ref", certified.ref),
        Fact("workflow", f"{_EXTERNAL}.workflow.path", certified.workflow),
        Fact("trigger", f"{_INTERNAL}.github.event_name", certified.trigger),
        Fact("builder", "runDetails.builder.id", certified.builder),
        Fact("run", "runDetails.metadata.invocationId", certified.run),
    ),
    dependencies=_DEPENDENCIES,
)
"""what GitHub's own actions make: every fact is from the token that the certificate was issued for"""

SIGNING_WORKFLOW = Layout(
    facts=(
        Fact("source repository", f"{_EXTERNAL}.sourceRepository", certified.repository),
        Fact("commit", f"{_EXTERNAL}.sourceSha", certified.commit, published=True),
        Fact("ref", f"{_EXTERNAL}.sourceRef", certified.ref, published=True),
        Fact("workflow", f"{_EXTERNAL}.signingWorkflow", certified.either_workflow),
        Fact("run", f"{_INTERNAL}.signingWorkflowRunId", certified.run),
        Fact("builder", "runDetails.builder.id", certified.either_workflow),
        Fact("run", "runDetails.metadata.invocationId", certified.run),
    ),
    dependencies=_DEPENDENCIES,
    image=f"{_EXTERNAL}.image",
)
"""what a workflow writes by hand that signs an image which another workflow has published"""

GENERATOR = Layout(
    facts=(
        Fact("source repository", "invocation.configSource.uri", certified.repository),
        Fact("ref", "invocation.configSource.uri", certified.ref_of_uri),
        Fact("commit", "invocation.configSource.digest.sha1", certified.commit),
        Fact("workflow", "invocation.configSource.entryPoint", certified.workflow),
        Fact("commit", "invocation.environment.github_sha1", certified.commit),
        Fact("ref", "invocation.environment.github_ref", certified.ref),
        Fact("run", "invocation.environment.github_run_id", certified.run),
        Fact("trigger", "invocation.environment.github_event_name", certified.trigger),
        Fact("builder", "builder.id", certified.builder),
        Fact("run", "metadata.buildInvocationID", certified.run),
    ),
    dependencies="materials",
    build_type="buildType",
)
"""what slsa-github-generator makes, in SLSA 0.2"""

BY_TYPE: Mapping[str, Mapping[str, Layout]] = {
    SLSA_1: {
        "https://actions.github.io/buildtypes/workflow/v1": GITHUB,
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1": GITHUB,
        "https://github.com/Attestations/GitHubActionsWorkflow@v1": SIGNING_WORKFLOW,
    },
    SLSA_02: {
        f"https://github.com/slsa-framework/slsa-github-generator/{kind}@v1": GENERATOR
        for kind in ("container", "generic", "go")
    },
}
"""predicate type, then build type -> the form"""
