"""Policy files: what loads, what is refused, and that each refusal names its field and its place."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from registry_verifier.errors import PolicyError, Problem
from registry_verifier.models import Identity
from registry_verifier.policy.load import load, load_files
from registry_verifier.policy.metadata import duration
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import Reason

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
FIRST_USERS = ROOT / "layers" / "configuration" / "policies" / "openmed.yaml"
CORPUS = SHARED / "corpus" / "cluster-image-policies"

GOOD = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: acme
spec:
  images:
    - glob: ghcr.io/acme/*
  authorities:
    - keyless:
        identities:
          - issuer: https://token.actions.githubusercontent.com
            subjectRegExp: ^https://github\\.com/acme/app/
      attestations:
        - name: sbom
          predicateType: cyclonedx
          policy:
            type: cue
            data: |
              predicate: {
                bomFormat: "CycloneDX"
              }
"""


def one(text: str) -> Policy:
    (policy,) = load(text.encode(), file="acme.yaml")
    return policy


def problems(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as caught:
        load(text.encode() if isinstance(text, str) else text, file="acme.yaml")
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_good_policy_loads_with_defaults() -> None:
    policy = one(GOOD)
    (authority,) = policy.authorities
    assert (policy.name, policy.globs, policy.mode, policy.file) == (
        "acme",
        ("ghcr.io/acme/*",),
        "enforce",
        "acme.yaml",
    )
    assert (policy.require_signature, policy.grace) == (True, timedelta(minutes=30))
    assert (authority.name, authority.url) == ("authority-0", "https://fulcio.sigstore.dev")
    assert authority.attestations[0].predicate_type == "https://cyclonedx.org/bom"
    assert authority.attestations[0].condition is not None
    assert authority.attestations[0].condition.check({"predicate": {"bomFormat": "SPDX"}}) is not None


def test_all_that_is_known_loads() -> None:
    text = changed("  name: acme\n", "  name: acme\n  labels: {a: b, e: ''}\n  annotations: {x/y: z}\n  uid: x\n")
    text = text.replace("v1beta1", "v1alpha1").replace(
        "    - keyless:\n",
        "    - name: two words\n      signatureFormat: bundle\n"
        "      ctlog:\n        url: https://rekor.sigstore.dev\n      keyless:\n        url: http://fulcio.example:8080/x\n",
    )
    text += (
        "  mode: warn\n  match:\n    - {group: apps, version: v1, resource: pods, selector: {matchLabels: {a: b}}}\n"
    )
    policy = one(text + "status: {}\n")
    assert (policy.mode, policy.annotations) == ("warn", {"x/y": "z"})
    assert (policy.authorities[0].name, policy.authorities[0].url) == ("two words", "http://fulcio.example:8080/x")
    assert policy.match[0]["resource"] == "pods"


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "path", "said"),
    [
        ("policy.sigstore.dev/v1beta1", "v1", 1, 13, "apiVersion", "expected 'policy.sigstore.dev/v1beta1' or"),
        ("apiVersion: policy.sigstore.dev/v1beta1\n", "", 1, 1, "", "apiVersion is missing"),
        ("ClusterImagePolicy", "Pod", 2, 7, "kind", "is 'Pod' (expected 'ClusterImagePolicy' or"),
        ("metadata:\n  name: acme", "metadata: {}", 3, 11, "metadata.name", "is missing"),
        ("metadata:\n  name: acme\n", "", 1, 1, "metadata", "is missing"),
        ("name: acme", "name: Acme_x", 4, 9, "metadata.name", "lower-case"),
        ("name: acme", "name: 1", 4, 9, "metadata.name", 'expected a string, got a number: write it in quotes, "1"'),
        ("name: acme", "name: on", 4, 9, "metadata.name", 'write it in quotes, "on"'),
        ("name: acme", "name:", 4, 8, "metadata.name", "expected a string, got no value"),
        ("name: acme", "name: ''", 4, 9, "metadata.name", "is empty"),
        ("name: acme", "name: [a]", 4, 9, "metadata.name", "expected a string, got a list"),
        ("name: acme", "name: acme\n  labels: {a: 1}", 5, 15, "metadata.labels.a", 'quotes, "1"'),
        ("name: acme", "name: acme\n  nmae: x", 5, 3, "metadata.nmae", "unknown field (did you mean 'name'?)"),
        ("spec:\n", "spec:\n  Mode: warn\n", 6, 3, "spec.Mode", "did you mean 'mode'?"),
        ("spec:\n", "spec:\n  zzz: warn\n", 6, 3, "spec.zzz", "unknown field (expected one of images, authorities"),
        ("spec:\n", "spec:\n  mode: garbage\n", 6, 9, "spec.mode", "is 'garbage' (expected 'enforce' or 'warn')"),
        ("spec:\n", "spec:\n  mode: true\n", 6, 9, "spec.mode", 'write it in quotes, "true"'),
        ("spec:\n", "spec:\n  match: []\n", 6, 10, "spec.match", "is empty"),
        ("spec:\n", "spec:\n  match: [{resource: apple}]\n", 6, 22, "spec.match[0].resource", "is 'apple'"),
        (
            "spec:\n",
            "spec:\n  match: [{selector: {}}]\n",
            6,
            22,
            "spec.match[0].selector",
            "group, version or resource",
        ),
        ("  images:\n    - glob: ghcr.io/acme/*\n", "", 6, 3, "spec.images", "is missing"),
        ("    - glob: ghcr.io/acme/*\n", "    []\n", 7, 5, "spec.images", "is empty"),
        ("- glob: ghcr.io/acme/*", "- image: x", 7, 7, "spec.images[0].glob", "is missing"),
        ("- glob: ghcr.io/acme/*", "- x", 7, 7, "spec.images[0]", "expected a mapping, got a string"),
        ("glob: ghcr.io/acme/*", 'glob: "["', 7, 13, "spec.images[0].glob", "glob is '['"),
        ("glob: ghcr.io/acme/*", 'glob: ""', 7, 13, "spec.images[0].glob", "is empty"),
        (
            "spec:\n",
            "spec:\n  policy: {type: cue}\n",
            6,
            11,
            "spec.policy",
            "exactly one of data, remote, configMapRef, got",
        ),
        ("spec:\n", "spec:\n  policy: {type: cue, data: x, remote: {}}\n", 6, 11, "spec.policy", "got data and remote"),
        (
            "spec:\n",
            "spec:\n  policy: {type: cue, data: 'a: 1', includeSpec: 1}\n",
            6,
            50,
            "includeSpec",
            "true or false",
        ),
        ("- keyless:", "- static: {action: x}\n      kless:", 9, 24, "static.action", "expected 'pass' or 'fail'"),
        ("- keyless:", "- static: {}\n      kless:", 9, 15, "static.action", "is missing"),
        (
            "- keyless:",
            "- static: {action: pass}\n      ctlog: {}\n      kless:",
            9,
            7,
            "[0]",
            "one of static and ctlog",
        ),
        ("- keyless:", "- key: {data: x}\n      keyless:", 9, 19, "[0].key.data", "public key"),
        ("- keyless:", "- key: {}\n      kless:", 9, 12, "[0].key", "exactly one of data, kms, secretRef, got neither"),
        ("- keyless:", "- key: {data: x, kms: y}\n      kless:", 9, 12, "[0].key", "secretRef, got both"),
        ("- keyless:", "- key: {kms: 'awskms:///alias/x'}\n      kless:", 9, 18, "[0].key.kms", "awskms"),
        ("- keyless:", "- key: {kms: 'https://x'}\n      kless:", 9, 18, "[0].key.kms", "hashivault"),
        (
            "- keyless:",
            "- key: {secretRef: {namespace: x}}\n      kless:",
            9,
            36,
            "secretRef.namespace",
            "cosign-system",
        ),
        (
            "- keyless:",
            "- key: {data: x, hashAlgorithm: md5}\n      kless:",
            9,
            37,
            "key.hashAlgorithm",
            "sha256, sha384",
        ),
        ("- keyless:", "- source: [{}, {}]\n      keyless:", 9, 15, "[0].source", "has 2 entries"),
        ("- keyless:", "- source: [{oci: 'a b'}]\n      keyless:", 9, 22, "source[0].oci", "not an image name"),
        ("- keyless:", "- source: [{oci: 1}]\n      keyless:", 9, 22, "source[0].oci", "in quotes"),
        (
            "- keyless:",
            "- source: [{signaturePullSecrets: [{}]}]\n      keyless:",
            9,
            40,
            "Secrets[0].name",
            "is missing",
        ),
        ("- keyless:", "- rfc3161timestamp: {x: 1}\n      keyless:", 9, 26, "rfc3161timestamp.x", "unknown field"),
        (
            "- keyless:",
            "- key: {data: x}\n      keyless:",
            9,
            7,
            "spec.authorities[0]",
            "exactly one of keyless, key, static",
        ),
        ("- keyless:", "- name: x\n      keyles:", 10, 7, "spec.authorities[0].keyles", "did you mean 'keyless'?"),
        ("- keyless:", "- ctlog: {url: x}\n      keyless:", 9, 20, "spec.authorities[0].ctlog.url", "http or https"),
        ("- keyless:", '- name: "a\\nb"\n      keyless:', 9, 13, "spec.authorities[0].name", "printable"),
        (
            "identities:",
            "url: x\n        identities:",
            10,
            14,
            "spec.authorities[0].keyless.url",
            "http or https address",
        ),
        ("identities:", "ca-cert: {}\n        identities:", 10, 18, "keyless.ca-cert", "secretRef, got neither"),
        (
            "identities:",
            "url: https://x.example\n        ca-cert: {kms: 'hashivault://x'}\n        identities:",
            10,
            9,
            "[0].keyless",
            "exactly one of url and ca-cert, got both",
        ),
        ("identities:", "insecureIgnoreSCT: 1\n        identities:", 10, 28, "insecureIgnoreSCT", "true or false"),
        (
            "issuer: https://token.actions.githubusercontent.com",
            "issuer: ''",
            11,
            21,
            "identities[0].issuer",
            "is empty",
        ),
        (
            "issuer: https://token",
            "issuerRegExp: ''\n            issuer: https://token",
            11,
            27,
            "issuerRegExp",
            "is empty",
        ),
        (
            "issuer: https://token",
            "issuerRegExp: a\n            issuer: https://token",
            11,
            13,
            "identities[0]",
            "got both",
        ),
        (
            "issuer: https://token.actions.githubusercontent.com\n            ",
            "",
            11,
            13,
            "identities[0]",
            "issuerRegExp, got neither",
        ),
        ("subjectRegExp: ^https://github\\.com/acme/app/", "subject: 1", 12, 22, "identities[0].subject", "in quotes"),
        ("^https://github\\.com/acme/app/", "'****'", 12, 28, "identities[0].subjectRegExp", "refused by RE2"),
        ("^https://github\\.com/acme/app/", "(?=x)", 12, 28, "identities[0].subjectRegExp", "refused by RE2"),
        ("^https://github\\.com/acme/app/", "\\C", 12, 28, "identities[0].subjectRegExp", "Go does not take"),
        ("- name: sbom", "- names: sbom", 14, 11, "attestations[0].names", "did you mean 'name'?"),
        (
            "predicateType: cyclonedx",
            "predicateType: cyclone",
            15,
            26,
            "attestations[0].predicateType",
            "expected a uri or",
        ),
        ("          predicateType: cyclonedx\n", "", 14, 11, "attestations[0].predicateType", "is missing"),
        ("type: cue", "type: CUE", 17, 19, "policy.type", "is 'CUE' (expected 'cue' or 'rego')"),
        (
            "type: cue\n",
            "type: cue\n            includeSpec: true\n",
            18,
            26,
            "policy.includeSpec",
            "only stand in spec",
        ),
        ("type: cue\n", "type: cue\n            remote: {url: x}\n", 17, 13, "attestations[0].policy", "got data and"),
        ('bomFormat: "CycloneDX"', "bomFormat: )", 20, 28, "policy.data", ""),
    ],
)
def test_refusal_names_field_and_place(old: str, new: str, line: int, column: int, path: str, said: str) -> None:
    found = problems(changed(old, new))
    assert any(
        (p.line, p.column) == (line, column) and p.path.endswith(path) and said in p.text and p.file == "acme.yaml"
        for p in found
    ), "\n".join(map(str, found))


