"""Each verdict that a policy leaves, under every other policy: `policy test` says what really judging says, or nothing.

The rows are chosen to come close to each other: the same evidence by another key, root, source, tag or condition.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest
import yaml

from local.interop.trust_root_document import trust_root
from local.signing import signer
from registry_verifier import configuration, manifest, verdict, verdict_document
from registry_verifier.configuration import Configuration
from registry_verifier.judgement.simulation import Simulation
from registry_verifier.manifest import Manifest
from registry_verifier.models import Digest, ImageName, Verdict
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.load import load_files
from registry_verifier.reasons import Status
from tests import finding, material
from tests.fakes import FakeRegistry
from tests.material import CYCLONEDX, DIGEST, IMAGE, ISSUER, MANIFEST, NOW, SLSA, SUBJECT

ELSEWHERE = ImageName("ghcr.io", "acme/signatures")
KEY, OTHER_KEY = material.key(), material.key(material.sigstore().fulcio.intermediate.key)


class TwoRepositories(FakeRegistry):
    """The image's own, and one that has signatures only."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere = FakeRegistry()

    async def manifest(self, image: ImageName, reference: str) -> Manifest | None:
        if image == ELSEWHERE:
            return await self.elsewhere.manifest(image, reference)
        return await super().manifest(image, reference)

    async def blob(self, image: ImageName, digest: Digest, *, size: int, limit: int) -> bytes | None:
        if image == ELSEWHERE:
            return await self.elsewhere.blob(image, digest, size=size, limit=limit)
        return await super().blob(image, digest, size=size, limit=limit)


def nothing() -> TwoRepositories:
    fake = TwoRepositories()
    fake.put(MANIFEST, "v1")
    fake.put(b"{}")
    return fake


def bundles(predicate: Any = None, subject: str = SUBJECT) -> TwoRepositories:
    fake, leaf, sigstore = nothing(), material.leaf(subject), material.sigstore()
    fake.attach(DIGEST, signer.bundle_signature(sigstore, leaf, DIGEST, tsa=True))
    for kind in (CYCLONEDX, SLSA):
        fake.attach(DIGEST, signer.bundle_attestation(sigstore, leaf, DIGEST, kind, predicate or {"a": 1, "b": "x"}))
    return fake


def layers() -> TwoRepositories:
    fake, leaf, sigstore = nothing(), material.leaf(), material.sigstore()
    fake.attach_layers(
        manifest.signature_tag(DIGEST), [signer.simple_signing_layer(sigstore, leaf, str(IMAGE), DIGEST)]
    )
    fake.attach_layers(
        manifest.attestation_tag(DIGEST), [signer.dsse_layer(sigstore, leaf, DIGEST, CYCLONEDX, {"a": 1})]
    )
    return fake


def by_key(*, with_certificate: bool) -> TwoRepositories:
    fake, sigstore = nothing(), material.sigstore()
    who = material.leaf(key=KEY.private) if with_certificate else KEY
    layer = signer.simple_signing_layer(sigstore, who, str(IMAGE), DIGEST)
    fake.attach_layers(manifest.signature_tag(DIGEST), [layer])
    fake.attach_layers(
        manifest.attestation_tag(DIGEST), [signer.dsse_layer(sigstore, who, DIGEST, CYCLONEDX, {"a": 1})]
    )
    return fake


def elsewhere() -> TwoRepositories:
    """Nothing of use beside the image, and a signature behind a prefix and in the other repository."""
    fake, leaf, sigstore = bundles(subject="https://github.com/mallory/x"), material.leaf(), material.sigstore()
    layer = signer.simple_signing_layer(sigstore, leaf, str(IMAGE), DIGEST)
    fake.attach_layers("team-" + manifest.signature_tag(DIGEST), [layer])
    fake.elsewhere.attach(DIGEST, signer.bundle_signature(sigstore, leaf, DIGEST))
    return fake


