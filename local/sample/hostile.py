"""What somebody would publish who wants the people that look at it to run a script, or to read something else.

Whoever pushes chooses tags, annotations and predicates; whoever has a certificate authority chooses names in
certificates; whoever sends a webhook chooses the actor. None of it may do anything.
"""

from __future__ import annotations

from dataclasses import replace

from local.sample import stories
from local.sample.publish import INDEX, Publish, bundle, commands, verdict
from registry_verifier.models import Identity, Verdict, digest_of
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause, ChildResult, ChildState, NearestMiss

TOUCHED = "touchedByAPublish"
"""the property of `window` that every script in here sets"""
SCRIPT = f"<script>window.{TOUCHED}=1;alert(1)</script>"
PICTURE = f"\"'><img src=https://collect.example.com/x onerror=window.{TOUCHED}=1>"
VECTOR = f"</title></textarea></style></pre><svg/onload=window.{TOUCHED}=1>"
LINK = f"javascript:window.{TOUCHED}=1"
TURNED = "\u202egnp.exe\u2066 reads backwards"
TEMPLATE = "{{7*7}} ${7*7} {%raw%} &lt;b&gt; &#x3c;"
LONG = "A" * 400
CONTROL = "null\x00 escape\x1b[31m new\nline tab\t \u200b\ufeff\ud83d"
"""with a lone surrogate at its end, which is no UTF-8"""

ACTOR = SCRIPT
TAGS = (PICTURE, LINK, TURNED, "latest")
SUBJECT = f"https://github.com/acme/{VECTOR}{TURNED}"
PREDICATE = LINK + PICTURE
TEXTS = (SCRIPT, PICTURE, VECTOR, LINK, TEMPLATE, LONG)
"""what a page must show as it is, where it shows it"""


def failed(publish: Publish) -> tuple[Verdict, ...]:
    """Everything that a stranger can choose is hostile, and nothing holds."""
    who = Identity(SUBJECT, PICTURE, {SCRIPT: VECTOR, "source_repository_uri": LINK, "build_trigger": LONG})
    signature = bundle(publish, detail=SCRIPT + CONTROL, identity=who, place=f"referrer {digest_of(SCRIPT.encode())}")
    attestation = bundle(
        publish,
        PREDICATE,
        identity=replace(who, subject=LONG),
        reason=Reason.STATEMENT_INVALID,
        detail=f"predicateType is {PREDICATE!r} {TEMPLATE} {LONG}",
        contradictions=(VECTOR, LINK),
        compared=True,
        document={"predicateType": PREDICATE, SCRIPT: [VECTOR, {LINK: PICTURE}]},
        key=None,
    )
    wrong = {
        "signature": Cause(Reason.IDENTITY_MISMATCH, f"subject is {SUBJECT} (expected {publish.subject!r}) {LONG}"),
        "cyclonedx-sbom": Cause(Reason.PREDICATE_POLICY_FAILED, TEMPLATE + PICTURE),
    }
    made = verdict(publish, Status.FAILED, stories.SIGNED, (signature, attestation), wrong)
    miss = NearestMiss(
        publish.subject, "https://token.actions.githubusercontent.com", SUBJECT, PICTURE, signature.place
    )
    return (replace(_around(made, publish), nearest_miss=miss),)


def verified(publish: Publish) -> tuple[Verdict, ...]:
    """It holds, and what is said beside that is hostile."""
    return tuple(_around(one, publish) for one in stories.verified(publish))


def _around(made: Verdict, publish: Publish) -> Verdict:
    rows = (
        ChildResult(digest_of(f"{publish.digest} {VECTOR}".encode()), VECTOR, ChildState.WRONG, SCRIPT + LONG),
        ChildResult(digest_of(f"{publish.digest} {LINK}".encode()), LINK, ChildState.NOT_LOOKED_AT, TURNED),
    )
    return replace(
        made,
        kind="index",
        media_type=INDEX,
        children_table=rows,
        warnings=(Cause(Reason.PROVENANCE_MISMATCH, VECTOR),),
        drift=(Cause(Reason.IDENTITY_CHANGED, SCRIPT),),
        sources=(PICTURE,),
        reproduce=(*commands(publish), f"cosign verify '{SCRIPT}'\n; {PICTURE} {LONG}"),
    )
