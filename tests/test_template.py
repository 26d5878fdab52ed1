"""template.yaml against the folders, the settings and what an operator relies on."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from local import artifacts, template
from registry_verifier import settings

ROOT = template.ROOT
TEMPLATE = template.read()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
GLOBALS = TEMPLATE["Globals"]["Function"]
FUNCTIONS = template.of_type(TEMPLATE, "AWS::Serverless::Function")
LAYERS = template.of_type(TEMPLATE, "AWS::Serverless::LayerVersion")
QUEUES = template.of_type(TEMPLATE, "AWS::SQS::Queue")
ALARMS = template.of_type(TEMPLATE, "AWS::CloudWatch::Alarm")
ROUTES = template.of_type(TEMPLATE, "AWS::ApiGatewayV2::Route")
LOG_GROUPS = template.of_type(TEMPLATE, "AWS::Logs::LogGroup")
PER_FUNCTION = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def default(name: str) -> Any:
    return TEMPLATE["Parameters"][name]["Default"]


def room(name: str) -> str:
    """`ReceiveFunction` -> `receive`."""
    return name.removesuffix("Function").lower()


def environment(name: str) -> dict[str, Any]:
    given: dict[str, Any] = GLOBALS["Environment"]["Variables"] | properties(name)["Environment"]["Variables"]
    return given


def statements(role: str) -> list[dict[str, Any]]:
    """Every statement of a role, also of the policies that stand under a condition."""
    policies = [p["Fn::If"][1] if "Fn::If" in p else p for p in properties(role)["Policies"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---- functions


def test_each_function_has_a_folder_and_each_folder_a_function() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/*.py")}
    assert {room(name) for name in FUNCTIONS} == folders


@PER_FUNCTION
def test_a_function_is_one_file(name: str) -> None:
    shipped = [p.name for p in (ROOT / "functions" / room(name)).iterdir() if p.name != "__pycache__"]
    assert shipped == ["handler.py"]


@PER_FUNCTION
def test_a_function_is_built_by_its_makefile_target(name: str) -> None:
    assert FUNCTIONS[name]["Metadata"] == {"BuildMethod": "makefile"}
    assert re.search(rf"^build-{name}: {room(name)}/handler\.py$", (ROOT / "functions/Makefile").read_text(), re.M)


def test_functions_run_where_the_layers_are_built_for() -> None:
    assert GLOBALS["Architectures"] == ["arm64"]
    assert GLOBALS["Runtime"] == "python3.13"
    assert GLOBALS["Handler"] == "handler.lambda_handler"
    for function in FUNCTIONS.values():
        assert not {"Runtime", "Architectures", "Handler", "CodeUri"} & function["Properties"].keys()


READS: dict[str, Any] = {
    "ReceiveFunction": settings.ReceiveSettings,
    "VerifyFunction": settings.VerifySettings,
    "NotifyFunction": settings.NotifySettings,
    "QueryFunction": settings.QuerySettings,
}
NAMED_OTHERWISE = {"configuration": "CONFIGURATION_DIRECTORY"}


@PER_FUNCTION
def test_a_function_is_given_exactly_the_variables_that_it_reads(name: str) -> None:
    wanted = {NAMED_OTHERWISE.get(field.name, field.name.upper()) for field in fields(READS[name])}
    given = {variable for variable in environment(name) if not variable.startswith("POWERTOOLS_")}
    assert given == wanted


@PER_FUNCTION
def test_the_settings_are_readable_from_the_variables(name: str) -> None:
    numbers = {name for name, p in TEMPLATE["Parameters"].items() if p["Type"] == "Number"}
    values = {
        variable: str(default(value["Ref"])) if isinstance(value, dict) and value["Ref"] in numbers else "warn"
        for variable, value in environment(name).items()
        if variable != "REGISTRY_ENDPOINTS"
    }
    READS[name].read(values)


@PER_FUNCTION
def test_a_function_logs_into_its_own_group(name: str) -> None:
    assert properties(name)["LoggingConfig"] == {"LogGroup": {"Ref": f"{room(name).capitalize()}LogGroup"}}
    assert environment(name)["POWERTOOLS_SERVICE_NAME"] == room(name)


@pytest.mark.parametrize("name", sorted(LOG_GROUPS))
def test_logs_do_not_stay_for_ever(name: str) -> None:
    assert properties(name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_secrets_are_named_and_not_given() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        if "Secret" in name or "Token" in name:
            assert name.endswith("Arn")
            assert parameter.get("Default", "") == ""


# ---- roles


@PER_FUNCTION
def test_a_function_has_a_role_of_its_own(name: str) -> None:
    role = f"{room(name).capitalize()}Role"
    assert properties(name)["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    assert "Policies" not in properties(name)


def test_no_role_is_left_over() -> None:
    roles = template.of_type(TEMPLATE, "AWS::IAM::Role")
    assert {f"{room(name).capitalize()}Role" for name in FUNCTIONS} == set(roles)
    for role in roles.values():
        assert "ManagedPolicyArns" not in role["Properties"]
        assert role["Properties"]["PermissionsBoundary"]["Fn::If"][0] == "HasPermissionsBoundary"


@PER_FUNCTION
def test_a_role_has_no_wildcard(name: str) -> None:
    for statement in statements(f"{room(name).capitalize()}Role"):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        for resource in listed(statement["Resource"]):
            # ListStreams knows no single stream; the table before it is named
            assert "*" not in str(resource) or listed(statement["Action"]) == ["dynamodb:ListStreams"]


ALLOWED = {
    "ReceiveRole": {"secretsmanager:GetSecretValue", "sqs:SendMessage"},
    "VerifyRole": {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "secretsmanager:GetSecretValue",
        "kms:GetPublicKey",
    },
    "NotifyRole": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
    },
    "QueryRole": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
}


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_a_role_may_do_what_its_function_does_and_no_more(role: str) -> None:
    actions = {action for statement in statements(role) for action in listed(statement["Action"])}
    assert actions == ALLOWED[role] | {"logs:CreateLogStream", "logs:PutLogEvents"}


@PER_FUNCTION
def test_a_function_may_read_only_its_own_secret(name: str) -> None:
    readable = {
        str(resource["Ref"])
        for statement in statements(f"{room(name).capitalize()}Role")
        if statement["Action"] == "secretsmanager:GetSecretValue"
        for resource in listed(statement["Resource"])
    }
    given = {value["Ref"] for variable, value in environment(name).items() if variable.endswith("_SECRET_ARN")}
    assert readable == given


# ---- the way of a publish


def test_the_webhook_and_the_health_check_are_the_only_open_routes() -> None:
    open_routes = {
        r["Properties"]["RouteKey"] for r in ROUTES.values() if r["Properties"]["AuthorizationType"] == "NONE"
    }
    assert open_routes == {"POST /webhooks/github", "GET /healthz"}


def test_the_questions_need_what_the_parameter_says() -> None:
    assert properties("QuestionRoute")["AuthorizationType"] == {"Ref": "ApiAuth"}
    assert default("ApiAuth") == "AWS_IAM"


def test_each_route_may_call_its_function() -> None:
    permissions = template.of_type(TEMPLATE, "AWS::Lambda::Permission")
    for name, route in ROUTES.items():
        method, path = route["Properties"]["RouteKey"].split(" ")
        source = permissions[name.replace("Route", "Permission")]["Properties"]["SourceArn"]["Fn::Sub"]
        assert source.endswith("${Api}/*/" + method + path.replace("{proxy+}", "*"))


def test_a_look_is_not_tried_again_while_it_is_looked_at() -> None:
    assert properties("LooksQueue")["VisibilityTimeout"] == {"Ref": "VisibilityTimeout"}
    assert properties("VerifyFunction")["Timeout"] == {"Ref": "VerifyTimeout"}
    assert default("VisibilityTimeout") >= 6 * default("VerifyTimeout")


def test_a_look_that_fails_is_kept() -> None:
    redrive = properties("LooksQueue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["LooksDeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] == 10


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_queues_are_encrypted(name: str) -> None:
    assert properties(name)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", ["LooksDeadLetterQueue", "NotifyDeadLetterQueue"])
def test_dead_letters_stay_two_weeks(name: str) -> None:
    assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_verify_gives_back_single_messages_and_spares_the_registry() -> None:
    event = properties("VerifyFunction")["Events"]["Looks"]["Properties"]
    assert event["BatchSize"] == 10
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "VerifyConcurrency"}}


def test_notify_hears_of_states_in_order_and_forgets_none() -> None:
    event = properties("NotifyFunction")["Events"]["Changes"]["Properties"]
    assert "FilterCriteria" in event
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["MaximumRetryAttempts"] == -1
    assert event["MaximumRecordAgeInSeconds"] <= 86_400
    assert event["BisectBatchOnFunctionError"] is False
    assert event["ParallelizationFactor"] == 1
    assert event["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["NotifyDeadLetterQueue", "Arn"]}


def test_the_table_remembers_and_can_be_brought_back() -> None:
    table = RESOURCES["VerdictsTable"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_indexes_hold_keys_only() -> None:
    indexes = properties("VerdictsTable")["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in indexes] == ["GSI1", "GSI2"]
    for index in indexes:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert [key["AttributeName"] for key in index["KeySchema"]] == [
            f"{index['IndexName']}{end}" for end in ("PK", "SK")
        ]


# ---- alarms


def watched(metric: str) -> set[str]:
    return {
        str(next(iter(alarm["Properties"]["Dimensions"][0]["Value"].values())))
        for alarm in ALARMS.values()
        if alarm["Properties"]["MetricName"] == metric
    }


def test_errors_of_every_function_raise_an_alarm() -> None:
    assert watched("Errors") == set(FUNCTIONS)


def test_every_dead_letter_raises_an_alarm() -> None:
    dead_letters = {str([name, "QueueName"]) for name in QUEUES if "DeadLetter" in name}
    assert watched("ApproximateNumberOfMessagesVisible") == dead_letters


def test_a_stream_that_does_not_move_and_an_api_that_fails_raise_an_alarm() -> None:
    assert watched("IteratorAge") == {"NotifyFunction"}
    assert watched("5xx") == {"Api"}


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_goes_to_the_topic_where_there_is_one(name: str) -> None:
    actions = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert properties(name)["AlarmActions"] == properties(name)["OKActions"] == actions


# ---- layers


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_is_built_for_the_functions_and_leaves_no_old_versions(name: str) -> None:
    assert LAYERS[name]["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": "arm64"}
    assert properties(name)["CompatibleRuntimes"] == [GLOBALS["Runtime"]]
    assert properties(name)["CompatibleArchitectures"] == GLOBALS["Architectures"]
    assert properties(name)["RetentionPolicy"] == "Delete"
    assert re.search(rf"^build-{name}:", (ROOT / "layers/Makefile").read_text(), re.M)


def test_the_engine_of_rego_is_there_only_where_it_is_asked_for() -> None:
    assert default("RegoSupport") == "false"
    assert TEMPLATE["Conditions"]["HasRego"] == {"Fn::Equals": [{"Ref": "RegoSupport"}, "true"]}
    assert {name for name, layer in LAYERS.items() if "Condition" in layer} == {"RegoLayer"}
    assert LAYERS["RegoLayer"]["Condition"] == "HasRego"
    optional = {"Fn::If": ["HasRego", {"Ref": "RegoLayer"}, {"Ref": "AWS::NoValue"}]}
    assert properties("VerifyFunction")["Layers"] == [{"Ref": "ConfigurationLayer"}, optional]


def test_no_layer_holds_a_python_folder_already() -> None:
    assert not list((ROOT / "layers").glob("*/python"))


def test_the_local_stack_builds_every_function_and_layer() -> None:
    assert artifacts.SOURCES.keys() == FUNCTIONS.keys() | LAYERS.keys()
    assert all(Path(ROOT / source).is_dir() for source in artifacts.SOURCES.values())