def stranger() -> TwoRepositories:
    fake, sigstore = nothing(), material.stranger()
    fake.attach(DIGEST, signer.bundle_signature(sigstore, sigstore.fulcio.issue(SUBJECT), DIGEST))
    return fake


WORLDS = {
    "nothing": nothing,
    "bundles": bundles,
    "bundles, too large to be kept": lambda: bundles({"a": 1, "filler": ["x" * 100] * 1000}),
    "layers": layers,
    "by key": lambda: by_key(with_certificate=False),
    "by key and certificate": lambda: by_key(with_certificate=True),
    "elsewhere": elsewhere,
    "by a stranger's Sigstore": stranger,
}


def wanted(condition: str = "", kind: str = CYCLONEDX) -> dict[str, Any]:
    return {"name": "sbom", "predicateType": kind} | (
        {"policy": {"type": "cue", "data": condition}} if condition else {}
    )


def keyless(*attestations: dict[str, Any], subject: str = SUBJECT, root: str = "", **more: Any) -> dict[str, Any]:
    who = {"identities": [{"issuer": ISSUER, "subject": subject}]} | ({"trustRootRef": root} if root else {})
    return {"name": more.pop("name", "a"), "keyless": who | more.pop("said", {}), **more} | (
        {"attestations": list(attestations)} if attestations else {}
    )


def key(pem: str, **more: Any) -> dict[str, Any]:
    return {"name": "k", "key": {"data": pem}, **more}


def policy(*authorities: dict[str, Any], name: str = "p", glob: str = "ghcr.io/acme/**", **more: Any) -> dict[str, Any]:
    said = {f"registry-verifier/{name}": value for name, value in more.pop("annotations", {}).items()}
    return {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": name, "annotations": said},
        "spec": {"images": [{"glob": glob}], "authorities": list(authorities), **more},
    }


def together(data: str) -> dict[str, Any]:
    return {"type": "cue", "data": data}


SEEN = 'authorityMatches: a: signatures: [{id: =~"^[0-9a-f]{64}$", subject: =~"acme"}]'
ATTESTED = 'authorityMatches: a: attestations: sbom: [{digest: =~"^sha256:", predicateType: =~"cyclonedx"}]'
POLICIES: dict[str, tuple[Any, ...]] = {
    "keyless": (policy(keyless()),),
    "another subject": (policy(keyless(subject=SUBJECT + "x")),),
    "mallory": (policy(keyless(subject="https://github.com/mallory/x")),),
    "no log stamp needed": (policy(keyless(said={"insecureIgnoreSCT": True})),),
    "timestamp": (policy(keyless(rfc3161timestamp={})),),
    "attested": (policy(keyless(wanted())),),
    "attested, a is 1": (policy(keyless(wanted("predicate: a: 1"))),),
    "attested, a is 2": (policy(keyless(wanted("predicate: a: 2"))),),
    "attested, provenance": (policy(keyless(wanted(kind=SLSA)), annotations={"require-signature": "false"}),),
    "attested only": (policy(keyless(wanted()), annotations={"require-signature": "false"}),),
    "key": (policy(key(KEY.pem)),),
    "key, attested": (policy(key(KEY.pem, attestations=[wanted("predicate: a: 1")])),),
    "another key": (policy(key(OTHER_KEY.pem)),),
    "either key": (policy(key(KEY.pem + OTHER_KEY.pem)),),
    "key or keyless": (policy(key(KEY.pem), keyless()),),
    "static pass": (policy({"name": "s", "static": {"action": "pass"}}),),
    "static fail": (policy({"name": "s", "static": {"action": "fail"}}),),
    "elsewhere": (policy(keyless(source=[{"oci": str(ELSEWHERE)}])),),
    "behind a prefix": (policy(keyless(source=[{"tagPrefix": "team-"}])),),
    "elsewhere or here": (policy(keyless(), keyless(name="e", source=[{"oci": str(ELSEWHERE)}])),),
    "prefix or mallory": (
        policy(keyless(subject="https://github.com/mallory/x"), keyless(name="e", source=[{"tagPrefix": "team-"}])),
    ),
    "own root": (trust_root(material.sigstore(), "acme"), policy(keyless(root="acme"))),
    "own root, of another": (trust_root(material.stranger(), "acme"), policy(keyless(root="acme"))),
    "own root, and another subject": (
        trust_root(material.sigstore(), "acme"),
        policy(keyless(root="acme", subject="x")),
    ),
    "logged by own root": (
        trust_root(material.sigstore(), "acme"),
        policy(keyless(ctlog={"trustRootRef": "acme"})),
    ),
    "together": (policy(keyless(), policy=together(SEEN)),),
    "together, key": (policy(key(KEY.pem), policy=together('authorityMatches: k: signatures: [{subject: "x"}]')),),
    "together, attested": (policy(keyless(wanted()), policy=together(ATTESTED)),),
    "together, configuration": (
        policy(keyless(), policy=together('config: "linux/amd64": os: "linux"') | {"fetchConfigFile": True}),
    ),
    "two, both": (policy(keyless()), policy(keyless(wanted()), name="q")),
    "two, one fails": (policy(keyless()), policy({"name": "s", "static": {"action": "fail"}}, name="q")),
    "by tag": (policy(keyless(), glob="ghcr.io/acme/app:v*"),),
    "by another tag": (policy(keyless(subject="x"), glob="ghcr.io/acme/app:w*"), policy(keyless(), name="q")),
    "of other images": (policy(keyless(), glob="ghcr.io/other/**"),),
    "true to its certificate": (policy(keyless(wanted(kind=SLSA)), annotations={"require-provenance-match": "true"}),),
}


