"""What is built is enough: each function starts and answers on its artifact and its layers, in Lambda's runtime client.

Nothing else can be imported there, so a dependency that the layer lacks shows here, also one that is imported late.
AWS and the registry are a port where nobody listens: what counts is that the answer says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local import artifacts, template
from registry_verifier import look_message
from registry_verifier.models import ImageName, Look, digest_of
from tests.functions.lambda_world import event
from tests.stack import lambda_runtime

TEMPLATE = template.read()
FUNCTIONS = template.of_type(TEMPLATE, "AWS::Serverless::Function")
LAYERS = template.of_type(TEMPLATE, "AWS::Serverless::LayerVersion")

LIBRARY = template.ROOT / "layers/registry_verifier"
NOBODY = "http://127.0.0.1:9"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:example"  # noqa: S105 - a name, no secret
LAYERS_LIMIT = 60_000_000
"""bytes, unpacked, without the optional engine of Rego (40 MB); Lambda's own limit is 250 MB"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not lambda_runtime.PYTHON.exists(), reason="no .venv-lambda: `make test` makes it"),
]


def environment(name: str) -> dict[str, str]:
    """The function's variables: the template's plain values and defaults, and names of things that are not there."""
    absent = {
        "LooksQueue": f"{NOBODY}/looks",
        "VerdictsTable": "verdicts",
        "TrustRootBucket": "roots",
        "ConfigurationDirectory": str(configuration()),
        "SealSecret": SECRET,
    }
    absent |= {parameter: SECRET for parameter in TEMPLATE["Parameters"] if parameter.endswith("SecretArn")}
    absent |= {"RegistryEndpoints": f"ghcr.io={NOBODY}", "SlackApiUrl": NOBODY}
    everywhere = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    given = everywhere | FUNCTIONS[name]["Properties"]["Environment"]["Variables"]
    return {key: resolve(value, absent) for key, value in given.items()} | {"AWS_ENDPOINT_URL": NOBODY}


def resolve(value: Any, absent: Mapping[str, str]) -> str:
    if not isinstance(value, dict):
        return str(value)
    if "Fn::Sub" in value:
        return str(value["Fn::Sub"].replace("${AWS::StackName}", "built"))
    name = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
    return absent[name] if name in absent else str(TEMPLATE["Parameters"][name]["Default"])


def layers() -> list[Path]:
    return [artifacts.folder("DependenciesLayer"), artifacts.folder("LibraryLayer")]


def configuration() -> Path:
    return artifacts.folder("ConfigurationLayer") / "configuration"


def start(name: str, event: Any, on: list[Path] | None = None) -> lambda_runtime.Invocation:
    return lambda_runtime.invoke(artifacts.folder(name), on or layers(), event, environment(name))


def look() -> dict[str, Any]:
    body = look_message.write(Look(ImageName("ghcr.io", "acme/app"), digest_of(b"app"), "publish"))
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "0"}
    record = {"messageId": "m", "receiptHandle": "r", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}
    return {"Records": [record]}


EVENTS = {
    "ReceiveFunction": event("receive.published-json"),
    "VerifyFunction": look(),
    "NotifyFunction": event("notify.failed"),
    "QueryFunction": event("query.digest"),
    "SweepFunction": event("sweep.reverify"),
}


def says_come_again(name: str, done: lambda_runtime.Invocation) -> bool:
    """The function did its work up to the first call of AWS, and its answer says that nobody was there."""
    if name in ("NotifyFunction", "SweepFunction"):  # where nothing could be done, it is an error of the function
        return done.kind == "error" and done.document["errorType"] == "Unavailable"
    if name == "VerifyFunction":
        return len(done.document["batchItemFailures"]) == 1
    return bool(done.document["statusCode"] == 503)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_built_function_starts_and_answers_on_its_layers_alone(name: str) -> None:
    done = start(name, EVENTS[name])
    assert says_come_again(name, done), done
    assert "No module named" not in done.output


@pytest.mark.parametrize(
    ("path", "authorizer", "media_type"),
    [
        ("/openapi.json", None, "application/json"),
        ("/v1/policies", {"iam": {"userId": "x"}}, "application/json"),
        ("/v1/status/style.css", {"iam": {"userId": "x"}}, "text/css"),
    ],
)
def test_what_query_answers_without_a_table_is_in_the_layers(path: str, authorizer: Any, media_type: str) -> None:
    """Files beside the code, and what policies are read with."""
    asked = event("query.digest") | {"rawPath": path}
    asked["requestContext"]["authorizer"] = authorizer
    done = start("QueryFunction", asked)
    assert done.document["statusCode"] == 200, done
    assert done.document["headers"]["Content-Type"].partition(";")[0] == media_type
    assert done.document["body"]


def test_whatever_lies_beside_the_code_is_shipped() -> None:
    source, built = (folder / "registry_verifier" for folder in (LIBRARY, artifacts.folder("LibraryLayer") / "python"))
    beside = {f.relative_to(source) for f in source.rglob("*") if f.is_file() and f.suffix not in (".py", ".pyc")}
    assert Path("openapi.json") in beside
    assert [str(file) for file in beside if not (built / file).exists()] == []


def test_a_dependency_that_the_layer_lacks_is_noticed(tmp_path: Path) -> None:
    lacking = tmp_path / "python"
    lacking.mkdir()
    for entry in (artifacts.folder("DependenciesLayer") / "python").iterdir():
        if entry.name != "rfc8785":
            (lacking / entry.name).symlink_to(entry)
    done = start("VerifyFunction", EVENTS["VerifyFunction"], [tmp_path, artifacts.folder("LibraryLayer")])
    assert done.kind == "init"
    assert done.document["errorType"] == "Runtime.ImportModuleError"
    assert "rfc8785" in done.document["errorMessage"]


@pytest.mark.parametrize("name", sorted(artifacts.SOURCES))
def test_an_artifact_is_compiled_and_names_no_machine(name: str) -> None:
    artifact = artifacts.folder(name)
    sources = [path for path in artifact.rglob("*.py") if "__pycache__" not in path.parts]
    for source in sources:
        compiled = list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"))
        assert compiled, f"{source} is not compiled"
        assert str(template.ROOT).encode() not in compiled[0].read_bytes()


def test_the_layers_of_a_function_are_small_enough() -> None:
    always = [name for name, layer in LAYERS.items() if "Condition" not in layer]
    size = sum(f.stat().st_size for name in always for f in artifacts.folder(name).rglob("*") if f.is_file())
    assert size <= LAYERS_LIMIT


def test_the_layer_of_rego_says_what_it_was_built_with() -> None:
    files = {f.name for f in (artifacts.folder("RegoLayer") / "bin").iterdir()}
    assert files == ({"opa"} if os.environ.get("REGO") == "true" else {"README"})