def test_all_problems_of_a_file_are_told_in_order() -> None:
    wrong = changed("name: acme", "name: 1").replace("spec:\n", "spec:\n  mode: x\n")
    found = problems(wrong.replace("- glob", "- blob").replace("type: cue", "type: cu"))
    assert [p.line for p in found] == sorted(p.line for p in found)
    assert {p.path for p in found} >= {"metadata.name", "spec.images[0].blob", "spec.images[0].glob"}


def test_problems_are_bounded() -> None:
    assert len(problems(GOOD + "  mode: x\n" + "".join(f"  f{n}: 1\n" for n in range(500)))) == 100


def test_expression_that_matches_all_is_taken_when_written() -> None:
    policy = one(changed("subjectRegExp: ^https://github\\.com/acme/app/", "subjectRegExp: .*"))
    assert (
        policy.authorities[0].identities[0].match(Identity("", "https://token.actions.githubusercontent.com")) is None
    )


def test_expression_matches_anywhere_and_dollar_is_the_end() -> None:
    (rule,) = one(changed("^https://github\\.com/acme/app/", "acme/app$")).authorities[0].identities
    issuer = "https://token.actions.githubusercontent.com"
    assert rule.match(Identity("https://github.com/acme/app", issuer)) is None
    assert rule.match(Identity("https://github.com/acme/app\n", issuer)) is Reason.IDENTITY_MISMATCH
    assert rule.match(Identity("https://github.com/acme/app\ud83d", issuer)) is Reason.IDENTITY_MISMATCH
    assert rule.match(Identity("https://github.com/acme/app", issuer + "/")) is Reason.ISSUER_MISMATCH


