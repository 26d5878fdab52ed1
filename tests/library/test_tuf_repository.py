"""TUF repositories in archives and behind mirrors: what is proven, and one test for each way of not being so."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.formats import encode_canonical

from local.sigstore.protojson import Json
from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import ROLES, TRUSTED_ROOT, TufRepository, pack
from registry_verifier import trust_roots
from registry_verifier.errors import TrustRootError, Unavailable
from registry_verifier.policy.trust_root import Remote, Repository, TrustRootDocument
from registry_verifier.reasons import Reason
from registry_verifier.tuf_repository import archive, client_state, mirror
from tests import material

RAW = json.dumps(material.sigstore().trusted_root()).encode()
YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
TUF = os.environ.get("TUF") or shutil.which("tuf")


@pytest.fixture
def repository() -> TufRepository:
    """Not yet published, so that a test may change it."""
    return TufRepository({TRUSTED_ROOT: RAW}, seed="tests")


def proven(repository: TufRepository, **said: Any) -> bytes:
    return archive.prove(Repository(repository.root, said.pop("packed", None) or repository.archive(), **said)).content


def fact(repository: TufRepository, **said: Any) -> str:
    with pytest.raises(TrustRootError) as caught:
        proven(repository, **said)
    return str(caught.value)


def fact_of(packed: bytes) -> str:
    with pytest.raises(TrustRootError) as caught:
        archive.unpack(packed)
    return str(caught.value)


# what is proven


def test_the_trusted_root_in_an_archive(repository: TufRepository) -> None:
    assert proven(repository.publish()) == RAW


def test_until_when_the_timestamp_is_good(repository: TufRepository) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    repository.expires["timestamp"] = end
    repository.publish()
    assert archive.prove(Repository(repository.root, repository.archive())).expires == end


@pytest.mark.parametrize("prefix", ["repository/", "./repository/", "", "./"])
def test_with_the_folder_around_it_and_without(repository: TufRepository, prefix: str) -> None:
    repository.publish()
    assert proven(repository, packed=repository.archive(prefix)) == RAW


def test_another_folder_of_targets(repository: TufRepository) -> None:
    repository.folder = "here/files"
    assert proven(repository.publish(), targets="here/files") == RAW


def test_another_target() -> None:
    repository = TufRepository({"acme.trusted_root.json": RAW}).publish()
    assert proven(repository, trusted_root_target="acme.trusted_root.json") == RAW


def test_a_repository_without_consistent_snapshots(repository: TufRepository) -> None:
    repository.consistent_snapshot = False
    assert proven(repository.publish()) == RAW


@pytest.mark.parametrize("role", ROLES)
def test_keys_that_were_rotated(repository: TufRepository, role: str) -> None:
    repository.publish().rotate(role)
    repository.targets[TRUSTED_ROOT] = RAW + b"\n"
    assert proven(repository.publish()) == RAW + b"\n"


def test_an_expired_first_root_will_do_when_a_newer_one_is_there(repository: TufRepository) -> None:
    repository.expires["root"] = YESTERDAY
    repository.publish()
    del repository.expires["root"]
    repository.rotate("timestamp")
    assert proven(repository.publish()) == RAW


def test_nothing_is_left_behind(repository: TufRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    proven(repository.publish())
    assert not list(tmp_path.iterdir())


def test_a_trust_root_document_is_resolved(repository: TufRepository) -> None:
    repository.publish()
    document = TrustRootDocument("acme", repository=Repository(repository.root, repository.archive()))
    assert trust_roots.resolve(document).rekor_keys == material.root().rekor_keys


@pytest.mark.skipif(not TUF, reason="no tuf command (github.com/theupdateframework/go-tuf/cmd/tuf) on PATH or in TUF")
def test_a_repository_that_go_tuf_made(tmp_path: Path) -> None:
    environment = {f"TUF_{role.upper()}_PASSPHRASE": "x" for role in ROLES} | {"TZ": "UTC"}
    first = [["init"], *(["gen-key", role] for role in ROLES)]
    for step in [*first, ["add", TRUSTED_ROOT], ["snapshot"], ["timestamp"], ["commit"]]:
        if step[0] == "add":
            (tmp_path / "staged/targets" / TRUSTED_ROOT).write_bytes(RAW)
        subprocess.run([str(TUF), *step], cwd=tmp_path, env=environment, check=True, capture_output=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(tmp_path / "repository", "repository")
    root = (tmp_path / "repository/1.root.json").read_bytes()
    assert archive.prove(Repository(root, packed.getvalue())).content == RAW


# what is not proven


@pytest.mark.parametrize("role", ROLES)
def test_expired_metadata(repository: TufRepository, role: str) -> None:
    repository.expires[role] = YESTERDAY
    assert fact(repository.publish()).startswith("TUF metadata is expired: ")


def test_the_root_of_another_repository(repository: TufRepository) -> None:
    packed = repository.publish().archive()
    other = TufRepository({TRUSTED_ROOT: RAW}, seed="another").publish()
    assert fact(other, packed=packed).startswith("TUF metadata is not signed by as many of its keys as it must be: ")


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_metadata_signed_by_the_wrong_key(repository: TufRepository, role: str) -> None:
    repository.publish().signers[role] = TufRepository(seed="another").signers[role]
    assert fact(repository.publish()).startswith("TUF metadata is not signed by as many of its keys")


def test_a_new_root_that_the_old_one_did_not_sign(repository: TufRepository) -> None:
    other = TufRepository({TRUSTED_ROOT: RAW}, seed="another").publish()
    other.rotate("timestamp")
    repository.publish().files["2.root.json"] = other.files["2.root.json"]
    assert fact(repository).startswith("TUF metadata is not signed by as many of its keys")


def test_a_root_that_goes_back(repository: TufRepository) -> None:
    repository.publish()
    repository.files["2.root.json"] = repository.root
    assert fact(repository) == "TUF metadata has the wrong version: Expected root version 2 instead got version 1"


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_metadata_that_goes_back(repository: TufRepository, role: str) -> None:
    repository.hashes = False
    old = repository.publish().files[f"1.{role}.json"]
    repository.publish().files[f"2.{role}.json"] = old
    assert fact(repository).startswith("TUF metadata has the wrong version: ")


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_metadata_of_another_hash(repository: TufRepository, role: str) -> None:
    name = f"1.{role}.json"
    repository.publish()
    repository.files[name] = repository.files[name][:-1] + b" "
    assert fact(repository).startswith("file is not the one that the TUF metadata names: ")


@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_a_missing_file(repository: TufRepository, name: str) -> None:
    del repository.publish().files[name]
    assert fact(repository) == f"file is missing from the TUF repository: {name} is not in the archive"


def target_file(repository: TufRepository) -> str:
    return next(name for name in repository.publish().files if name.startswith("targets/"))


def test_a_target_whose_file_is_missing(repository: TufRepository) -> None:
    del repository.files[target_file(repository)]
    assert fact(repository).startswith("file is missing from the TUF repository: targets/")


def test_a_target_of_another_hash(repository: TufRepository) -> None:
    repository.files[target_file(repository)] = bytes(len(RAW))
    assert fact(repository).startswith("file is not the one that the TUF metadata names: ")


def test_a_target_that_is_larger_than_it_says(repository: TufRepository) -> None:
    repository.files[target_file(repository)] = RAW + b" "
    assert fact(repository).startswith("file is larger than it may be: ")


def test_a_target_that_is_larger_than_any_trusted_root(repository: TufRepository) -> None:
    repository.targets[TRUSTED_ROOT] = b" " * ((1 << 20) + 1)
    assert fact(repository.publish()) == "target 'trusted_root.json' has 1048577 bytes (at most 1048576)"


def test_no_such_target(repository: TufRepository) -> None:
    found = fact(repository.publish(), trusted_root_target="other.json")
    assert found == "TUF repository has no target 'other.json', and no keys described as Sigstore's"


def test_a_first_root_that_is_none(repository: TufRepository) -> None:
    packed = repository.publish().archive()
    with pytest.raises(TrustRootError, match="file is not read as TUF metadata: "):
        archive.prove(Repository(b'{"signatures": []}', packed))


def test_metadata_of_another_role(repository: TufRepository) -> None:
    repository.publish()
    repository.files["timestamp.json"] = repository.files["1.snapshot.json"]
    assert fact(repository).startswith("TUF metadata does not hold: Expected 'timestamp', got 'snapshot'")


def test_a_time_with_an_offset_as_go_tuf_writes_it_outside_of_utc(repository: TufRepository) -> None:
    text = repository.publish().files["timestamp.json"].decode()
    end = json.loads(text)["signed"]["expires"]
    repository.files["timestamp.json"] = text.replace(end, end.replace("Z", "+01:00")).encode()
    assert "+01:00' does not match format" in fact(repository)


def test_a_target_that_is_no_trusted_root(repository: TufRepository) -> None:
    repository.targets[TRUSTED_ROOT] = b"{}"
    repository.publish()
    document = TrustRootDocument("acme", repository=Repository(repository.root, repository.archive()))
    with pytest.raises(TrustRootError):
        trust_roots.resolve(document)


def test_a_temporary_folder_that_cannot_be_written(
    repository: TufRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert fact(repository.publish()).startswith("no temporary folder can be written: ")


# archives of strangers


def entry(name: str, content: bytes = b"", **changed: Any) -> bytes:
    """An archive of one entry."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for key, value in changed.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue())


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "repository/../up", "a\\b"])
def test_an_entry_that_leads_out(name: str) -> None:
    assert fact_of(entry(name)) == f"archive entry {name[:80]!r} leads out of the archive"


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.CONTTYPE],
    ids=["symbolic link", "link", "pipe", "character device", "block device", "contiguous"],
)
def test_an_entry_that_is_no_plain_file(kind: bytes) -> None:
    found = fact_of(entry("1.root.json", type=kind, linkname="/etc/passwd"))
    assert found == "archive entry '1.root.json' is no plain file (expected files and folders)"


