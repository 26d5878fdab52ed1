"""`slack-test` against a Slack on loopback: what arrives, what is printed, and the exit codes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.slack.receiver import REFUSED_TOKEN, Fault, LocalSlack
from registry_verifier.command_line import main
from registry_verifier.settings import SLACK_VARIABLE

TOKEN = "xoxb-123-s3cr3t"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSlack]:
    with LocalSlack() as slack:
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        monkeypatch.setenv(SLACK_VARIABLE, TOKEN)
        yield slack


def test_a_token_sends_one_message_that_is_updated_and_a_thread(
    local: LocalSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["slack-test", "--channel", "#releases"]) == 0
    [root] = local.roots
    assert root["blocks"][0]["text"]["text"] == "Resolved: sample/image"
    replies = [one["text"].split(":")[0] for one in local.replies(root["ts"])]
    assert replies == ["Details", "Now", "Resolved"] and root["channel"] == "#releases"
    printed = capsys.readouterr()
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["opened", "changed", "resolved"]
    assert "s3cr3t" not in printed.out + printed.err


def test_an_incoming_webhook_sends_three_messages(local: LocalSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SLACK_VARIABLE, local.webhook_url)
    assert main(["slack-test"]) == 0
    assert len(local.messages) == 3


def test_the_sample_says_that_it_is_one(local: LocalSlack) -> None:
    assert main(["slack-test", "--channel", "#releases"]) == 0
    assert "this is a sample" in str(local.messages)


@pytest.mark.parametrize(
    ("secret", "arguments", "text"),
    [
        ("", ["--channel", "#x"], "the environment has no REGISTRY_VERIFIER_SLACK"),
        (TOKEN, [], "a bot token needs --channel"),
        ("s3cr3t", ["--channel", "#x"], "neither a bot token"),
    ],
)
def test_bad_usage_is_told(
    local: LocalSlack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    secret: str,
    arguments: list[str],
    text: str,
) -> None:
    monkeypatch.setenv(SLACK_VARIABLE, secret)
    assert main(["slack-test", *arguments]) == 2
    printed = capsys.readouterr()
    assert text in printed.err and "s3cr3t" not in printed.err and printed.out == ""
    assert local.requests == []


@pytest.mark.parametrize("fault", ["error", "channel_not_found", "not_in_channel", "garbage"])
def test_a_slack_that_does_not_take_it_is_told_with_its_word(
    local: LocalSlack, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    local.spoil(Fault(fault, count=3))
    assert main(["slack-test", "--channel", "#x"]) == 3
    assert "opened: slack took no message" in capsys.readouterr().err


def test_a_token_that_slack_refuses_is_not_shown(
    local: LocalSlack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SLACK_VARIABLE, REFUSED_TOKEN)
    assert main(["slack-test", "--channel", "#x"]) == 3
    printed = capsys.readouterr()
    assert "invalid_auth" in printed.err and REFUSED_TOKEN not in printed.err


def test_a_slack_elsewhere_must_be_reached_by_https(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SLACK_VARIABLE, TOKEN)
    monkeypatch.setenv("SLACK_API_URL", "http://slack.example.org/api")
    assert main(["slack-test", "--channel", "#x"]) == 2
    assert "SLACK_API_URL" in capsys.readouterr().err


def test_help_names_the_variable_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["slack-test", "--help"])
    shown = capsys.readouterr().out
    assert SLACK_VARIABLE in shown and "3 Slack did not take it" in shown


def test_make_hands_the_channel_over() -> None:
    command = ["make", "-n", "-o", ".venv/.ready", "slack-test", "CHANNEL=#releases"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "slack-test --channel '#releases'" in done.stdout
