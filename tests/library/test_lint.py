"""What a policy says and may not mean: a test for each warning, and none about policies that are well written."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest

from registry_verifier.models import Json
from registry_verifier.policy.lint import CODES, Advice, advise
from registry_verifier.policy.model import (
    AttestationRule,
    Authority,
    IdentityRule,
    Key,
    Log,
    Policy,
    Static,
)
from tests.conftest import ROOT
from tests.material import CYCLONEDX, ISSUER, SLSA

SIGN = "https://sigstore.dev/cosign/sign/v1"
WORKFLOW = r"^https://github\.com/acme/app/\.github/workflows/release\.yml@refs/(heads/main|tags/v.*)$"
GLOB = "ghcr.io/acme/app@sha256:*"
IDENTITY = "spec.authorities[0].keyless.identities[0]"
PAGE = (ROOT / "docs/policy-warnings.md").read_text()
LINT = ROOT / "layers/registry_verifier/registry_verifier/policy/lint"
SECTIONS = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@dataclass(frozen=True)
class Text:
    """A condition that is only read here."""

    text: str

    def check(self, document: Json) -> str | None:
        raise AssertionError("advice reads conditions and checks nothing")

    def check_as_cluster(self, document: Json) -> str | None:
        raise AssertionError("advice reads conditions and checks nothing")


SIGNATURE = AttestationRule("signature", SIGN)
GOOD = Authority(
    "release",
    (IdentityRule(issuer=ISSUER, subject_regexp=WORKFLOW),),
    (SIGNATURE, AttestationRule("sbom", CYCLONEDX, Text('predicate: bomFormat: "CycloneDX"'))),
    log=Log("https://rekor.sigstore.dev"),
    signature_format="bundle",
)
KEYED = Authority("key", (), key=Key(("PEM",)), log=Log("https://rekor.sigstore.dev"), signature_format="legacy")


def policy(*authorities: Authority, **fields: Any) -> Policy:
    return Policy("release", fields.pop("globs", (GLOB,)), authorities or (GOOD,), **fields)


def codes(*authorities: Authority, **fields: Any) -> list[str]:
    return [advice.code for advice in advise(policy(*authorities, **fields))]


def only(code: str, found: tuple[Advice, ...]) -> Advice:
    (advice,) = (one for one in found if one.code == code)
    return advice


def identified(**fields: str) -> Authority:
    return replace(GOOD, identities=(IdentityRule(**fields),))


def subject(text: str) -> Authority:
    return identified(issuer=ISSUER, subject=text)


def regexp(text: str) -> Authority:
    return identified(issuer=ISSUER, subject_regexp=text)


def attested(kind: str, text: str | None = None, written: str = "") -> Authority:
    condition = Text(text) if text is not None else None
    return replace(GOOD, attestations=(SIGNATURE, AttestationRule("one", kind, condition, written)))


def test_a_well_written_policy_has_no_warnings() -> None:
    assert advise(policy()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main",
        "https://github.com/acme/app/.github/workflows/release.yaml@refs/tags/v1",
        "https://github.com/acme/app/.github/workflows/release.yml@refs/pull/31/merge",
        f"https://github.com/acme/shared/.github/workflows/attest.yml@{'0a' * 20}",
    ],
)
def test_subjects_of_workflows_are_left_alone(text: str) -> None:
    assert codes(subject(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        r"^https://github\.com/acme/.*$",
        r"^https://github\.com/acme/[^/]+/\.github/workflows/[^/]+@refs/tags/v[0-9.]+$",
        r"^https://github\.com/acme/app/\.github/workflows/release\.ya?ml@[0-9a-f]{40}$",
        rf"^https://github\.com/acme/shared/\.github/workflows/sign\.yml@{'0a' * 20}$",
        r"^https://github\.com/(acme|acme-labs)/app/.+$",
        r"(?i)^https://github\.com/acme/app/.*$",
        r"\Ahttps://github\.com/acme/app/.*\z",
    ],
)
def test_anchored_and_escaped_expressions_are_left_alone(text: str) -> None:
    assert codes(regexp(text)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"issuer": "https://accounts.google.com", "subject": "release@acme.example"},
        {"issuer": "https://gitlab.com", "subject": "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"},
        {"issuer": f"{ISSUER}/acme", "subject_regexp": WORKFLOW},
        {"issuer_regexp": r"^https://token\.actions\.githubusercontent\.com$", "subject_regexp": WORKFLOW},
    ],
)
def test_other_issuers_are_left_alone(fields: dict[str, str]) -> None:
    assert codes(identified(**fields)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (WORKFLOW[1:], "is not anchored at its start"),
        (WORKFLOW[:-1] + "/x", "is not anchored at its end"),
        (WORKFLOW[1:-1] + "/x", "is anchored at neither end"),
        (f".*{WORKFLOW[1:-1]}.*", "is anchored at neither end"),
        (f"^.*{WORKFLOW[1:]}", "is not anchored at its start"),
        (rf"{WORKFLOW}|release\.yml", "is anchored at neither end"),
    ],
)
def test_unanchored_regexp(text: str, fault: str) -> None:
    found = only("unanchored-regexp", advise(policy(regexp(text))))
    assert found.path == f"{IDENTITY}.subjectRegExp"
    assert fault in found.text


def test_unanchored_regexp_of_an_issuer() -> None:
    rule = identified(issuer_regexp=r"https://token\.actions\.githubusercontent\.com", subject_regexp=WORKFLOW)
    assert only("unanchored-regexp", advise(policy(rule))).path == f"{IDENTITY}.issuerRegExp"


def test_unescaped_dot() -> None:
    found = only("unescaped-dot", advise(policy(regexp(WORKFLOW.replace(r"github\.com", "github.com")))))
    assert r"write 'github\.com'" in found.text
    assert "little can come of it" in found.text


def test_unescaped_dot_where_much_can_come_of_it() -> None:
    found = only("unescaped-dot", advise(policy(regexp(WORKFLOW.replace(r"github\.com", "github.com")[1:]))))
    assert "little can come of it" not in found.text


@pytest.mark.parametrize(
    "text", [".*", "^.*$", r"^https://github\.com/.*$", r"^https://[^/]+/.*", "^https://", ".+@.+"]
)
def test_broad_regexp(text: str) -> None:
    assert "broad-regexp" in codes(regexp(text))


def test_broad_regexp_of_an_issuer() -> None:
    found = only("broad-regexp", advise(policy(identified(issuer_regexp="^https://.*$", subject_regexp=WORKFLOW))))
    assert found.text == "expression '^https://.*$' matches any issuer (write issuer with the one that is meant)"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "repo:acme/app:ref:refs/heads/main",
            "expected 'https://github.com/OWNER/NAME/.github/workflows/FILE.yml@REF'",
        ),
        ("http://github.com/acme/app/.github/workflows/a.yml@refs/heads/main", "expected 'https://github.com/OWNER"),
        ("https://github.com/acme/app", "expected 'https://github.com/OWNER"),
        ("dev@acme.example", "expected 'https://github.com/OWNER"),
        ("https://github.com/acme/app/.github/workflows/a.yml", "the ref is missing"),
        ("https://github.com/acme/app/.github/workflows/a@refs/heads/main", "the workflow's file is 'a'"),
        ("https://github.com/acme/app/.github/workflows/a.yml@main", "the ref is 'main'"),
        ("https://github.com/acme/app/.github/workflows/a.yml@refs/head/main", "the ref is 'refs/head/main'"),
        (f"https://github.com/acme/app/.github/workflows/a.yml@{'0A' * 20}", "(expected lower case)"),
        (f"https://github.com/acme/app/.github/workflows/a.yml@{'0a' * 10}", "or a whole commit"),
        ("https://github.com/acme/app/.github/workflows/a.yml@refs/tags/v*", "write subjectRegExp"),
        ("^https://github.com/acme/app/.*$", "write subjectRegExp"),
        (r"https://github\.com/acme/app", "write subjectRegExp"),
        ("https://github.com/acme/app/.github/workflows/a.yml@refs/heads/main ", "write subjectRegExp"),
    ],
)
def test_impossible_subjects(text: str, fault: str) -> None:
    (found,) = advise(policy(subject(text)))
    assert (found.code, found.path) == ("impossible-identity", f"{IDENTITY}.subject")
    assert fault in found.text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (r"^repo:acme/app:.*$", "it begins with 'repo:acme/app:'"),
        (r"^http://github\.com/acme/.*$", "it begins with"),
        (r"^https://github\.com/acme/app/\.github/workflows/release\.yml$", "it ends with the workflow's file"),
        (r"^https://github\.com/acme/app/\.github/workflows/release\.yml@main$", "'@' is followed by 'main'"),
        (
            r"^https://github\.com/acme/app/\.github/workflows/release\.yml@refs/tag/v.*$",
            "'@' is followed by 'refs/tag/v'",
        ),
        (r"^[a-z]+@acme\.example$", "'@' is followed by 'acme.example'"),
    ],
)
def test_impossible_subject_expressions(text: str, fault: str) -> None:
    (found,) = advise(policy(regexp(text)))
    assert (found.code, found.path) == ("impossible-identity", f"{IDENTITY}.subjectRegExp")
    assert fault in found.text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{ISSUER}/", "with a slash at its end"),
        ("http://token.actions.githubusercontent.com", "(expected one that begins with 'https://')"),
        ("token.actions.githubusercontent.com", "(expected one that begins with 'https://')"),
        ("https://oauth2.sigstore.dev/auth", "such as 'https://accounts.google.com'"),
        (r"https://token\.actions\.githubusercontent\.com", "write issuerRegExp"),
        ("https://*.acme.example", "write issuerRegExp"),
    ],
)
def test_impossible_issuers(text: str, fault: str) -> None:
    found = only("impossible-identity", advise(policy(identified(issuer=text, subject_regexp=WORKFLOW))))
    assert found.path == f"{IDENTITY}.issuer"
    assert fault in found.text


def test_a_workflow_that_signs_with_a_google_account() -> None:
    rule = identified(issuer="https://accounts.google.com", subject="https://github.com/acme/app")
    assert "expected an e-mail address" in only("impossible-identity", advise(policy(rule))).text


def test_an_issuer_of_a_private_sigstore_may_be_anything() -> None:
    rule = identified(issuer="http://issuer.local", subject="me")
    assert "impossible-identity" not in codes(replace(rule, trust_root="ours", log=Log(trust_root="ours")))


def test_broad_and_other_globs() -> None:
    found = advise(policy(globs=("**", "ghcr.io/acme/app", "ghcr.io/acme/other:v1")))
    assert [one.code for one in found] == ["broad-glob", "glob-never-matches"]
    assert codes(globs=("ghcr.io/acme/other:v1",)) == ["glob-matches-no-digest"]


def test_attestations_replace_signature() -> None:
    rule = replace(GOOD, attestations=GOOD.attestations[1:])
    found = only("attestations-replace-signature", advise(policy(rule)))
    assert found.path == "spec.authorities[0].attestations"
    assert codes(rule, require_signature=False) == []


@pytest.mark.parametrize(
    ("authority", "fault"),
    [
        (replace(GOOD, signature_format=""), "is missing, which the cluster takes for 'legacy'"),
        (replace(GOOD, signature_format="legacy"), "signatureFormat is 'legacy': it sees nothing that cosign 3 writes"),
        (replace(GOOD, signature_format="bundles"), "signatureFormat is 'bundles', taken for 'legacy'"),
        (replace(GOOD, signature_format="", attestations=()), f"(write 'bundle' and list '{SIGN}' as an attestation)"),
        (replace(GOOD, attestations=()), "'bundle' without attestations, which never passes in the cluster"),
        (replace(KEYED, signature_format="bundle"), "'bundle' with a key, which never passes in the cluster"),
        (KEYED, "--new-bundle-format=false"),
        (replace(GOOD, log=Log("https://rekor.local", "ours")), "trustRootRef 'ours' is not that of keyless"),
        (replace(GOOD, timestamp_root="ours"), "trustRootRef 'ours' is not that of keyless"),
        (replace(GOOD, trust_root="ours"), "trustRootRef '' is not that of keyless"),
    ],
)
def test_signature_format(authority: Authority, fault: str) -> None:
    (found,) = advise(policy(authority))
    assert found.code == "signature-format"
    assert fault in found.text


def test_the_place_of_a_format_that_is_missing_is_its_authority() -> None:
    assert advise(policy(replace(GOOD, signature_format="")))[0].path == "spec.authorities[0]"
    assert advise(policy(replace(GOOD, signature_format="legacy")))[0].path == "spec.authorities[0].signatureFormat"


SHAPE = r'predicate: buildDefinition: externalParameters: image: =~"^ghcr\\.io/acme/app@sha256:[0-9a-f]{64}$"'
SOURCE = 'predicate: buildDefinition: externalParameters: sourceRepository: "https://github.com/acme/app"'
BUILDER = 'predicate: runDetails: builder: id: "https://github.com/acme/app/.github/workflows/release.yml"'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            SHAPE,
            "and not its digest, and pins neither the source repository nor the commit nor the builder",
        ),
        (f"{SHAPE}\n{SOURCE}\n{BUILDER}", "shape of the image and not its digest, and pins neither the commit ("),
        (f'predicateType: "{SLSA}"', "condition pins neither the source repository nor the commit nor the builder"),
        (f"// sourceRepository, builder, sourceSha\n{SHAPE}", "pins neither the source repository"),
    ],
)
def test_provenance_digest_not_pinned(text: str, fault: str) -> None:
    (found,) = advise(policy(attested(SLSA, text)))
    assert (found.code, found.path) == ("provenance-digest-not-pinned", "spec.authorities[0].attestations[1].policy")
    assert fault in found.text


@pytest.mark.parametrize("text", [SOURCE, BUILDER, f"{SOURCE}\n{BUILDER}", f"{SOURCE} // sha256:"])
def test_a_condition_that_pins_where_it_is_from_is_left_alone(text: str) -> None:
    assert codes(attested(SLSA, text)) == []


def test_provenance_that_is_held_against_its_certificate_needs_no_pins() -> None:
    assert codes(attested(SLSA, SHAPE), require_provenance_match=True) == []


def test_no_condition_and_other_types_need_no_pins() -> None:
    assert codes(attested(SLSA)) == []
    assert codes(attested("https://example.org/v1", SHAPE)) == []


PUBLISHER = 'predicate: buildDefinition: externalParameters: publishingWorkflow: ".github/workflows/a.yml"'
TWO = f"{SOURCE}\n{BUILDER}\n{PUBLISHER}"


def test_provenance_two_signers() -> None:
    (found,) = advise(policy(attested(SLSA, TWO)))
    assert (found.code, found.path) == ("provenance-two-signers", "spec.authorities[0].attestations[1]")


def test_two_signers_are_no_news_where_a_second_policy_is() -> None:
    second = replace(policy(attested(SLSA)), name="built")
    first = policy(attested(SLSA, TWO))
    assert advise(first, (first, second)) == ()
    assert [one.code for one in advise(first, (first,))] == ["provenance-two-signers"]


@pytest.mark.parametrize("url", ["https://fulcio.acme.example", "http://fulcio.sigstore.dev"])
def test_fulcio_url_unknown(url: str) -> None:
    (found,) = advise(policy(replace(GOOD, url=url)))
    assert (found.code, found.path) == ("fulcio-url-unknown", "spec.authorities[0].keyless.url")


def test_a_url_beside_a_trust_root_is_left_alone() -> None:
    authority = replace(GOOD, url="https://fulcio.acme.example", trust_root="ours", log=Log(trust_root="ours"))
    assert "fulcio-url-unknown" not in codes(authority)
    assert codes(replace(GOOD, url="https://fulcio.sigstore.dev/")) == []


def test_ca_cert_never_verifies() -> None:
    assert codes(replace(GOOD, ca_cert=True)) == ["ca-cert-never-verifies"]


@pytest.mark.parametrize("written", ["slsaprovenance", "slsaprovenance02"])
def test_deprecated_predicate_type(written: str) -> None:
    (found,) = advise(policy(attested("https://slsa.dev/provenance/v0.2", written=written)))
    assert (found.code, found.path) == (
        "deprecated-predicate-type",
        "spec.authorities[0].attestations[1].predicateType",
    )
    assert f"'{written}'" in found.text
    assert "'https://slsa.dev/provenance/v0.2'" in found.text


@pytest.mark.parametrize(
    ("kind", "alike"),
    [
        ("https://slsa.dev/provenance/v1/", SLSA),
        ("http://slsa.dev/provenance/v1", SLSA),
        ("https://slsa.dev/provenance/V1", SLSA),
        ("https://slsa.dev/provenance/v1.0", SLSA),
        ("slsa.dev/provenance/v1", SLSA),
        ("https://cyclonedx.org/bom/v1.5", CYCLONEDX),
        ("https://cyclonedx.org/BOM", CYCLONEDX),
        ("https://spdx.dev/document", "https://spdx.dev/Document"),
        ("https://sigstore.dev/cosign/sign/v1/", SIGN),
    ],
)
def test_predicate_type_lookalike(kind: str, alike: str) -> None:
    (found,) = advise(policy(attested(kind)))
    assert found.code == "predicate-type-lookalike"
    assert f"is not '{alike}'" in found.text


@pytest.mark.parametrize("kind", [SLSA, CYCLONEDX, "https://spdx.dev/Document/v2.3", "https://example.org/a/v1.0"])
def test_types_of_their_own_are_left_alone(kind: str) -> None:
    assert codes(attested(kind)) == []


@pytest.mark.parametrize(
    "text", [f'predicateType: "{SLSA}"', f'"predicateType":"{SLSA}"', f'x: 1 // y\npredicateType: "{SLSA}"']
)
def test_condition_on_other_type(text: str) -> None:
    (found,) = advise(policy(attested(CYCLONEDX, text)))
    assert (found.code, found.path) == ("condition-on-other-type", "spec.authorities[0].attestations[1].policy")


@pytest.mark.parametrize(
    "text", [f'predicateType: "{CYCLONEDX}"', f'// predicateType: "{SLSA}"', 'predicateType: =~"^https"']
)
def test_a_condition_on_its_own_type_is_left_alone(text: str) -> None:
    assert codes(attested(CYCLONEDX, text)) == []


def test_key_without_log() -> None:
    assert codes(replace(KEYED, log=None)) == ["signature-format", "key-without-log"]
    assert codes(replace(KEYED, log=None, timestamp_root="ours")) == ["signature-format"]


def test_several_keys() -> None:
    keys = replace(KEYED, key=Key(("ONE", "TWO")), attestations=(SIGNATURE,))
    assert only("several-keys", advise(policy(keys))).path == "spec.authorities[0].key"
    assert "several-keys" not in codes(replace(KEYED, attestations=()))


@pytest.mark.parametrize(
    "said",
    [
        {"log": Log("", "ours")},
        {"log": None, "timestamp_root": ""},
        {"log": None, "trust_root": "ours", "signature_format": "legacy"},
    ],
)
def test_log_that_the_cluster_drops(said: dict[str, Any]) -> None:
    assert "log-dropped" in codes(replace(GOOD, **said))


def test_log_that_v1alpha1_keeps() -> None:
    kept = policy(replace(GOOD, log=Log("", "ours")))
    assert "log-dropped" not in [advice.code for advice in advise(replace(kept, version="v1alpha1"))]


def test_bundles_by_a_private_sigstore() -> None:
    private = replace(GOOD, trust_root="ours", log=None)
    assert "signature-format" in codes(private)
    assert "signature-format" not in codes(replace(private, timestamp_root="ours", ignore_sct=True))


def test_ignore_sct() -> None:
    assert codes(replace(GOOD, ignore_sct=True)) == ["ignore-sct"]


def test_an_instance_without_certificate_logs_has_no_stamps_to_demand() -> None:
    private = replace(GOOD, ignore_sct=True, trust_root="github", log=None, timestamp_root="github")
    assert codes(private) == []


def test_static_pass() -> None:
    assert codes(Authority("all", (), static=Static("pass"))) == ["static-pass"]
    assert codes(Authority("none", (), static=Static("fail"))) == []


def test_match_not_applicable() -> None:
    (found,) = advise(policy(match=({"resource": "pods"},)))
    assert (found.code, found.path) == ("match-not-applicable", "spec.match")


def test_unsupported_here() -> None:
    (found,) = advise(policy(replace(GOOD, cannot="gcpkms:// is not supported")))
    assert (found.code, found.path) == ("unsupported-here", "spec.authorities[0]")
    assert found.text == "this authority is not evaluated here: gcpkms:// is not supported"


def test_a_key_that_is_not_supported_is_no_keyless_authority() -> None:
    found = advise(policy(Authority("kms", (), cannot="gcpkms:// is not supported")))
    assert [one.code for one in found] == ["unsupported-here", "signature-format"]
    assert "--new-bundle-format=false" in found[1].text


def test_mode_warn() -> None:
    (found,) = advise(policy(mode="warn"))
    assert (found.code, found.path) == ("mode-warn", "spec.mode")


def test_each_authority_and_identity_has_its_own_place() -> None:
    second = replace(GOOD, identities=(*GOOD.identities, IdentityRule(issuer=ISSUER, subject_regexp=".*")))
    paths = {one.path for one in advise(policy(GOOD, second))}
    assert paths == {"spec.authorities[1].keyless.identities[1].subjectRegExp"}


def test_hundreds_of_expressions_end_soon() -> None:
    deep = "(a.b@|" * 300 + "x" + ")" * 300
    hostile = [IdentityRule(issuer=ISSUER, subject_regexp=f"^{n}{deep}$") for n in range(20)]
    plain = [IdentityRule(issuer=ISSUER, subject_regexp=f"{WORKFLOW[:-1]}|{n}$") for n in range(400)]
    start = time.process_time()
    found = advise(policy(replace(GOOD, identities=(*hostile, *plain))))
    assert len(found) > 400
    assert time.process_time() - start < 20


def test_expressions_beyond_what_anybody_writes_are_looked_at_for_strangers_only() -> None:
    long = [IdentityRule(issuer=ISSUER, subject_regexp=f"{WORKFLOW}|{'(a|b.c)?' * 500}{n}") for n in range(50)]
    strangers = [IdentityRule(issuer=ISSUER, subject_regexp=".*") for _ in range(3)]
    start = time.process_time()
    found = [one.code for one in advise(policy(replace(GOOD, identities=(*long, *strangers))))]
    assert time.process_time() - start < 20
    assert 0 < found.count("unescaped-dot") < 30
    assert found.count("broad-regexp") == 3


def test_expression_that_stands_many_times_is_counted_once() -> None:
    same = tuple(IdentityRule(issuer=ISSUER, subject_regexp=WORKFLOW[1:]) for _ in range(1000))
    assert codes(replace(GOOD, identities=same)).count("unanchored-regexp") == 1000


def test_a_hostile_condition_ends_soon() -> None:
    start = time.process_time()
    for text in (
        '"' * 60_000,
        "\\" * 60_000,
        '=~"' * 20_000,
        "=~" + "#" * 60_000,
        "predicateType: " * 4_000,
        "//" * 30_000,
    ):
        advise(policy(attested(SLSA, text)))
    assert time.process_time() - start < 3


def test_values_of_strangers_are_shown_in_one_printable_line() -> None:
    (found,) = advise(policy(replace(GOOD, url="https://x/" + "\x1b\n" * 3000)))
    assert found.text.isprintable()
    assert len(found.text) < 2000


def test_every_code_has_its_section_and_every_section_its_code() -> None:
    assert SECTIONS.keys() == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_section_says_why_and_how_to_mend_it(code: str) -> None:
    assert re.search(r"^Before:\n\n```yaml\n.*?^```\n\nAfter:\n\n```yaml\n", SECTIONS[code], re.MULTILINE | re.DOTALL)
    assert "Why: " in SECTIONS[code]


def test_every_code_that_is_given_is_in_the_list() -> None:
    sources = (path.read_text() for path in LINT.glob("*.py") if path.stem != "advice")
    given = {code for source in sources for code in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)}
    assert given == CODES