@pytest.mark.parametrize(
    ("short", "uri"),
    [
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
        ("https://example.com/x", "https://example.com/x"),
        ("cosign.sigstore.dev/attestation/v1", "cosign.sigstore.dev/attestation/v1"),
    ],
)
def test_short_predicate_types(short: str, uri: str) -> None:
    policy = one(changed("predicateType: cyclonedx", f"predicateType: {short}"))
    assert policy.authorities[0].attestations[0].predicate_type == uri


def annotated(*annotations: str) -> str:
    return changed("  name: acme\n", "  name: acme\n  annotations:\n" + "".join(f"    {a}\n" for a in annotations))


def test_our_annotations_are_read() -> None:
    policy = one(annotated("registry-verifier/require-signature: 'false'", "registry-verifier/grace-period: 1h30m"))
    assert (policy.require_signature, policy.grace) == (False, timedelta(minutes=90))


def test_annotations_of_children_and_channel_are_read() -> None:
    plain = one(GOOD)
    assert (plain.children, plain.slack_channel) == ("index", "")
    said = one(annotated("registry-verifier/children: leaves", "registry-verifier/slack-channel: '#image-releases_1'"))
    assert (said.children, said.slack_channel) == ("leaves", "#image-releases_1")
    assert one(annotated("registry-verifier/children: index-or-every-leaf")).children == "index-or-every-leaf"


