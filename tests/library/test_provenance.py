"""Provenance against certificate: what agrees in its many spellings, and a test for each way of lying."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from registry_verifier.models import Digest, Identity, ImageName, Json, Statement
from registry_verifier.provenance import Disagreement, disagreements, is_checked
from tests.material import DIGEST, IMAGE, ISSUER, OTHER, changed

COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40
REPOSITORY = "https://github.com/acme/app"
SIGNER = f"{REPOSITORY}/.github/workflows/release.yml@refs/tags/v1.2.0"
RUN = f"{REPOSITORY}/actions/runs/3003/attempts/2"
CLAIMS = {
    "build_signer_uri": SIGNER,
    "source_repository_uri": REPOSITORY,
    "source_repository_digest": COMMIT,
    "source_repository_ref": "refs/tags/v1.2.0",
    "build_config_uri": SIGNER,
    "build_trigger": "push",
    "run_invocation_uri": RUN,
}
V1, V02 = "https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"
IMAGE_REF = f"{IMAGE}@{DIGEST}"

GITHUB: Json = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"ref": "refs/tags/v1.2.0", "repository": REPOSITORY, "path": ".github/workflows/release.yml"}
        },
        "internalParameters": {"github": {"event_name": "push", "repository_id": "1"}},
        "resolvedDependencies": [
            {"uri": f"git+{REPOSITORY}@refs/tags/v1.2.0", "digest": {"gitCommit": COMMIT}},
        ],
    },
    "runDetails": {"builder": {"id": SIGNER}, "metadata": {"invocationId": RUN}},
}
BY_HAND: Json = {
    "buildDefinition": {
        "buildType": "https://github.com/Attestations/GitHubActionsWorkflow@v1",
        "externalParameters": {
            "image": IMAGE_REF,
            "sourceRepository": REPOSITORY,
            "sourceRef": "v1.2.0",
            "sourceSha": COMMIT,
            "publishingWorkflow": ".github/workflows/container.yml",
            "signingWorkflow": ".github/workflows/release.yml",
        },
        "internalParameters": {"publishingWorkflowRunId": "2900", "signingWorkflowRunId": "3003"},
        "resolvedDependencies": [
            {"uri": REPOSITORY, "digest": {"gitCommit": COMMIT}},
            {"uri": IMAGE_REF, "digest": {"sha256": DIGEST.removeprefix("sha256:")}},
        ],
    },
    "runDetails": {
        "builder": {"id": f"{REPOSITORY}/.github/workflows/release.yml"},
        "metadata": {"invocationId": f"{REPOSITORY}/actions/runs/3003"},
    },
}
GENERATOR: Json = {
    "builder": {"id": SIGNER},
    "buildType": "https://github.com/slsa-framework/slsa-github-generator/container@v1",
    "invocation": {
        "configSource": {
            "uri": f"git+{REPOSITORY}@refs/tags/v1.2.0",
            "digest": {"sha1": COMMIT},
            "entryPoint": ".github/workflows/release.yml",
        },
        "parameters": {},
        "environment": {
            "github_event_name": "push",
            "github_ref": "refs/tags/v1.2.0",
            "github_run_id": "3003",
            "github_sha1": COMMIT,
        },
    },
    "metadata": {"buildInvocationID": "3003-2"},
    "materials": [{"uri": f"git+{REPOSITORY}@refs/tags/v1.2.0", "digest": {"sha1": COMMIT}}],
}
FORMS: dict[str, tuple[str, Json]] = {"github": (V1, GITHUB), "by hand": (V1, BY_HAND), "generator": (V02, GENERATOR)}
EXTERNAL, INTERNAL = "buildDefinition.externalParameters", "buildDefinition.internalParameters"
DEPENDENCY = "buildDefinition.resolvedDependencies"


def made(form: str, predicate: object = None, claims: Mapping[str, str] = CLAIMS, **fields: Any) -> Statement:
    kind, good = FORMS[form]
    document = {
        "predicateType": kind,
        "subject": [{"name": str(IMAGE), "digest": {"sha256": DIGEST.removeprefix("sha256:")}}],
        "predicate": good if predicate is None else predicate,
    }
    values = {"predicate_type": kind, "document": document, "identity": Identity(SIGNER, ISSUER, claims), **fields}
    return Statement(place="", format="bundle", is_signature=False, **values)


def check(statement: Statement, image: ImageName = IMAGE, digest: Digest = DIGEST) -> tuple[Disagreement, ...]:
    return disagreements(statement, image, digest)


def lie(form: str, path: str, value: object, claims: Mapping[str, str] = CLAIMS) -> list[str]:
    return [one.what for one in check(made(form, changed(FORMS[form][1], path, value), claims))]


@pytest.mark.parametrize("form", FORMS)
def test_a_true_provenance_has_no_disagreements(form: str) -> None:
    assert is_checked(made(form))
    assert check(made(form)) == ()


LIES = [
    ("github", f"{EXTERNAL}.workflow.repository", "https://github.com/evil/app", "source repository"),
    ("github", f"{EXTERNAL}.workflow.ref", "refs/heads/main", "ref"),
    ("github", f"{EXTERNAL}.workflow.path", ".github/workflows/other.yml", "workflow"),
    ("github", f"{EXTERNAL}.workflow.path", ".github/workflows/release.ym", "workflow"),
    ("github", f"{INTERNAL}.github.event_name", "pull_request", "trigger"),
    ("github", f"{DEPENDENCY}.0.digest.gitCommit", OTHER_COMMIT, "commit"),
    ("github", f"{DEPENDENCY}.0.digest.gitCommit", COMMIT[:12], "commit"),
    ("github", f"{DEPENDENCY}.0.uri", "git+https://github.com/evil/app@refs/tags/v1.2.0", "source repository"),
    ("github", f"{DEPENDENCY}.0.uri", f"git+{REPOSITORY}@refs/heads/main", "ref"),
    ("github", "runDetails.builder.id", SIGNER.replace("v1.2.0", "v9"), "builder"),
    ("github", "runDetails.builder.id", "https://example.org/builder", "builder"),
    ("github", "runDetails.metadata.invocationId", RUN.replace("3003", "4004"), "run"),
    ("github", "runDetails.metadata.invocationId", RUN.replace("attempts/2", "attempts/1"), "run"),
    ("github", "runDetails.metadata.invocationId", f"{REPOSITORY}/actions/runs/300", "run"),
    ("by hand", f"{EXTERNAL}.sourceRepository", "https://github.com/evil/app", "source repository"),
    ("by hand", f"{EXTERNAL}.sourceSha", OTHER_COMMIT, "commit"),
    ("by hand", f"{EXTERNAL}.sourceRef", "master", "ref"),
    ("by hand", f"{EXTERNAL}.signingWorkflow", ".github/workflows/other.yml", "workflow"),
    ("by hand", f"{INTERNAL}.signingWorkflowRunId", "2900", "run"),
    ("by hand", "runDetails.builder.id", f"{REPOSITORY}/.github/workflows/other.yml", "builder"),
    ("by hand", "runDetails.metadata.invocationId", f"{REPOSITORY}/actions/runs/2900", "run"),
    ("by hand", f"{DEPENDENCY}.0.digest.gitCommit", OTHER_COMMIT, "commit"),
    ("by hand", f"{DEPENDENCY}.0.uri", "https://github.com/evil/app", "source repository"),
    ("by hand", f"{DEPENDENCY}.1.digest.sha256", OTHER.removeprefix("sha256:"), "image digest"),
    ("by hand", f"{EXTERNAL}.image", f"{IMAGE}@{OTHER}", "image digest"),
    ("by hand", f"{EXTERNAL}.image", f"ghcr.io/acme/other@{DIGEST}", "image"),
    (
        "generator",
        "invocation.configSource.uri",
        "git+https://github.com/evil/app@refs/tags/v1.2.0",
        "source repository",
    ),
    ("generator", "invocation.configSource.uri", f"git+{REPOSITORY}@refs/tags/v1.2.1", "ref"),
    ("generator", "invocation.configSource.digest.sha1", OTHER_COMMIT, "commit"),
    ("generator", "invocation.configSource.entryPoint", ".github/workflows/other.yml", "workflow"),
    ("generator", "invocation.environment.github_sha1", OTHER_COMMIT, "commit"),
    ("generator", "invocation.environment.github_ref", "refs/heads/main", "ref"),
    ("generator", "invocation.environment.github_run_id", "4004", "run"),
    ("generator", "invocation.environment.github_event_name", "pull_request", "trigger"),
    ("generator", "builder.id", SIGNER.replace("release", "other"), "builder"),
    ("generator", "metadata.buildInvocationID", "3003-1", "run"),
    ("generator", "materials.0.digest.sha1", OTHER_COMMIT, "commit"),
]


@pytest.mark.parametrize(("form", "path", "value", "what"), LIES)
def test_each_lie_is_found_and_only_that(form: str, path: str, value: str, what: str) -> None:
    assert lie(form, path, value) == [what]


@pytest.mark.parametrize(("form", "path", "what"), sorted({(form, path, what) for form, path, _, what in LIES}))
@pytest.mark.parametrize("value", [7, 1.5, True, ["x"], {"x": "y"}])
def test_a_fact_of_the_wrong_type_is_a_disagreement(form: str, path: str, what: str, value: object) -> None:
    found = check(made(form, changed(FORMS[form][1], path, value)))
    assert any(one.what.startswith(what.partition(" ")[0]) and "is not a string" in one.claimed for one in found)


@pytest.mark.parametrize("path", [EXTERNAL, f"{EXTERNAL}.workflow", "runDetails", DEPENDENCY, f"{DEPENDENCY}.0.digest"])
@pytest.mark.parametrize("value", ["text", 7, True])
def test_what_is_no_object_where_facts_should_be_is_a_disagreement(path: str, value: object) -> None:
    assert lie("github", path, value)


@pytest.mark.parametrize(("form", "path"), sorted({(form, path) for form, path, _, _ in LIES}))
@pytest.mark.parametrize("value", [None, ""])
def test_a_fact_that_is_not_stated_is_no_disagreement(form: str, path: str, value: object) -> None:
    assert lie(form, path, value) == []


@pytest.mark.parametrize(
    ("form", "path", "value"),
    [
        ("github", f"{EXTERNAL}.workflow.repository", "https://github.com/Acme/App"),
        ("github", f"{EXTERNAL}.workflow.repository", f"git+{REPOSITORY}.git"),
        ("github", f"{EXTERNAL}.workflow.ref", "v1.2.0"),
        ("github", f"{DEPENDENCY}.0.digest.gitCommit", COMMIT.upper()),
        ("github", "runDetails.builder.id", "https://github.com/actions/runner/github-hosted"),
        ("github", "runDetails.builder.id", SIGNER.replace("acme", "Acme")),
        ("github", "runDetails.metadata.invocationId", f"{REPOSITORY}/actions/runs/3003"),
        ("by hand", f"{EXTERNAL}.sourceRef", "refs/tags/v1.2.0"),
        ("by hand", f"{EXTERNAL}.publishingWorkflow", ".github/workflows/whatever.yml"),
        ("by hand", f"{INTERNAL}.publishingWorkflowRunId", "manual"),
        ("by hand", f"{EXTERNAL}.image", f"ghcr.io/Acme/App:v1.2.0@{DIGEST}"),
        ("by hand", f"{EXTERNAL}.image", f"docker://{IMAGE}:v1.2.0"),
        ("by hand", f"{EXTERNAL}.image", f"acme/app@{DIGEST}"),
        ("by hand", f"{DEPENDENCY}.1", {"uri": f"ghcr.io/acme/base@{OTHER}", "digest": {"sha256": "c" * 64}}),
    ],
)
def test_another_spelling_of_the_truth_agrees(form: str, path: str, value: object) -> None:
    assert lie(form, path, value) == []


def test_a_longer_repository_name_is_another_repository() -> None:
    assert lie("github", f"{EXTERNAL}.workflow.repository", f"{REPOSITORY}-evil") == ["source repository"]


def test_paths_and_refs_are_not_folded() -> None:
    assert lie("github", f"{EXTERNAL}.workflow.path", ".github/workflows/Release.yml") == ["workflow"]
    assert lie("github", f"{EXTERNAL}.workflow.ref", "refs/tags/V1.2.0") == ["ref"]


def test_a_workflow_cannot_pass_for_another_by_its_name() -> None:
    claims = {**CLAIMS, "github_workflow_name": ".github/workflows/other.yml"}
    assert lie("github", f"{EXTERNAL}.workflow.path", ".github/workflows/other.yml", claims) == ["workflow"]


def test_a_path_with_an_at_sign_as_githubs_action_cuts_it() -> None:
    claims = {**CLAIMS, "build_config_uri": f"{REPOSITORY}/.github/workflows/a@b.yml@refs/tags/v1.2.0"}
    assert lie("github", f"{EXTERNAL}.workflow.path", ".github/workflows/a", claims) == []


REUSABLE = "https://github.com/acme/shared/.github/workflows/sign.yml@refs/heads/main"


def test_a_reusable_workflow_is_the_builder_and_its_caller_the_workflow() -> None:
    claims = {**CLAIMS, "build_signer_uri": REUSABLE}
    assert lie("github", "runDetails.builder.id", REUSABLE, claims) == []
    assert lie("github", "runDetails.builder.id", SIGNER, claims) == ["builder"]


def test_by_hand_either_workflow_may_be_named() -> None:
    claims = {**CLAIMS, "build_config_uri": SIGNER.replace("release", "caller")}
    assert lie("by hand", f"{EXTERNAL}.signingWorkflow", ".github/workflows/release.yml", claims) == []
    assert lie("by hand", f"{EXTERNAL}.signingWorkflow", ".github/workflows/caller.yml", claims) == []


@pytest.mark.parametrize("trigger", ["workflow_run", "repository_dispatch"])
def test_a_signing_run_that_another_started_may_name_the_commit_that_was_published(trigger: str) -> None:
    claims = {**CLAIMS, "build_trigger": trigger, "source_repository_ref": "refs/heads/main"}
    assert lie("by hand", f"{EXTERNAL}.sourceSha", OTHER_COMMIT, claims) == []
    assert lie("by hand", f"{DEPENDENCY}.0.digest.gitCommit", OTHER_COMMIT, claims) == []
    assert lie("by hand", f"{EXTERNAL}.sourceRepository", "https://github.com/evil/app", claims) == [
        "source repository"
    ]
    assert lie("by hand", f"{INTERNAL}.signingWorkflowRunId", "2900", claims) == ["run"]
    assert lie("by hand", f"{EXTERNAL}.sourceSha", 7, claims) == ["commit"]


def test_githubs_own_provenance_has_no_such_excuse() -> None:
    claims = {**CLAIMS, "build_trigger": "workflow_run"}
    assert "commit" in lie("github", f"{DEPENDENCY}.0.digest.gitCommit", OTHER_COMMIT, claims)


def test_other_repositories_among_the_dependencies_are_left_alone() -> None:
    other = {"uri": "git+https://github.com/acme/library@refs/heads/main", "digest": {"gitCommit": OTHER_COMMIT}}
    dependencies = [other, *GITHUB["buildDefinition"]["resolvedDependencies"]]
    assert lie("github", DEPENDENCY, dependencies) == []


def test_certificates_of_before_2023_have_old_extensions() -> None:
    old = {
        "github_workflow_repository": "acme/app",
        "github_workflow_sha": COMMIT,
        "github_workflow_ref": "refs/tags/v1.2.0",
        "github_workflow_trigger": "push",
    }
    assert check(made("generator", claims=old)) == ()
    assert lie("generator", "invocation.configSource.digest.sha1", OTHER_COMMIT, old) == ["commit"]
    assert lie("generator", "invocation.environment.github_ref", "refs/heads/main", old) == ["ref"]
    assert lie("generator", "builder.id", SIGNER.replace("release", "other"), old) == ["builder"]
    evil = "git+https://github.com/evil/app@refs/tags/v1.2.0"
    assert lie("generator", "invocation.configSource.uri", evil, old) == ["source repository"]


def test_facts_that_the_certificate_of_a_workflow_lacks_are_not_compared() -> None:
    assert check(made("github", claims={})) == ()


def test_a_workflows_provenance_signed_by_a_person_names_a_repository_that_the_certificate_does_not() -> None:
    person = Identity("dev@example.com", "https://accounts.google.com")
    found = {one.what: one.certified for one in check(made("github", identity=person))}
    assert found["source repository"] == "none, by issuer https://accounts.google.com"


def test_without_a_certificate_only_the_image_is_compared() -> None:
    predicate = changed(BY_HAND, f"{EXTERNAL}.sourceSha", OTHER_COMMIT)
    assert check(made("by hand", predicate, identity=None)) == ()
    predicate = changed(BY_HAND, f"{EXTERNAL}.image", f"{IMAGE}@{OTHER}")
    assert [one.what for one in check(made("by hand", predicate, identity=None))] == ["image digest"]


def test_a_subject_of_another_digest() -> None:
    document = changed(made("github").document, "subject.0.digest.sha256", "c" * 64)
    assert [str(one) for one in check(made("github", document=document))] == [
        f"provenance says image digest {'c' * 64} (verified: {DIGEST})"
    ]


def test_a_statement_without_subjects_is_for_others_to_refuse() -> None:
    document = {**made("github").document, "subject": []}
    assert check(made("github", document=document)) == ()


def test_a_dependency_that_is_named_as_the_image_is_must_be_it() -> None:
    elsewhere = f"mirror.example/acme/app@{DIGEST}"
    predicate = changed(BY_HAND, f"{EXTERNAL}.image", elsewhere)
    predicate = changed(predicate, f"{DEPENDENCY}.1", {"uri": elsewhere, "digest": {"sha256": "c" * 64}})
    assert [one.what for one in check(made("by hand", predicate))] == ["image", "image digest"]


def test_docker_hub_has_two_names() -> None:
    image = ImageName("index.docker.io", "acme/app")
    predicate = changed(BY_HAND, f"{EXTERNAL}.image", f"docker.io/acme/app@{DIGEST}")
    assert check(made("by hand", predicate), image) == ()


def test_a_fact_that_is_told_twice_is_reported_once() -> None:
    predicate = changed(BY_HAND, f"{EXTERNAL}.sourceSha", OTHER_COMMIT)
    predicate = changed(predicate, f"{DEPENDENCY}.0.digest.gitCommit", OTHER_COMMIT)
    assert check(made("by hand", predicate)) == (Disagreement("commit", OTHER_COMMIT, COMMIT),)


def test_a_disagreement_in_words() -> None:
    assert str(Disagreement("commit", "abc", "def")) == "provenance says commit abc (certificate: def)"


@pytest.mark.parametrize(
    "predicate", [[], "text", 7, {}, {"buildDefinition": []}, {"buildDefinition": {"buildType": 7}}]
)
def test_what_is_no_workflows_provenance_is_not_checked(predicate: object) -> None:
    assert not is_checked(made("github", predicate))
    assert check(made("github", predicate)) == ()


def test_an_sbom_and_other_build_types_are_not_checked() -> None:
    assert not is_checked(made("github", predicate_type="https://cyclonedx.org/bom"))
    assert not is_checked(made("github", predicate_type=None))
    assert not is_checked(made("github", changed(GITHUB, "buildDefinition.buildType", "https://example.org/v1")))
    assert not is_checked(made("generator", predicate_type=V1))
    assert not is_checked(made("github", document={}))


WHERE = {
    "github": (f"{EXTERNAL}.workflow.repository", DEPENDENCY),
    "by hand": (f"{EXTERNAL}.sourceRepository", DEPENDENCY),
    "generator": ("invocation.configSource.uri", "materials"),
}


@pytest.mark.parametrize("left_out", [None, ""])
@pytest.mark.parametrize("form", FORMS)
def test_provenance_that_names_no_repository_is_not_checked(form: str, left_out: str | None) -> None:
    whole = FORMS[form][1]
    parameter, dependencies = WHERE[form]
    without_parameter = changed(whole, parameter, left_out)
    assert is_checked(made(form, without_parameter))
    assert is_checked(made(form, changed(whole, dependencies, [])))
    assert not is_checked(made(form, changed(without_parameter, dependencies, [])))
    assert not is_checked(made(form, changed(without_parameter, dependencies, [{"digest": {"sha1": COMMIT}}])))


@pytest.mark.parametrize(
    "predicate", [{"buildDefinition": {"buildType": GITHUB["buildDefinition"]["buildType"]}}, {}, [GITHUB]]
)
def test_provenance_that_says_nothing_is_not_checked(predicate: object) -> None:
    assert not is_checked(made("github", predicate))


@pytest.mark.parametrize("form", FORMS)
def test_provenance_by_a_key_is_not_checked(form: str) -> None:
    assert not is_checked(replace(made(form), identity=None, key="sha256:" + "a" * 64))


def test_provenance_by_a_person_is_checked_and_contradicted() -> None:
    one = replace(made("github"), identity=Identity("a@acme.example", "https://accounts.google.com"))
    assert is_checked(one)
    assert "none, by issuer https://accounts.google.com" in str(check(one)[0])


def test_a_hostile_text_is_cut_and_printable() -> None:
    found = check(made("github", changed(GITHUB, f"{EXTERNAL}.workflow.ref", "\x1b[2J\u202e" + "x" * 1_000_000)))
    assert len(found[0].claimed) < 400
    assert found[0].claimed.isprintable()
    assert found[0].claimed.startswith("\\x1b[2J\\u202e")


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    found = check(made("github", changed(GITHUB, f"{EXTERNAL}.workflow.repository", "\ud800")))
    assert str(found[0]).encode()


def test_a_deep_and_a_huge_predicate_end_soon() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    entries = [{"uri": "git+https://github.com/evil/app", "digest": {"gitCommit": "x"}}] * 50_000
    assert (
        check(
            made(
                "github",
                {**GITHUB, "buildDefinition": {**json.loads(json.dumps(GITHUB["buildDefinition"])), "x": deep}},
            )
        )
        == ()
    )
    assert lie("github", DEPENDENCY, entries) == ["source repository", "commit"]
