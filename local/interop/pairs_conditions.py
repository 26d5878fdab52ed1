"""Rows about what a statement must say, in CUE and Rego, and about several statements of a type."""

from __future__ import annotations

from typing import Any

from local.interop.evidence import BY_FORK, attested, bundled
from local.interop.pair import Difference, Pair, pair
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.policy_pieces import keyless, policy, wanted
from local.interop.predicates import OF_OUR_OWN, TESTS

_NO_CUE = Difference("invalid", "CUE that does not compile is refused when loaded; policy-controller denies with it")
_NOTHING = Difference("invalid", "what demands nothing is refused when loaded; policy-controller admits with it")
_NEVER = Difference("invalid", "a condition that can never hold is refused when it is loaded")
_NO_REGO = Difference(
    "invalid", "Rego that does not compile or asks the world is refused when loaded; policy-controller denies with it"
)


def _cue(name: str, cue: str, *predicates: Any, difference: Difference | None = None) -> Pair:
    evidence = tuple(attested(OF_OUR_OWN, each) for each in predicates or (TESTS,))
    rule = wanted(OF_OUR_OWN, cue=cue, name="it")
    return pair(f"cue: {name}", policy(keyless(attestations=[rule])), evidence=evidence, difference=difference)


_CUE = (
    _cue("holds", "predicate: passed: true"),
    _cue("fails", "predicate: passed: false"),
    _cue("field is missing", 'predicate: colour: "green"'),
    _cue("field is missing, of a type", "predicate: colour: string"),
    _cue("field is demanded", "predicate: colour!: string"),
    _cue("field is optional", "predicate: colour?: string"),
    _cue("type", "predicate: {passed: bool, count: int, suites: [...string]}"),
    _cue("wrong type", "predicate: count: string"),
    _cue("bounds", "predicate: count: >10 & <20"),
    _cue("bounds fail", "predicate: count: >12"),
    _cue("expression", 'predicateType: =~"^https://acme.test/"'),
    _cue("expression fails", 'predicateType: !~"^https://acme.test/"'),
    _cue("one of", "predicate: count: 11 | 12"),
    _cue("none of", "predicate: count: 11 | 13"),
    _cue("default is another", "predicate: count: *11 | int"),
    _cue("list open", 'predicate: suites: ["unit", ...]'),
    _cue("list closed", 'predicate: suites: ["unit"]'),
    _cue("closed", "predicate: close({passed: bool})"),
    _cue("closed, complete", "predicate: close({passed: bool, count: int, suites: [...]})"),
    _cue("definition", "#Tests: {passed: bool}\npredicate: #Tests"),
    _cue("definition, open", "#Tests: {passed: bool, ...}\npredicate: #Tests"),
    _cue("reference", "predicate: count: len(predicate.suites) * 6"),
    _cue("reference fails", "predicate: count: len(predicate.suites)"),
    _cue("import", 'import "list"\npredicate: suites: list.MinItems(2)'),
    _cue("import fails", 'import "list"\npredicate: suites: list.MaxItems(1)'),
    _cue("import of nothing", 'import "nothing/such"\npredicate: passed: true', difference=_NO_CUE),
    _cue("condition", "if predicate.count < 10 {tooFew: true\ntooFew: false}", difference=_NO_CUE),
    _cue("condition fails", "if predicate.count > 10 {tooMany: true\ntooMany: false}", difference=_NO_CUE),
    _cue("condition on what it declares", "predicate: {count: int, if count < 10 {tooFew: true, tooFew: false}}"),
    _cue("condition on what it declares fails", "predicate: {count: int, if count > 10 {few: true, few: false}}"),
    _cue("list too short", 'import "list"\npredicate: suites: list.MinItems(3)'),
    _cue("list that is not there", 'import "list"\npredicate: colours: list.MinItems(3)'),
    _cue("struct too small", 'import "struct"\npredicate: struct.MinFields(9)'),
    _cue("struct too large", 'import "struct"\npredicate: struct.MaxFields(2)'),
    _cue("text function", 'import "strings"\npredicateType: strings.HasPrefix("https://acme")'),
    _cue("text length", 'import "strings"\npredicateType: strings.MinRunes(5)'),
    _cue("text length fails", 'import "strings"\npredicateType: strings.MaxRunes(5)'),
    _cue("conflict in itself", "a: 1\na: 2", difference=_NO_CUE),
    _cue("does not parse", "predicate: {", difference=_NO_CUE),
    _cue("names what is not there", "predicate: passed: nothing", difference=_NO_CUE),
    _cue("says nothing", "// nothing", difference=_NOTHING),
    _cue("incomplete beside", "more: string"),
    _cue("pattern", "predicate: [string]: _"),
    _cue("pattern fails", "predicate: [string]: bool"),
    _cue("two, one of them good", "predicate: passed: true", {"passed": False}, TESTS),
    _cue("two, none of them good", "predicate: passed: true", {"passed": False}, {"passed": "yes"}),
    _cue("two, both good", "predicate: passed: true", TESTS, {"passed": True}),
    _cue("null", "predicate: passed: null", {"passed": None}),
    _cue("number as text", "predicate: count: 12", {"count": "12"}),
    _cue("float for int", "predicate: count: int", {"count": 12.0}),
    _cue("subject", 'subject: [{name: =~"acme/app"}]'),
)


