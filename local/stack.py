"""The real template.yaml on this machine: its functions, queues, table and API on the emulator, its roles enforced."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local import artifacts, emulator, template

NAME = "local"

LOCAL_PARAMETERS = {
    "ApiAuth": "NONE",
    "DeletionProtection": "false",
    "VisibilityTimeout": "10",
    "VerifyConcurrency": "2",
    "NotifyBatchSize": "1",
}
"""what differs from the deployed stack: short waits, an API without signatures, and one change at a time, because the
emulator takes a stream's batch that fails in part for done"""

_BUCKET = "artifacts"
_TEMPLATE = "template.json"
_API = "local"
_DEPLOY_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """A stack that is up."""

    endpoint: str
    """the emulator's URL, for every AWS service"""
    parameters: Mapping[str, str]
    physical: Mapping[str, str]
    """logical id -> physical id, which is the URL of a queue and the name of a table, function or log group"""

    @property
    def api_url(self) -> str:
        """Where the HTTP API answers, without a slash at the end."""
        return _api_url(self.endpoint)

    @property
    def status_url(self) -> str:
        """The status page."""
        return f"{self.api_url}/status/"

    @property
    def queue_url(self) -> str:
        """The queue of digests to look at."""
        return self.physical["LooksQueue"]

    @property
    def dead_letter_queue_url(self) -> str:
        """Where looks go that were given up."""
        return self.physical["LooksDeadLetterQueue"]

    @property
    def notify_dead_letter_queue_url(self) -> str:
        """Where changes of verdicts go that were never told."""
        return self.physical["NotifyDeadLetterQueue"]

    @property
    def table(self) -> str:
        """The name of the table of verdicts."""
        return self.physical["VerdictsTable"]

    def client(self, service: str) -> Any:
        """A boto3 client with every right, for any service of the emulator."""
        return _client(self.endpoint, service)

    @property
    def trust_root_bucket(self) -> str:
        """The bucket of refreshed trusted roots."""
        return self.physical["TrustRootBucket"]

    def invoke(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run a function, such as `sweep`, and wait for its answer; raises RuntimeError with its error."""
        done = self.client("lambda").invoke(FunctionName=self.function(name), Payload=json.dumps(event))
        answer: dict[str, Any] = json.loads(done["Payload"].read() or b"{}")
        if done.get("FunctionError"):
            raise RuntimeError(f"{name} ended with an error: {answer}")
        return answer

    def function(self, name: str) -> str:
        """The name of a deployed function, such as `verify`."""
        return self.physical[f"{name.capitalize()}Function"]

    def logs(self, name: str) -> list[str]:
        """What a function, such as `verify`, has logged so far, in order of time."""
        group = self.physical[f"{name.capitalize()}LogGroup"]
        events = self.client("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"].rstrip("\n") for event in sorted(events, key=lambda event: event["timestamp"])]

    def change_secret(self, parameter: str, value: str) -> None:
        """Put another value into a secret, such as `WebhookSecretArn`'s."""
        self.client("secretsmanager").put_secret_value(SecretId=self.parameters[parameter], SecretString=value)


@contextlib.contextmanager
def up(
    parameters: Mapping[str, str] | None = None,
    *,
    secrets: Mapping[str, str],
    configuration: Path | None = None,
    environment: Mapping[str, str] | None = None,
    enforce_roles: bool = True,
) -> Iterator[Running]:
    """Bring the stack up, and down again at the end.

    `parameters` are the template's; `secrets` gives a value for each secret by its parameter (`WebhookSecretArn`,
    `SlackSecretArn`, `RegistryTokenSecretArn`); `configuration` is a folder with `policies/` and `trusted_root.json`.
    `environment` reaches every function. Raises RuntimeError where the emulator or the stack does not come up.
    """
    with emulator.running(enforce_roles=enforce_roles, environment=environment) as endpoint:
        given = LOCAL_PARAMETERS | {
            "ApiUrl": _api_url(endpoint),
            "ConfigurationDirectory": str(configuration or template.ROOT / "layers" / "configuration"),
        }
        given |= {name: _secret(endpoint, name, value) for name, value in secrets.items()}
        given |= dict(parameters or {})
        yield _deploy(endpoint, given)


def _client(endpoint: str, service: str) -> Any:
    # The emulator reads the account from the access key, and lets the account's own key do everything.
    return boto3.client(  # type: ignore[call-overload]  # the stubs know three services, the emulator has all
        service,
        endpoint_url=endpoint,
        region_name=emulator.REGION,
        aws_access_key_id=emulator.ACCOUNT,
        aws_secret_access_key="local",
    )


def _api_url(endpoint: str) -> str:
    return f"{endpoint}/_aws/execute-api/{_API}/$default"


def _secret(endpoint: str, name: str, value: str) -> str:
    arn: str = _client(endpoint, "secretsmanager").create_secret(Name=name, SecretString=value)["ARN"]
    return arn


def _deploy(endpoint: str, parameters: Mapping[str, str]) -> Running:
    cloudformation = _client(endpoint, "cloudformation")
    body = json.dumps(_prepared(endpoint, parameters))
    _client(endpoint, "s3").put_object(Bucket=_BUCKET, Key=_TEMPLATE, Body=body.encode())
    cloudformation.create_stack(
        StackName=NAME,
        TemplateURL=f"{endpoint}/{_BUCKET}/{_TEMPLATE}",  # as text it would be too long, here and in AWS
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    _wait(cloudformation)
    resources = cloudformation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    return Running(endpoint, parameters, {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources})


def _prepared(endpoint: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template with its code in the emulator's storage, and with an API whose id is known before it exists.

    Numbers stand where the template refers to them: the emulator would hand a parameter on as text.
    """
    values = template.read()
    declared = values["Parameters"].items()
    numbers = {name: int(parameters.get(name, p["Default"])) for name, p in declared if p["Type"] == "Number"}
    values["Resources"] = _put_in(values["Resources"], numbers)
    values["Resources"]["Api"]["Properties"]["Tags"]["ms-custom-id"] = _API
    del values["Resources"]["TrustRootBucketPolicy"]  # it denies plain HTTP, and the emulator has nothing else
    values["Resources"]["StatusFolderRoute"] = _at(values["Resources"]["StatusRoute"], "ANY /status/")
    _upload(endpoint, values["Resources"])
    return values


def _at(route: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The same route at another key: the emulator holds `/status/` for no part of `/status/{proxy+}`, as AWS does."""
    return {**route, "Properties": {**route["Properties"], "RouteKey": key}}


def _put_in(node: Any, numbers: Mapping[str, int]) -> Any:
    """`node` with every reference to one of `numbers` replaced by the number; a function's environment stays text."""
    if isinstance(node, dict):
        if node.keys() == {"Ref"} and node["Ref"] in numbers:
            return numbers[node["Ref"]]
        return {key: value if key == "Environment" else _put_in(value, numbers) for key, value in node.items()}
    return [_put_in(value, numbers) for value in node] if isinstance(node, list) else node


def _upload(endpoint: str, resources: dict[str, Any]) -> None:
    storage = _client(endpoint, "s3")
    storage.create_bucket(Bucket=_BUCKET)
    for name in artifacts.SOURCES:
        storage.put_object(Bucket=_BUCKET, Key=name, Body=artifacts.archive(name).read_bytes())
        key = "ContentUri" if name.endswith("Layer") else "CodeUri"
        resources[name]["Properties"][key] = f"s3://{_BUCKET}/{name}"


def _wait(cloudformation: Any) -> None:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while (status := _status(cloudformation)).endswith("IN_PROGRESS") and time.monotonic() < deadline:
        time.sleep(0.03)
    if status != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
        reasons = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
        raise RuntimeError(f"the stack is {status}: {reasons}")


def _status(cloudformation: Any) -> str:
    status: str = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
    return status
