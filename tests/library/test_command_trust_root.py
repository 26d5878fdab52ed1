"""`registry-verifier trust-root fetch` against a mirror on loopback: what is written, what is said, and exit codes."""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository
from registry_verifier import command_trust_root, trust_roots
from registry_verifier.errors import BadRequest, PolicyError
from registry_verifier.models import digest_of
from registry_verifier.policy import trust_root
from tests import material

RAW = json.dumps(material.sigstore().trusted_root()).encode()


@pytest.fixture
def served() -> Iterator[TufMirror]:
    with TufMirror(TufRepository({TRUSTED_ROOT: RAW}, seed="command").publish()) as serving:
        yield serving


def document(name: str, served: TufMirror, *, mirror: str = "") -> str:
    root = base64.b64encode(served.repository.root).decode()
    return f"""\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata:
  name: {name}
spec:
  remote:
    mirror: {mirror or served.url}
    root: {root}
"""


@pytest.fixture
def policy(tmp_path: Path, served: TufMirror) -> Path:
    file = tmp_path / "policies" / "acme.yaml"
    file.parent.mkdir()
    file.write_text(document("acme", served))
    return file


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    command_trust_root.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(["trust-root", "fetch", *map(str, arguments)])
    return int(options.run(options))


def test_beside_the_policy_file(policy: Path, capsys: pytest.CaptureFixture[str], served: TufMirror) -> None:
    assert run(policy) == 0
    file = policy.parent / "trust_roots" / "acme.json"
    assert file.read_bytes() == RAW
    sha256 = digest_of(RAW)
    end = json.loads(served.repository.files["timestamp.json"])["signed"]["expires"]
    assert capsys.readouterr().out == f"acme {sha256} timestamp expires {end} -> {file}\n"


def test_what_was_fetched_is_found_again(policy: Path) -> None:
    run(policy)
    (found,) = trust_root.load(policy.read_bytes(), file=str(policy))
    root = trust_roots.resolve(found, fetched=trust_roots.fetched_file(found).read_bytes())
    assert root.rekor_keys == material.root().rekor_keys


def test_into_another_folder(policy: Path, tmp_path: Path) -> None:
    assert run(policy, "--output", tmp_path / "new" / "folder") == 0
    assert (tmp_path / "new" / "folder" / "acme.json").read_bytes() == RAW


def test_others_may_read_what_was_written(policy: Path) -> None:
    run(policy)
    assert (policy.parent / "trust_roots" / "acme.json").stat().st_mode & 0o444 == 0o444


def test_a_newer_root_takes_the_place_of_the_old_one(policy: Path, served: TufMirror) -> None:
    run(policy)
    served.repository.targets[TRUSTED_ROOT] = RAW + b"\n"
    served.repository.publish()
    run(policy)
    assert [file.read_bytes() for file in (policy.parent / "trust_roots").iterdir()] == [RAW + b"\n"]


def test_several_documents_in_several_files(policy: Path, served: TufMirror, tmp_path: Path) -> None:
    other = tmp_path / "others.yaml"
    other.write_text("---\n".join(document(name, served) for name in ("one", "two")))
    assert run(policy, other, "--output", tmp_path / "here") == 0
    assert sorted(file.name for file in (tmp_path / "here").iterdir()) == ["acme.json", "one.json", "two.json"]


def test_a_mirror_that_is_not_reached(policy: Path, served: TufMirror, capsys: pytest.CaptureFixture[str]) -> None:
    served.faults["timestamp.json"] = 503
    assert run(policy) == 3
    said = capsys.readouterr()
    assert said.err == f"{policy}: TrustRoot 'acme': TUF mirror: GET {served.url}/timestamp.json answered 503\n"
    assert not said.out
    assert not (policy.parent / "trust_roots").exists()


def test_a_root_that_is_not_proven(policy: Path, served: TufMirror, capsys: pytest.CaptureFixture[str]) -> None:
    served.faults["timestamp.json"] = b"{}"
    assert run(policy) == 2
    assert "TrustRoot 'acme': file is not read as TUF metadata" in capsys.readouterr().err


def test_a_target_that_is_no_trusted_root(policy: Path, served: TufMirror) -> None:
    run(policy)
    served.repository.targets[TRUSTED_ROOT] = b"[]"
    served.repository.publish()
    assert run(policy) == 2
    assert (policy.parent / "trust_roots" / "acme.json").read_bytes() == RAW


def test_one_that_fails_does_not_keep_the_others_from_being_fetched(
    policy: Path, served: TufMirror, tmp_path: Path
) -> None:
    other = tmp_path / "others.yaml"
    other.write_text(document("away", served, mirror=f"{served.url}/absent"))
    assert run(other, policy, "--output", tmp_path / "here") == 3
    assert [file.name for file in (tmp_path / "here").iterdir()] == ["acme.json"]


def test_wrong_weighs_more_than_not_reached(policy: Path, served: TufMirror, tmp_path: Path) -> None:
    served.faults["timestamp.json"] = b"{}"
    other = tmp_path / "others.yaml"
    other.write_text(document("away", served, mirror=f"{served.url}/absent"))
    assert run(other, policy) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read the file: No such file"):
        run(tmp_path / "absent.yaml")


def test_a_document_that_does_not_load(policy: Path) -> None:
    policy.write_text(policy.read_text().replace("mirror:", "miror:"))
    with pytest.raises(
        PolicyError, match=r"acme.yaml:7:5: spec.remote.miror: unknown field \(did you mean 'mirror'\?\)"
    ):
        run(policy)


def test_nothing_to_fetch(policy: Path) -> None:
    policy.write_text("apiVersion: v1\nkind: ConfigMap\n")
    with pytest.raises(BadRequest, match="no TrustRoot with spec.remote in these files"):
        run(policy)


def test_a_folder_that_cannot_be_written(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRequest, match="cannot write .*acme.json: "):
        run(policy, "--output", tmp_path / "file")


def test_no_half_a_file_is_left(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "here" / "acme.json").mkdir(parents=True)
    with pytest.raises(BadRequest, match="cannot write"):
        run(policy, "--output", tmp_path / "here")
    assert [file.name for file in (tmp_path / "here").iterdir()] == ["acme.json"]


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    said = capsys.readouterr().out
    for words in ("NAME.json", "trust_roots", "--output DIRECTORY", "exit codes: 0", "example: registry-verifier"):
        assert words in said
