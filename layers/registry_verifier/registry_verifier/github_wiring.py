"""Where the parts that ask GitHub are put together.

Two secrets may be there, and each may do what the other may not: an App reads hooks and attestations, a personal
access token with `read:packages` reads packages. Where there is one, it is tried for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from registry_verifier import aws_client
from registry_verifier.errors import SettingsError
from registry_verifier.github import exchange, hooks
from registry_verifier.github.attestations import AttestationList
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.hooks import GitHubHook
from registry_verifier.github.packages import PackageList
from registry_verifier.github.token import AppToken, InstallationToken
from registry_verifier.secret_store import SecretStore, as_it_is


class Access(Protocol):
    """The settings that say who we are to GitHub."""

    @property
    def github_api_url(self) -> str:
        """Where its REST API is."""
        ...

    @property
    def github_token_secret_arn(self) -> str:
        """Of a personal access token, or empty."""
        ...

    @property
    def github_app_secret_arn(self) -> str:
        """Of an App's JSON, or empty."""
        ...


class GitHub:
    """GitHub, asked as whoever the settings say, over connections that the caller closes."""

    def __init__(self, access: Access, http: exchange.Client) -> None:
        self._http, self._url = http, access.github_api_url
        self._by_token = self._by_app = self._by_installation = None
        if arn := access.github_token_secret_arn:
            token = SecretStore(aws_client.create("secretsmanager"))
            self._by_token = self._client(lambda: token.values(arn)[0])
        if app_arn := access.github_app_secret_arn:
            document = SecretStore(aws_client.create("secretsmanager"), read=as_it_is)
            self._by_app = self._client(AppToken(lambda: document.values(app_arn)[0]))
            self._by_installation = self._client(InstallationToken(self._by_app, lambda: document.values(app_arn)[0]))

    def attestations(self) -> AttestationList | None:
        """What is attested; None without a secret."""
        client = self._by_installation or self._by_token
        return AttestationList(client, self._http) if client else None

    def hooks(self, entries: Sequence[str]) -> tuple[GitHubHook, ...]:
        """Those of GITHUB_HOOKS; SettingsError for one that is no hook, or without a secret that may ask for it."""
        client = self._by_installation or self._by_token
        return tuple(hooks.named(entry, client, self._by_app) for entry in entries)

    def packages(self, owners: Sequence[str]) -> PackageList | None:
        """Those of GITHUB_OWNERS, None where there are no owners; SettingsError without a secret."""
        client = self._by_token or self._by_installation
        if owners and client is None:
            raise SettingsError(f"GITHUB_OWNERS names {owners[0]!r} (expected GITHUB_TOKEN_SECRET_ARN as well)")
        return PackageList(client) if owners and client else None

    def _client(self, token: Callable[[], str]) -> GitHubClient:
        return GitHubClient(self._http, token, api_url=self._url)
