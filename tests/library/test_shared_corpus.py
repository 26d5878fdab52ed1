"""Real images of public projects, served as a registry, through the command line: the expected verdict for each."""

from __future__ import annotations

import importlib.util
import json
import threading
from pathlib import Path
from types import ModuleType

import pytest

from registry_verifier.command_line import main

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
CASES = sorted(CORPUS.glob("cases/*/meta.json"))
pytestmark = pytest.mark.skipif(
    not CASES, reason="../shared/corpus is not there: its files are not part of the project"
)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CORPUS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    return load("serve")


def policy(meta: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(CORPUS)
    return json.dumps(load("check").policy_of(meta))


@pytest.mark.parametrize("auth", [False, True])
@pytest.mark.parametrize("mode", ["ghcr", "404", "api"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_expected_verdict(
    serve: ModuleType,
    case: Path,
    mode: str,
    auth: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meta = json.loads(case.read_text())
    (tmp_path / "policy.yaml").write_text(policy(meta, monkeypatch))
    server = serve.make_server([case.parent], referrers=mode, auth=auth)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    host = meta["image_ref"].partition("/")[0]
    endpoint = f"{host}=http://127.0.0.1:{server.server_port}"
    image = f"{meta['image_ref']}@{meta['digest']}"
    options = ["--policy", str(tmp_path / "policy.yaml"), "--registry-endpoint", endpoint]
    try:
        code = main(["verify", image, *options, "--evidence-only", "--output", "json"])
    finally:
        server.shutdown()
        server.server_close()
    status = json.loads(capsys.readouterr().out)["status"]
    assert (code, status) == {"accept": (0, "VERIFIED"), "reject": (1, "FAILED")}[meta["expected"]["verdict"]]