def test_a_sparse_file_that_would_grow() -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("1.root.json")
        info.size, info.pax_headers = 512, headers | {"GNU.sparse.name": "1.root.json"}
        tar.addfile(info, io.BytesIO(b"1\n1099511627776\n0\n".ljust(512, b"\0")))
    assert "is no plain file" in fact_of(gzip.compress(packed.getvalue()))


def test_a_name_that_stands_twice() -> None:
    assert fact_of(twice("a.json", "repository/a.json")) == "archive has 'a.json' twice"


def twice(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return gzip.compress(packed.getvalue())


def test_too_many_entries() -> None:
    assert fact_of(pack({str(n): b"" for n in range(1001)})) == "archive has more than 1000 entries"


def test_a_bomb() -> None:
    bomb = gzip.compress(bytes(archive.UNPACKED_LIMIT + 1))
    assert len(bomb) < 100_000
    assert fact_of(bomb) == "archive unpacks to more than 33554432 bytes"


def test_an_archive_that_is_too_large() -> None:
    assert fact_of(bytes(archive.ARCHIVE_LIMIT + 1)) == "archive has 8388609 bytes (at most 8388608)"


@pytest.mark.parametrize("packed", [b"", b"PK\x03\x04", gzip.compress(b"x" * 5000)[:40]], ids=["none", "zip", "cut"])
def test_what_is_no_gzip(packed: bytes) -> None:
    assert fact_of(packed).startswith("archive is not read as ")


@pytest.mark.parametrize("content", [b"x" * 5000, b"", b"\xff" * 512], ids=["text", "empty", "bytes"])
def test_what_is_no_tar(content: bytes) -> None:
    assert fact_of(gzip.compress(content)).startswith("archive is not read as tar: ReadError")


def test_a_size_that_is_a_lie() -> None:
    whole = gzip.decompress(entry("a.json", b"x" * 512))
    tar = bytearray(whole[:1024])
    tar[124:136] = b"77777777777\0"
    tar[148:156] = b"%06o\0 " % (sum(tar[:148]) + 8 * 32 + sum(tar[156:512]))
    assert fact_of(gzip.compress(bytes(tar))).startswith("archive is not read as tar: ")


def test_a_size_that_leads_back_to_where_it_stands() -> None:
    """CVE-2025-8194: tarfile would read the same headers for ever."""
    tar = bytearray(tarfile.TarInfo("a.json").tobuf(tarfile.GNU_FORMAT))
    tar[124:136] = (-1536).to_bytes(12, "big", signed=True)
    tar[148:156] = b"%06o\0 " % (sum(tar[:148]) + 8 * 32 + sum(tar[156:512]))
    assert fact_of(gzip.compress(bytes(tar) + bytes(1024))).startswith("archive is not read as tar: ")


def test_headers_that_follow_each_other_for_ever() -> None:
    one = gzip.decompress(entry("././@LongLink", b"x" * 10, type=tarfile.GNUTYPE_LONGNAME))[:1024]
    assert fact_of(gzip.compress(one * 5000)).startswith("archive is not read as tar: ")


def outcome(repository: Repository) -> str:
    """Whatever is not ours fails the test by itself."""
    try:
        archive.prove(repository)
    except TrustRootError:
        return "refused"
    return "proven"


def test_archives_with_bytes_changed(repository: TufRepository) -> None:
    packed, chance = repository.publish().archive(), random.Random(1)  # noqa: S311 - for play
    tar = gzip.decompress(packed)
    seen = set()
    for _ in range(200):
        changed = bytearray(tar)
        header = 512 * chance.randrange(len(tar) // 512)
        for _ in range(chance.randrange(1, 4)):
            changed[min(header + chance.randrange(512), len(tar) - 1)] = chance.randrange(256)
        seen.add(outcome(Repository(repository.root, gzip.compress(bytes(changed), 1))))
    for _ in range(100):
        changed = bytearray(packed)
        changed[chance.randrange(len(packed))] = chance.randrange(256)
        seen.add(outcome(Repository(repository.root, bytes(changed))))
    assert seen == {"refused", "proven"}


ODD: list[Any] = [None, -1, 10**400, "", "x" * 70_000, "\ud800", [], [[]], {}, {"": ""}, True, "9999-99-99T99:99:99Z"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = json.loads(json.dumps(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return copy


def resigned(repository: TufRepository, role: str, signed: Any) -> bytes:
    """Metadata that says anything at all, signed by the right key; unsigned where it cannot be signed."""
    try:
        signature = repository.signers[role].sign(str(encode_canonical(signed)).encode()).to_dict()
    except Exception:
        signature = {"keyid": repository.signers[role].public_key.keyid, "sig": "00"}
    return json.dumps({"signed": signed, "signatures": [signature]}).encode()


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("root", "2.root.json"),
        ("timestamp", "timestamp.json"),
        ("snapshot", "1.snapshot.json"),
        ("targets", "1.targets.json"),
    ],
)
def test_signed_metadata_that_says_something_odd(repository: TufRepository, role: str, name: str) -> None:
    repository.hashes = False
    repository.targets["fulcio.pem"] = b"nothing"
    repository.custom["fulcio.pem"] = {"sigstore": {"usage": "Fulcio", "uri": "https://fulcio.acme.test"}}
    repository.publish()
    signed = json.loads(repository.files[name if role != "root" else "1.root.json"])["signed"]
    signed["version"] = 2 if role == "root" else 1
    seen = set()
    for n, place in enumerate(places(signed)):
        for odd in ODD[n % 4 :: 4]:
            content = resigned(repository, role, replaced(signed, place, odd))
            seen.add(outcome(Repository(repository.root, pack({**repository.files, name: content}), "targets", "x")))
    assert "refused" in seen


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{}", b"[]", b"\xff", b"1" * 5000, b'{"signed": ' * 900])
@pytest.mark.parametrize("name", ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_metadata_that_is_none(repository: TufRepository, name: str, content: bytes) -> None:
    repository.hashes = False
    repository.publish().files[name] = content
    assert fact(repository)


# older repositories: a target for each key


def described() -> TufRepository:
    sigstore = material.sigstore()
    chain = [sigstore.fulcio.intermediate.certificate, sigstore.fulcio.root.certificate]
    keys = {"rekor.pub": sigstore.rekor.key, "ctfe.pub": sigstore.ct_log.key}
    repository = TufRepository({"fulcio.crt.pem": b"".join(each.public_bytes(Encoding.PEM) for each in chain)})
    for name, key in keys.items():
        repository.targets[name] = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, usage in (("fulcio.crt.pem", "Fulcio"), ("rekor.pub", "Rekor"), ("ctfe.pub", "CTFE")):
        said = {"usage": usage, "status": "Active", "uri": f"https://{usage.lower()}.acme.test"}
        repository.custom[name] = {"sigstore": said}
    return repository


def test_keys_that_are_described() -> None:
    repository = described().publish()
    document = TrustRootDocument("acme", repository=Repository(repository.root, repository.archive()))
    found, own = trust_roots.resolve(document), material.root()
    assert found.rekor_keys.keys() == own.rekor_keys.keys()
    assert found.ct_keys.keys() == own.ct_keys.keys()
    assert [each.certificates for each in found.authorities] == [each.certificates for each in own.authorities]


def test_where_the_described_services_are() -> None:
    found = json.loads(proven(described().publish()))
    assert (found["tlogs"][0]["baseUrl"], found["certificateAuthorities"][0]["uri"]) == (
        "https://rekor.acme.test",
        "https://fulcio.acme.test",
    )


@pytest.mark.parametrize("custom", [{}, {"sigstore": None}, {"sigstore": {"usage": "Unknown"}}, {"sigstore": []}])
def test_what_is_described_as_something_else_is_passed_over(custom: Json) -> None:
    repository = described()
    repository.targets["other"], repository.custom["other"] = b"nonsense", custom
    assert proven(repository.publish())


def test_no_certificate_authority_is_described() -> None:
    repository = described()
    del repository.custom["fulcio.crt.pem"]
    assert fact(repository.publish()) == "TUF repository describes no certificate authority"


@pytest.mark.parametrize("name", ["fulcio.crt.pem", "rekor.pub", "ctfe.pub"])
def test_a_described_key_that_is_none(name: str) -> None:
    repository = described()
    repository.targets[name] = b"\xff nonsense"
    assert fact(repository.publish()).startswith(f"target '{name}': ")


def test_too_many_keys_are_described() -> None:
    repository = described()
    for n in range(100):
        repository.targets[f"{n}.pub"] = repository.targets["rekor.pub"]
        repository.custom[f"{n}.pub"] = repository.custom["rekor.pub"]
    assert fact(repository.publish()) == "TUF repository describes 103 keys (at most 100)"


# what the client knows of an earlier time


def test_a_state_comes_back_as_it_was(repository: TufRepository, tmp_path: Path) -> None:
    repository.publish().rotate("timestamp")
    repository.publish()
    state = archive.prove(Repository(repository.root, repository.archive())).state
    roots = ["root_history/1.root.json", "root_history/2.root.json"]
    assert [*state] == [*roots, "snapshot.json", "targets.json", "timestamp.json"]
    client_state.write(tmp_path, state)
    assert client_state.read(tmp_path) == state


@pytest.mark.parametrize(
    "name",
    [
        "../timestamp.json",
        "/tmp/timestamp.json",
        "root_history/../1.root.json",
        "root.json",
        "x.json",
        "timestamp.json\n",
    ],
)
def test_a_state_with_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    client_state.write(tmp_path, {name: b"{}"})
    assert [path.name for path in tmp_path.rglob("*")] == ["root_history"]


# mirrors


@pytest.fixture
def served(repository: TufRepository) -> Iterator[TufMirror]:
    with TufMirror(repository.publish()) as serving:
        yield serving


def remote(served: TufMirror) -> Remote:
    return Remote(served.repository.root, served.url)


def unreached(served: TufMirror, *, seconds: float = mirror.SECONDS) -> str:
    with pytest.raises(Unavailable) as caught:
        mirror.prove(remote(served), seconds=seconds)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    return str(caught.value)


def test_the_trusted_root_behind_a_mirror(served: TufMirror) -> None:
    assert mirror.prove(remote(served)).content == RAW
    assert served.asked[:4] == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]


def test_a_mirror_is_fetched_for_a_document(served: TufMirror) -> None:
    document = TrustRootDocument("acme", remote=remote(served))
    assert trust_roots.resolve(document, fetch=trust_roots.fetch).rekor_keys == material.root().rekor_keys


def test_a_mirror_whose_keys_were_rotated(served: TufMirror) -> None:
    asked = remote(served)
    served.repository.rotate("targets")
    served.repository.publish()
    assert mirror.prove(asked).content == RAW


def test_a_mirror_with_another_root_is_not_believed(served: TufMirror) -> None:
    other = TufRepository({TRUSTED_ROOT: RAW}, seed="another").publish()
    with pytest.raises(TrustRootError, match="TUF metadata is not signed by as many of its keys"):
        mirror.prove(Remote(other.root, served.url))


@pytest.mark.parametrize("status", [403, 404, 500, 503])
@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_a_mirror_that_does_not_answer_with_the_file(served: TufMirror, name: str, status: int) -> None:
    served.faults[name] = status
    assert unreached(served) == f"TUF mirror: GET {served.url}/{name} answered {status}"


def test_a_mirror_may_forbid_the_root_that_is_not_there(served: TufMirror) -> None:
    served.faults["2.root.json"] = 403
    assert mirror.prove(remote(served)).content == RAW


def test_a_mirror_that_fails_at_the_next_root(served: TufMirror) -> None:
    served.faults["2.root.json"] = 500
    assert unreached(served).endswith("2.root.json answered 500")


def test_no_mirror_at_all(repository: TufRepository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unavailable, match="TUF mirror: GET 127.0.0.1/2.root.json failed: ConnectError"):
        mirror.prove(Remote(repository.publish().root, f"http://127.0.0.1:{port}"))


def test_a_mirror_that_drips(served: TufMirror) -> None:
    served.faults["timestamp.json"] = "drip"
    began = time.monotonic()
    assert unreached(served, seconds=0.5) == "TUF mirror: took longer than 0.5 seconds"
    assert time.monotonic() - began < 3


def test_a_mirror_that_is_silent(repository: TufRepository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Unavailable, match=r"took longer than 0\.3 seconds"):
            mirror.prove(Remote(repository.publish().root, url), seconds=0.3)


def test_a_file_that_is_larger_than_any(served: TufMirror) -> None:
    served.faults["timestamp.json"] = b" " * 5_000_002
    with pytest.raises(TrustRootError, match=r"file is larger than it may be: .*timestamp.json has more than 5000000"):
        mirror.prove(remote(served))


def test_a_file_that_is_larger_than_its_kind(served: TufMirror) -> None:
    served.faults["timestamp.json"] = b" " * 20_000
    with pytest.raises(TrustRootError, match="file is larger than it may be: "):
        mirror.prove(remote(served))


def test_a_redirect_on_the_same_host(served: TufMirror) -> None:
    served.repository.files["moved.json"] = served.repository.files["timestamp.json"]
    served.faults["timestamp.json"] = "redirect /moved.json"
    assert mirror.prove(remote(served)).content == RAW


@pytest.mark.parametrize("place", ["http://localhost:1/timestamp.json", "ftp://127.0.0.1/x", "//elsewhere.test/x"])
def test_a_redirect_to_another_place(served: TufMirror, place: str) -> None:
    served.faults["timestamp.json"] = f"redirect {place}"
    assert "timestamp.json is redirected to another place: " in unreached(served)


def test_a_redirect_that_never_ends(served: TufMirror) -> None:
    served.faults["timestamp.json"] = "redirect /timestamp.json"
    assert unreached(served).endswith("timestamp.json is redirected more than 3 times")
    assert served.asked.count("timestamp.json") == 4


@pytest.mark.parametrize("place", ["http://[", "\x00", "http://127.0.0.1:99999999/"])
def test_a_redirect_to_nowhere(served: TufMirror, place: str) -> None:
    served.faults["timestamp.json"] = f"redirect {place}"
    assert unreached(served)


def test_answers_of_strangers(served: TufMirror) -> None:
    chance = random.Random(2)  # noqa: S311 - for play
    names = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    for _ in range(20):
        content = base64.b85encode(chance.randbytes(chance.randrange(200)))
        answers: list[int | bytes | str] = [content, b"", b"{}", b"[]", 204, 301, 418]
        served.faults = {chance.choice(names): chance.choice(answers)}
        with pytest.raises((TrustRootError, Unavailable)):
            mirror.prove(remote(served))
