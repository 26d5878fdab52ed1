"""Rows about who signed: identities, exact and by expression, and several authorities."""

from __future__ import annotations

from dataclasses import replace

from local.interop.evidence import BY_FORK, BY_US, bundled, signed
from local.interop.pair import pair
from local.interop.policy_pieces import FULCIO, OURS, STRANGER, keyless, policy, wanted
from local.interop.policy_pieces import bundled as by_bundle
from local.interop.predicates import BOM, SBOM
from local.interop.signing_keys import RELEASE
from local.sigstore.fulcio import GITHUB_ISSUER

_ISSUER = {"issuer": GITHUB_ISSUER}
_SBOM = [wanted(SBOM)]
_LAYER, _BUNDLE = signed(), bundled(SBOM, BOM)
_A_PERSON = {"issuer": "https://accounts.test", "subject": "dev@acme.test"}
_BY_PERSON = replace(BY_US, person="dev@acme.test", issuer="https://accounts.test")
_OTHER_ISSUER = {"issuer": "https://issuer.test", "subject": OURS["subject"]}

PAIRS = (
    pair("wrong subject", policy(keyless(STRANGER)), evidence=(_LAYER,)),
    pair("wrong issuer", policy(keyless(_OTHER_ISSUER)), evidence=(_LAYER,)),
    pair("wrong subject, bundle", policy(by_bundle(STRANGER, attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair("wrong issuer, bundle", policy(by_bundle(_OTHER_ISSUER, attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair(
        "expression matches in the middle", policy(keyless(_ISSUER | {"subjectRegExp": "acme/app"})), evidence=(_LAYER,)
    ),
    pair(
        "expression matches in the middle, bundle",
        policy(by_bundle(_ISSUER | {"subjectRegExp": "acme/app"}, attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair("expression with anchors", policy(keyless(_ISSUER | {"subjectRegExp": "^acme/app$"})), evidence=(_LAYER,)),
    pair("expression is case-sensitive", policy(keyless(_ISSUER | {"subjectRegExp": "ACME/APP"})), evidence=(_LAYER,)),
    pair("expression ignores case", policy(keyless(_ISSUER | {"subjectRegExp": "(?i)ACME/APP"})), evidence=(_LAYER,)),
    pair(
        "expression for the issuer",
        policy(keyless({"issuerRegExp": "githubusercontent", "subjectRegExp": ".*"})),
        evidence=(_LAYER,),
    ),
    pair("expression that is none", policy(keyless(_ISSUER | {"subjectRegExp": "(acme"})), evidence=(_LAYER,)),
    pair(
        "expression that only Perl knows",
        policy(keyless(_ISSUER | {"subjectRegExp": "(?=https)https"})),
        evidence=(_LAYER,),
    ),
    pair("two identities, the second is right", policy(keyless(STRANGER, OURS)), evidence=(_LAYER,)),
    pair("two identities, none is right", policy(keyless(STRANGER, _OTHER_ISSUER)), evidence=(_LAYER,)),
    pair("two identities, bundle", policy(by_bundle(STRANGER, OURS, attestations=_SBOM)), evidence=(_BUNDLE,)),
    pair(
        "two identities, both right, bundle",
        policy(by_bundle(OURS, _ISSUER | {"subjectRegExp": "acme"}, attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair(
        "two authorities, the second is right",
        policy(keyless(STRANGER, name="a"), keyless(name="b")),
        evidence=(_LAYER,),
    ),
    pair(
        "two authorities, legacy and bundle",
        policy(keyless(name="a", attestations=_SBOM), by_bundle(name="b", attestations=_SBOM)),
        evidence=(_BUNDLE,),
    ),
    pair(
        "two authorities, none is right",
        policy(keyless(STRANGER, name="a"), keyless(_OTHER_ISSUER, name="b")),
        evidence=(_LAYER,),
    ),
    pair("signed by a person", policy(keyless(_A_PERSON)), evidence=(signed(_BY_PERSON),)),
    pair(
        "signed by a person of another provider",
        policy(keyless(_A_PERSON)),
        evidence=(signed(replace(_BY_PERSON, issuer=GITHUB_ISSUER)),),
    ),
    pair(
        "signed by a person, bundle",
        policy(by_bundle(_A_PERSON, attestations=_SBOM)),
        evidence=(bundled(SBOM, BOM, _BY_PERSON),),
    ),
    pair("subject and expression", policy(keyless({**OURS, "subjectRegExp": ".*"})), evidence=(_LAYER,)),
    pair("no issuer", policy(keyless({"subject": OURS["subject"]})), evidence=(_LAYER,)),
    pair("empty subject", policy(keyless({**_ISSUER, "subject": ""})), evidence=(_LAYER,)),
    pair(
        "ca-cert",
        policy({"name": "a", "keyless": {"ca-cert": {"data": RELEASE.pem}, "identities": [OURS]}}),
        evidence=(_LAYER,),
    ),
    pair(
        "ca-cert and url",
        policy({"name": "a", "keyless": {"url": FULCIO, "ca-cert": {"data": RELEASE.pem}, "identities": [OURS]}}),
        evidence=(_LAYER,),
    ),
    pair("signed by a fork", policy(keyless()), evidence=(signed(BY_FORK),)),
    pair(
        "another url of Fulcio",
        policy({"name": "a", "keyless": {"url": "https://fulcio.test", "identities": [OURS]}}),
        evidence=(_LAYER,),
    ),
    pair("no url of Fulcio", policy({"name": "a", "keyless": {"identities": [OURS]}}), evidence=(_LAYER,)),
    pair("authority without a name", policy({"keyless": {"identities": [OURS]}}), evidence=(_LAYER,)),
    pair("no identities", policy({"name": "a", "keyless": {"url": "https://fulcio.sigstore.dev"}}), evidence=(_LAYER,)),
)
