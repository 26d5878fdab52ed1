"""template.yaml against the folders, the settings and what an operator relies on."""

from __future__ import annotations

import ast
import json
import re
import string
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from functions.query import handler as query
from functions.sweep import handler as sweep
from local import artifacts, template
from registry_verifier import measures, secret_store, settings, trust_root_store

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


KEY = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"


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
    "SweepFunction": settings.SweepSettings,
}
NAMED_OTHERWISE = {"configuration": "CONFIGURATION_DIRECTORY"}


@PER_FUNCTION
def test_a_function_is_given_exactly_the_variables_that_it_reads(name: str) -> None:
    wanted = {NAMED_OTHERWISE.get(field.name, field.name.upper()) for field in fields(READS[name])}
    given = {variable for variable in environment(name) if not variable.startswith("POWERTOOLS_")}
    assert given == wanted


@PER_FUNCTION
def test_the_settings_are_readable_from_the_variables(name: str) -> None:
    READS[name].read({variable: value_of(value) for variable, value in environment(name).items()})


def value_of(value: Any) -> str:
    """What a variable has where nobody says anything: a parameter's default, or any text for what must be given."""
    parameter = TEMPLATE["Parameters"].get(value["Ref"], {}) if isinstance(value, dict) and "Ref" in value else {}
    return str(parameter.get("Default", "given"))


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "TUF_URL"])
def test_a_default_is_the_same_in_the_template_and_in_the_settings(name: str) -> None:
    assert value_of(environment("SweepFunction")[name]) == getattr(settings, name)


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
            # ListStreams knows no single stream; the table before it is named, and so is the folder of roots
            is_folder = resource == {"Fn::Sub": "${TrustRootBucket.Arn}/roots/*"}
            assert "*" not in str(resource) or is_folder or listed(statement["Action"]) == ["dynamodb:ListStreams"]


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
        "s3:GetObject",
        "s3:ListBucket",
    },
    "NotifyRole": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "events:PutEvents",
    },
    "SweepRole": {
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
    },
    "QueryRole": {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "kms:Sign",
    },
}


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_a_role_may_do_what_its_function_does_and_no_more(role: str) -> None:
    actions = {action for statement in statements(role) for action in listed(statement["Action"])}
    assert actions == ALLOWED[role] | {"logs:CreateLogStream", "logs:PutLogEvents"}


@PER_FUNCTION
def test_a_function_may_read_only_its_own_secret(name: str) -> None:
    readable = {
        str(resource)
        for statement in statements(f"{room(name).capitalize()}Role")
        if statement["Action"] == "secretsmanager:GetSecretValue"
        for resource in listed(statement["Resource"])
    }
    given = {str(value) for variable, value in environment(name).items() if variable.endswith("_SECRET_ARN")}
    assert readable == given


def test_only_query_may_sign_and_only_with_the_one_key() -> None:
    signing = [(role, s) for role in ALLOWED for s in statements(role) if "kms:Sign" in listed(s["Action"])]
    assert signing == [("QueryRole", {"Effect": "Allow", "Action": "kms:Sign", "Resource": {"Ref": "VsaKeyArn"}})]
    (policy,) = (p for p in properties("QueryRole")["Policies"] if "Fn::If" in p)
    assert policy["Fn::If"][0] == "HasVsaKey"
    assert default("VsaKeyArn") == ""


@pytest.mark.parametrize(
    ("arn", "fits"), [("", True), (KEY, True), (KEY.replace("key/", "alias/"), False), ("k", False)]
)
def test_the_key_is_named_by_its_arn(arn: str, fits: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["VsaKeyArn"]["AllowedPattern"], arn)) == fits


def test_query_reads_the_table_and_every_index() -> None:
    resources = [
        r for s in statements("QueryRole") if "dynamodb:Query" in listed(s["Action"]) for r in listed(s["Resource"])
    ]
    indexes = [index["IndexName"] for index in properties("VerdictsTable")["GlobalSecondaryIndexes"]]
    assert resources == [
        {"Fn::GetAtt": ["VerdictsTable", "Arn"]},
        *({"Fn::Sub": f"${{VerdictsTable.Arn}}/index/{name}"} for name in indexes),
    ]


