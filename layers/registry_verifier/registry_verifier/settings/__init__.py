"""The settings of each function: the only room that knows the names of environment variables."""

from registry_verifier.settings.functions import (
    GITHUB_API_URL,
    SLACK_API_URL,
    TUF_URL,
    NotifySettings,
    QuerySettings,
    ReceiveSettings,
    SweepSettings,
    VerifySettings,
)
from registry_verifier.settings.reading import metrics_namespace, registry_endpoints

SLACK_VARIABLE = "REGISTRY_VERIFIER_SLACK"
"""where `slack-test` finds a bot token or the URL of an incoming webhook"""
TOKEN_VARIABLE = "REGISTRY_VERIFIER_TOKEN"  # noqa: S105 - a variable's name, no token
"""where the command line finds the token for private images"""

__all__ = [
    "GITHUB_API_URL",
    "SLACK_API_URL",
    "SLACK_VARIABLE",
    "TOKEN_VARIABLE",
    "TUF_URL",
    "NotifySettings",
    "QuerySettings",
    "ReceiveSettings",
    "SweepSettings",
    "VerifySettings",
    "metrics_namespace",
    "registry_endpoints",
]