@cache
def configured(name: str) -> Configuration:
    text = yaml.safe_dump_all(json.loads(json.dumps(POLICIES[name])))
    return configuration.configured(load_files({"p.yaml": text.encode()}), material.root())


@cache
def registry(world: str) -> TwoRepositories:
    return WORLDS[world]()


@cache
def really(world: str, name: str, *, waiting: bool, tagged: bool = False) -> Verdict:
    loaded = configured(name)
    matching = policies_for(loaded.policies, IMAGE, DIGEST, ["v1"])
    question = verdict.Question(IMAGE, DIGEST, matching, material.root().sha256, NOW, ("v1",) if tagged else None)
    roots = {name: root for name, root in loaded.roots.items() if name}
    return verdict.judge(question, finding.found(registry(world), *matching, roots=roots), waiting=waiting)


@pytest.mark.parametrize("waiting", [False, True], ids=["decided", "waiting"])
@pytest.mark.parametrize("world", WORLDS)
def test_simulation_says_what_judging_says_or_nothing(world: str, waiting: bool) -> None:
    simulations = {name: Simulation(configured(name).policies, configured(name).roots) for name in POLICIES}
    truth = {
        (name, patient): really(world, name, waiting=patient).status for name in POLICIES for patient in (False, True)
    }
    told = Counter[bool]()
    for first in POLICIES:
        for tagged in {False, "tag" in first}:
            judged = really(world, first, waiting=waiting, tagged=tagged)
            document = json.loads(json.dumps(verdict_document.write(judged)))
            for second, simulation in simulations.items():
                replay = simulation.replay(document)
                expected = truth[second, judged.status == Status.PENDING]
                assert replay.after in (None, expected), f"{first} ({replay.before}) -> {second}: {replay.causes}"
                told[replay.after is not None] += 1
    assert told[True] > told[False] / 4, told  # who never tells is never wrong


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", sorted(POLICIES.keys() - {"together, configuration"}))
def test_same_policies_change_nothing(world: str, name: str) -> None:
    judged = really(world, name, waiting=False)
    document = json.loads(json.dumps(verdict_document.write(judged)))
    loaded = configured(name)
    replay = Simulation(loaded.policies, loaded.roots).replay(document)
    if name == "by another tag":
        assert (replay.after, "matches by tag" in replay.why) == (None, True)
    else:
        assert (replay.after, replay.why) == (judged.status, "")