@pytest.mark.parametrize("channel", ["#a", "#" + "a" * 79, "C0123456789", "G012345678", "C024BE91L"])
def test_channels(channel: str) -> None:
    assert one(annotated(f"registry-verifier/slack-channel: '{channel}'")).slack_channel == channel


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("2s", 2), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("72h", 259_200)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "-1s", "1m1h", "1.5h", "72h1s", "999999s", "1d", " 1s", "1s\n", "h", "٣s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        duration(text)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("registry-verifier/require-signature: true", 'write it in quotes, "true"'),
        ("registry-verifier/require-signature: 'no'", "expected 'true' or 'false'"),
        ("registry-verifier/grace-period: 30", 'write it in quotes, "30"'),
        ("registry-verifier/grace-period: 100h", "expected a duration"),
        ("registry-verifier/grace-perod: 30m", "did you mean 'registry-verifier/grace-period'?"),
        ("registry-verifier/zzz: x", "expected require-signature or grace-period"),
        ("registry-verifier/children: x", "expected 'index' or 'leaves' or 'index-or-every-leaf'"),
        ("registry-verifier/children: ''", "is empty"),
        ("registry-verifier/child: leaves", "did you mean 'registry-verifier/children'?"),
        ("registry-verifier/slack-channel: ''", "is empty"),
        ("registry-verifier/slack-channel: releases", "expected a channel such as '#releases' or 'C0123456789'"),
        ("registry-verifier/slack-channel: '#Releases'", "expected a channel"),
        ("registry-verifier/slack-channel: '#a b'", "expected a channel"),
        ("registry-verifier/slack-channel: '@someone'", "expected a channel"),
        ("registry-verifier/slack-channel: 'U0123456789'", "expected a channel"),
        ("registry-verifier/slack-channel: 'C0123456789\\n'", "expected a channel"),
        (f"registry-verifier/slack-channel: '#{'a' * 80}'", "expected a channel"),
        ("registry-verifer/grace-period: 30m", "did you mean 'registry-verifier/'?"),
        ("Registry-verifier/grace-period: 30m", "did you mean 'registry-verifier/'?"),
    ],
)
def test_our_annotations_are_strict(annotation: str, said: str) -> None:
    found = problems(annotated(annotation))
    assert {p.line for p in found} == {6}
    assert any(said in p.text for p in found)