def _rego(name: str, rego: str, *predicates: Any, difference: Difference | None = None) -> Pair:
    evidence = tuple(attested(OF_OUR_OWN, each) for each in predicates or (TESTS,))
    rule = wanted(OF_OUR_OWN, rego=f"package sigstore\n{rego}", name="it")
    return pair(f"rego: {name}", policy(keyless(attestations=[rule])), evidence=evidence, difference=difference)


_REGO = (
    _rego("holds", "isCompliant { input.predicate.passed == true }"),
    _rego("fails", "isCompliant { input.predicate.passed == false }"),
    _rego("default false", "default isCompliant = false\nisCompliant { input.predicate.count > 100 }"),
    _rego("default false, holds", "default isCompliant = false\nisCompliant { input.predicate.count > 10 }"),
    _rego("field is missing", 'isCompliant { input.predicate.colour == "green" }'),
    _rego("field is missing, negated", 'isCompliant { not input.predicate.colour == "green" }'),
    _rego("another rule", "allow { true }", difference=_NEVER),
    _rego("text for an answer", 'isCompliant = "yes" { true }'),
    _rego("object, good", 'isCompliant[r] { r := {"result": true, "error": "", "warning": ""} }'),
    _rego("object, bad", 'isCompliant[r] { r := {"result": false, "error": "no tests", "warning": ""} }'),
    _rego("object, good with warning", 'isCompliant[r] { r := {"result": true, "error": "", "warning": "old"} }'),
    _rego("object, warning", 'isCompliant[r] { r := {"result": false, "error": "", "warning": "old"} }'),
    _rego(
        "objects, one good",
        'isCompliant[r] { r := {"result": false, "error": "a", "warning": ""} }\n'
        'isCompliant[r] { r := {"result": true, "error": "b", "warning": ""} }',
    ),
    _rego("does not parse", "isCompliant {", difference=_NO_REGO),
    _rego("does not compile", "isCompliant { nothing(input) }", difference=_NO_REGO),
    _rego("new syntax", "import rego.v1\nisCompliant if { input.predicate.passed }"),
    _rego("newest syntax without import", "isCompliant if { input.predicate.passed }", difference=_NO_REGO),
    _rego("two, one of them good", "isCompliant { input.predicate.passed == true }", {"passed": False}, TESTS),
    _rego(
        "calls the network",
        'isCompliant { http.send({"method": "GET", "url": "http://127.0.0.1:1/"}) }',
        difference=_NO_REGO,
    ),
)

_packages = (
    pair(
        "rego: another package",
        policy(keyless(attestations=[wanted(OF_OUR_OWN, rego="package other\nisCompliant { true }", name="it")])),
        evidence=(attested(OF_OUR_OWN, TESTS),),
        difference=_NEVER,
    ),
    pair(
        "cue, bundle: holds",
        policy(by_bundle(attestations=[wanted(OF_OUR_OWN, cue="predicate: passed: true")])),
        evidence=(bundled(OF_OUR_OWN, TESTS),),
    ),
    pair(
        "cue, bundle: fails",
        policy(by_bundle(attestations=[wanted(OF_OUR_OWN, cue="predicate: passed: false")])),
        evidence=(bundled(OF_OUR_OWN, TESTS),),
    ),
    pair(
        "cue: the good one is by a fork",
        policy(keyless(attestations=[wanted(OF_OUR_OWN, cue="predicate: passed: true")])),
        evidence=(attested(OF_OUR_OWN, TESTS, BY_FORK), attested(OF_OUR_OWN, {"passed": False})),
    ),
    pair(
        "condition of an unknown language",
        policy(
            keyless(
                attestations=[{"name": "it", "predicateType": OF_OUR_OWN, "policy": {"type": "cel", "data": "true"}}]
            )
        ),
        evidence=(attested(OF_OUR_OWN, TESTS),),
    ),
    pair(
        "condition without text",
        policy(keyless(attestations=[{"name": "it", "predicateType": OF_OUR_OWN, "policy": {"type": "cue"}}])),
        evidence=(attested(OF_OUR_OWN, TESTS),),
    ),
    pair(
        "attestation without a name",
        policy(keyless(attestations=[{"predicateType": OF_OUR_OWN}])),
        evidence=(attested(OF_OUR_OWN, TESTS),),
    ),
    pair(
        "two rules for one type, one statement each",
        policy(
            keyless(
                attestations=[
                    wanted(OF_OUR_OWN, cue="predicate: passed: true", name="a"),
                    wanted(OF_OUR_OWN, cue="predicate: passed: false", name="b"),
                ]
            )
        ),
        evidence=(attested(OF_OUR_OWN, TESTS), attested(OF_OUR_OWN, {"passed": False})),
    ),
    pair(
        "two rules for one type, one statement",
        policy(
            keyless(
                attestations=[
                    wanted(OF_OUR_OWN, cue="predicate: passed: true", name="a"),
                    wanted(OF_OUR_OWN, cue="predicate: passed: false", name="b"),
                ]
            )
        ),
        evidence=(attested(OF_OUR_OWN, TESTS),),
    ),
)

PAIRS = _CUE + _REGO + _packages