def test_the_seal_is_made_by_aws_and_goes_with_the_stack() -> None:
    secret = RESOURCES["SealSecret"]
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Delete"
    assert "SecretString" not in secret["Properties"]
    made = secret["Properties"]["GenerateSecretString"]
    assert made["PasswordLength"] >= 32
    assert all(
        secret_store.one_or_two(first + "x" * 31)
        for first in string.punctuation
        if first not in made["ExcludeCharacters"]
    )


def test_only_the_sweep_may_write_the_trusted_root() -> None:
    roles = template.of_type(TEMPLATE, "AWS::IAM::Role")
    writers = {role for role in roles for s in statements(role) if "s3:PutObject" in listed(s["Action"])}
    assert writers == {"SweepRole"}


@pytest.mark.parametrize("role", ["VerifyRole", "SweepRole"])
def test_the_bucket_is_named_where_it_is_used(role: str) -> None:
    bucket = [s for s in statements(role) if str(listed(s["Action"])[0]).startswith("s3:")]
    objects = [{"Fn::Sub": f"${{TrustRootBucket.Arn}}/{key}"} for key in (trust_root_store.RECORD_KEY, "roots/*")]
    assert [s["Resource"] for s in bucket] == [objects, {"Fn::GetAtt": ["TrustRootBucket", "Arn"]}]


def test_events_go_to_the_named_bus_only_and_only_where_one_is_named() -> None:
    assert default("EventBusName") == ""
    assert TEMPLATE["Conditions"]["HasEventBus"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "EventBusName"}, ""]}]}
    (policy,) = (p for p in properties("NotifyRole")["Policies"] if p.get("Fn::If", [""])[0] == "HasEventBus")
    (statement,) = policy["Fn::If"][1]["PolicyDocument"]["Statement"]
    assert statement["Resource"]["Fn::Sub"].endswith(":event-bus/${EventBusName}")


# ---- the way of a publish


def routes(authorization: Any) -> set[tuple[str, str | None]]:
    """The routes with this authorisation, each with the condition that it is there under."""
    return {
        (r["Properties"]["RouteKey"], r.get("Condition"))
        for r in ROUTES.values()
        if r["Properties"]["AuthorizationType"] == authorization
    }


def test_whatever_is_not_public_wants_to_know_who_asks() -> None:
    assert routes("NONE") == {
        ("POST /webhooks/github", None),
        ("ANY /healthz", None),
        ("ANY /openapi.json", None),
        ("ANY /status", "HasPublicImages"),
        ("ANY /status/{proxy+}", "HasPublicImages"),
        ("ANY /v1/badges/{proxy+}", "HasPublicImages"),
    }
    assert routes({"Ref": "ApiAuth"}) == {("ANY /v1/{proxy+}", None)}
    assert routes({"Fn::If": ["HasAdmissionByCertificate", "NONE", {"Ref": "ApiAuth"}]}) == {
        (f"ANY {path}", None) for path in query.ADMISSION
    }
    assert routes("JWT") == {("ANY /oidc/v1/{proxy+}", "HasGitHubOrganisations")}
    assert len(ROUTES) == 10


@pytest.mark.parametrize(("name", "other"), [("ApiAuth", "NONE"), ("AdmissionAuth", "MUTUAL_TLS")])
def test_questions_need_aws_signatures_unless_somebody_says_otherwise(name: str, other: str) -> None:
    assert default(name) == "AWS_IAM"
    assert TEMPLATE["Parameters"][name]["AllowedValues"] == ["AWS_IAM", other]