def test_hash_is_of_what_is_said() -> None:
    assert one(GOOD).sha256 == one("# comment\n" + GOOD).sha256
    assert one(GOOD).sha256 != one(changed("name: sbom", "name: bom")).sha256
    assert one(GOOD).sha256 != one(annotated("registry-verifier/children: leaves")).sha256


def test_another_channel_makes_no_other_policy() -> None:
    assert one(GOOD).sha256 == one(annotated("registry-verifier/slack-channel: '#a'")).sha256
    leaves = "registry-verifier/children: leaves"
    both = one(annotated(leaves, "registry-verifier/slack-channel: '#a'"))
    assert both.sha256 == one(annotated(leaves, "registry-verifier/slack-channel: '#b'")).sha256
    assert both.sha256 == one(annotated(leaves)).sha256
    assert both.annotations["registry-verifier/slack-channel"] == "#a"


def test_several_documents_in_a_file() -> None:
    text = GOOD + "---\n" + GOOD.replace("name: acme", "name: other") + "---\n"
    assert [p.name for p in load(text.encode(), file="f")] == ["acme", "other"]


def test_problem_in_the_second_document_has_its_line() -> None:
    found = problems(GOOD + "---\n" + GOOD.replace("name: acme", "name: 1"))
    assert [p.line for p in found] == [GOOD.count("\n") + 1 + 4]


@pytest.mark.parametrize("files", [{"a": GOOD + "---\n" + GOOD}, {"a": GOOD, "b": GOOD}])
def test_two_policies_of_one_name_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(PolicyError, match="name 'acme' stands in a:1 already"):
        load_files({name: text.encode() for name, text in files.items()})


def test_two_authorities_or_attestations_of_one_name_are_refused() -> None:
    authorities = GOOD[GOOD.index("    - keyless") :].replace("- keyless", "- name: x\n      keyless")
    assert "name 'x' stands twice" in problems(GOOD[: GOOD.index("    - keyless")] + authorities * 2)[0].text
    attestation = GOOD[GOOD.index("        - name: sbom") :]
    assert "name 'sbom' stands twice" in problems(GOOD + attestation)[0].text


def test_problems_of_all_files_are_told() -> None:
    with pytest.raises(PolicyError) as caught:
        load_files({"a": b"\xff", "b": b"x: [", "c": GOOD.encode(), "d": b"# nothing"})
    assert [p.file for p in caught.value.problems] == ["a", "b", "d"]


@pytest.mark.parametrize("content", [b"", b"# c", b"---\n---\n", b"x", b"[]", b"- a", b"1"])
def test_file_without_a_policy_is_refused(content: bytes) -> None:
    assert problems(content)


def test_thousand_identities_load_and_match() -> None:
    rules = "".join(f"          - {{issuer: https://i.example, subjectRegExp: ^s{n}$}}\n" for n in range(999))
    policy = one(changed("        identities:\n", "        identities:\n" + rules))
    matches = [rule.match(Identity("s998", "https://i.example")) for rule in policy.authorities[0].identities]
    assert matches.count(None) == 1


def test_more_than_a_thousand_identities_are_refused() -> None:
    rules = "          - {issuer: i, subject: s}\n" * 1001
    assert any(
        "has 1002 entries" in p.text
        for p in problems(changed("        identities:\n", "        identities:\n" + rules))
    )


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)*b", "(.*)*x", "a{1000}", "(x+x+)+y"])
def test_catastrophic_expressions_are_answered_or_refused(expression: str) -> None:
    text = changed("^https://github\\.com/acme/app/", f"'{expression}'")
    (rule,) = one(text).authorities[0].identities
    assert rule.match(Identity("a" * 500 + "!", "https://token.actions.githubusercontent.com")) is not None


@pytest.mark.parametrize("expression", ["((a{100}){100}){100}", "x" * 5000, "(" * 3000, "\\p{Zyyy}", "(a)\\1"])
def test_expressions_that_cost_too_much_or_that_go_has_not_are_refused(expression: str) -> None:
    found = problems(changed("^https://github\\.com/acme/app/", f"'{expression}'"))
    assert [p.path for p in found] == ["spec.authorities[0].keyless.identities[0].subjectRegExp"]
    assert len(found[0].text) < 300


def test_first_users_policy_loads_unchanged() -> None:
    (policy,) = load(FIRST_USERS.read_bytes(), file="openmed.yaml")
    (authority,) = policy.authorities
    (rule,) = authority.identities
    owner = policy.globs[0].split("/")[1]
    signer = f"https://github.com/{owner}/openmed/.github/workflows/image-signing.yml@refs/heads/"
    issuer = "https://token.actions.githubusercontent.com"
    assert rule.match(Identity(signer + "master", issuer)) is None
    assert rule.match(Identity(signer + "feature", issuer)) is Reason.IDENTITY_MISMATCH
    assert [a.predicate_type for a in authority.attestations] == [
        "https://cyclonedx.org/bom",
        "https://slsa.dev/provenance/v1",
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared material is not beside the repository")
def test_first_users_policy_is_theirs_byte_for_byte() -> None:
    assert FIRST_USERS.read_bytes() == (SHARED / "seed" / "image-verification.yaml").read_bytes()


def corpus(kind: str) -> Iterable[Path]:
    return sorted((CORPUS / kind).glob("*.yaml"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared material is not beside the repository")
@pytest.mark.parametrize("file", corpus("valid"), ids=lambda file: file.stem)
def test_policy_that_is_valid_elsewhere_loads(file: Path) -> None:
    assert load(file.read_bytes(), file=file.name)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared material is not beside the repository")
@pytest.mark.parametrize("file", corpus("invalid"), ids=lambda file: file.stem)
def test_policy_that_is_invalid_elsewhere_is_refused(file: Path) -> None:
    expected = [line.rpartition(": ")[2] for line in file.read_text().splitlines() if line.startswith("# ERROR")]
    found = problems(file.read_bytes())
    assert any(field.startswith(p.path) for p in found if p.path for field in _fields(expected)), found


def _fields(expected: list[str]) -> list[str]:
    words = [word.strip().removeprefix("# ERROR:") for line in expected for word in line.split(",")]
    return [word if word.startswith("spec.") else f"spec.authorities[0].{word}" for word in words] + [
        "spec.authorities[0].keyless.identities"
    ]


def timed(text: str) -> tuple[float, tuple[Problem, ...]]:
    began = time.process_time()
    found = problems(text)
    return time.process_time() - began, found


def test_unknown_fields_by_the_thousand_are_refused_in_little_time() -> None:
    seconds, found = timed(GOOD + "".join(f"  kgys{n}: a\n" for n in range(38_000)))
    assert seconds < 5
    assert len(found) == 100
    assert any("has 38002 entries (expected at most 1000)" in problem.text for problem in found)


def test_first_of_many_unknown_fields_names_what_was_meant() -> None:
    _, found = timed(GOOD.replace("  images:\n", "  image:\n") + "".join(f"  x{n}: a\n" for n in range(900)))
    assert [problem.path for problem in found[:2]] == ["spec.images", "spec.image"]
    assert "did you mean 'images'?" in found[1].text


def test_field_behind_a_thousand_others_is_not_called_missing() -> None:
    many = "".join(f"  x{n}: a\n" for n in range(1001))
    _, found = timed(GOOD.replace("  images:\n", many + "  images:\n"))
    assert not [problem for problem in found if problem.text == "is missing"]


def test_annotations_with_nearly_our_prefix_are_refused_in_little_time() -> None:
    said = ",".join(f"'registryverifie{n}/x': a" for n in range(38_000))
    seconds, found = timed(GOOD.replace("  name: acme\n", f"  name: acme\n  annotations: {{{said}}}\n"))
    assert seconds < 5
    assert any("did you mean 'registry-verifier/'?" in problem.text for problem in found)


def test_problem_is_told_once() -> None:
    found = problems(GOOD.replace("spec:\n", "spec:\n  match: [1]\n"))
    assert len(found) == len(set(found))