@pytest.mark.parametrize(
    ("condition", "parameter"),
    [
        ("HasPublicImages", "PublicImages"),
        ("HasGitHubOrganisations", "GitHubOrganisations"),
        ("HasVsaKey", "VsaKeyArn"),
    ],
)
def test_what_is_optional_is_there_only_where_it_is_asked_for(condition: str, parameter: str) -> None:
    assert default(parameter) == ""
    assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def test_a_workflow_shows_a_token_of_github_that_is_meant_for_this_api() -> None:
    (route,) = (r for r in ROUTES.values() if r["Properties"]["AuthorizationType"] == "JWT")
    assert route["Properties"]["AuthorizerId"] == {"Ref": "WorkflowAuthorizer"}
    assert RESOURCES["WorkflowAuthorizer"]["Condition"] == route["Condition"]
    token = properties("WorkflowAuthorizer")["JwtConfiguration"]
    assert token == {"Issuer": query.ISSUER, "Audience": [{"Ref": "OidcAudience"}]}
    (rule,) = TEMPLATE["Rules"]["WorkflowsAskForThisApi"]["Assertions"]
    assert rule["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "OidcAudience"}, ""]}]}


def test_each_route_may_call_its_function() -> None:
    permissions = template.of_type(TEMPLATE, "AWS::Lambda::Permission")
    for name, route in ROUTES.items():
        method, path = route["Properties"]["RouteKey"].split(" ")
        permission = permissions[name.replace("Route", "Permission")]
        assert permission.get("Condition") == route.get("Condition")
        source = permission["Properties"]["SourceArn"]["Fn::Sub"]
        assert source.endswith("${Api}/*/" + method.replace("ANY", "*") + path.replace("{proxy+}", "*"))


def test_query_ends_before_the_api_stops_waiting() -> None:
    assert properties("QueryFunction")["Timeout"] < 30


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


@pytest.mark.parametrize("name", [name for name in QUEUES if "DeadLetter" in name])
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


def test_the_bucket_of_trusted_roots_remembers_and_is_closed() -> None:
    bucket = RESOURCES["TrustRootBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket["Properties"]
    (rule,) = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 365, "NewerNoncurrentVersions": 10}


def test_the_bucket_of_trusted_roots_takes_no_plain_http() -> None:
    (statement,) = properties("TrustRootBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


# ---- the sweep


def test_each_task_of_the_sweep_has_a_schedule() -> None:
    events = properties("SweepFunction")["Events"]
    tasks = {
        json.loads(event["Properties"]["Input"])["task"]: event["Properties"]["Schedule"] for event in events.values()
    }
    assert tasks == {
        "reverify": {"Ref": "ReverifySchedule"},
        "missed": {"Ref": "MissedSchedule"},
        "trust-root": {"Ref": "TrustRootSchedule"},
    }
    assert set(tasks) == set(sweep.TASKS)


def test_the_defaults_of_the_schedules_leave_time_for_a_run() -> None:
    assert [default(f"{name}Schedule") for name in ("Reverify", "Missed", "TrustRoot")] == [
        "rate(15 minutes)",
        "rate(15 minutes)",
        "rate(12 hours)",
    ]
    assert properties("SweepFunction")["Timeout"] == 300


def test_a_task_that_fails_is_tried_once_more_and_kept() -> None:
    configured = properties("SweepFunction")["EventInvokeConfig"]
    assert configured["MaximumRetryAttempts"] == 1
    assert configured["DestinationConfig"]["OnFailure"]["Destination"] == {
        "Fn::GetAtt": ["SweepDeadLetterQueue", "Arn"]
    }


def test_no_concurrency_is_reserved_unless_it_is_asked_for() -> None:
    assert default("SweepConcurrency") == 0
    assert properties("SweepFunction")["ReservedConcurrentExecutions"]["Fn::If"][0] == "HasSweepConcurrency"


def test_the_indexes_hold_keys_only() -> None:
    indexes = properties("VerdictsTable")["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in indexes] == ["GSI1", "GSI2", "GSI3"]
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


NAMESPACE = "RegistryVerifier/${AWS::StackName}"
DASHBOARD = json.loads(
    re.sub(r"\$\{([^}]+)\}", r"<\1>", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
)
PLOTTED = [metric for widget in DASHBOARD["widgets"] for metric in widget["properties"]["metrics"]]
OWN_PLOTTED = {(row[3], row[1]) for row in PLOTTED if row[0].startswith("RegistryVerifier/")}


def counted(service: str) -> set[str]:
    """The metrics that a function's code names: as a name, as a keyword of its `_count`, or in a table of names."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "functions" / service / "handler.py").read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
    return found | (set(measures.NAMES.values()) if service == "verify" else set())


def own_alarms() -> set[tuple[str, str]]:
    found = set()
    for alarm in ALARMS.values():
        if alarm["Properties"]["Namespace"] == {"Fn::Sub": NAMESPACE}:
            (dimension,) = alarm["Properties"]["Dimensions"]
            assert dimension["Name"] == "service"
            found.add((dimension["Value"], alarm["Properties"]["MetricName"]))
    return found


def test_the_functions_count_where_the_alarms_look() -> None:
    assert GLOBALS["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {"Fn::Sub": NAMESPACE}
    assert settings.metrics_namespace({"POWERTOOLS_METRICS_NAMESPACE": "RegistryVerifier/a"}) == "RegistryVerifier/a"


def test_what_must_be_heard_of_raises_an_alarm() -> None:
    assert own_alarms() == {
        ("receive", "WebhookRejected"),
        ("verify", "VerificationUnknown"),
        ("verify", "DriftDetected"),
        ("sweep", "PublishMissed"),
        ("sweep", "SweepTrouble"),
        ("sweep", "TrustRootAgeSeconds"),
        ("notify", "NotificationFailed"),
    }
    assert watched("ApproximateAgeOfOldestMessage") == {str(["LooksQueue", "QueueName"])}


@pytest.mark.parametrize(("service", "metric"), sorted(own_alarms() | OWN_PLOTTED))
def test_a_metric_that_is_watched_is_counted(service: str, metric: str) -> None:
    assert metric in counted(service)


def test_every_alarm_on_our_own_metrics_has_its_curve() -> None:
    assert own_alarms() <= OWN_PLOTTED


def test_an_old_trusted_root_and_a_sweep_that_does_not_run_raise_an_alarm() -> None:
    alarm = properties("TrustRootAgeAlarm")
    assert (alarm["Threshold"], alarm["Statistic"], alarm["TreatMissingData"]) == (24 * 3600, "Maximum", "breaching")


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_says_what_to_do(name: str) -> None:
    text = properties(name)["AlarmDescription"]
    assert re.search(r"LogGroup|DeadLetterQueue|dashboard|in GitHub", text), "it names no place to look at"
    assert len(text) <= 1024


def test_the_dashboard_names_only_what_is_there() -> None:
    named = set(re.findall(r"<([^>]+)>", json.dumps(DASHBOARD)))
    assert {name.partition(".")[0] for name in named} <= RESOURCES.keys() | {"AWS::Region", "AWS::StackName"}


def test_the_widgets_of_the_dashboard_do_not_overlap() -> None:
    places = {(widget["x"], widget["y"]) for widget in DASHBOARD["widgets"]}
    assert len(places) == len(DASHBOARD["widgets"])
    assert {x for x, _ in places} == {0, 12} and all(y % 6 == 0 for _, y in places)
    assert {(widget["width"], widget["height"]) for widget in DASHBOARD["widgets"]} == {(12, 6)}


@pytest.mark.parametrize("row", PLOTTED, ids=lambda row: "-".join(row[1:4]))
def test_a_curve_of_the_dashboard_is_one(row: list[Any]) -> None:
    namespace, _, dimension, _, options = row
    assert dimension == {"AWS/SQS": "QueueName", "AWS/Lambda": "FunctionName"}.get(namespace, "service")
    assert options["label"] and options.keys() <= {"label", "stat"}


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


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_that_reads_the_configuration_has_its_layer(name: str) -> None:
    has = {"Ref": "ConfigurationLayer"} in properties(name).get("Layers", [])
    assert has == ("CONFIGURATION_DIRECTORY" in environment(name))


def test_no_layer_holds_a_python_folder_already() -> None:
    assert not list((ROOT / "layers").glob("*/python"))


def test_the_local_stack_builds_every_function_and_layer() -> None:
    assert artifacts.SOURCES.keys() == FUNCTIONS.keys() | LAYERS.keys()
    assert all(Path(ROOT / source).is_dir() for source in artifacts.SOURCES.values())
