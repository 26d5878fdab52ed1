"""The query API, asked from elsewhere: one question, one bounded answer, signed for AWS where the API wants that.

Source of the signature: AWS, "Signature Version 4 for API requests"; botocore makes it. It is where boto3 is installed,
so it is imported when something is to be signed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx

from registry_verifier import strict_json
from registry_verifier.errors import SettingsError, Unavailable
from registry_verifier.models import Json
from registry_verifier.reasons import Reason
from registry_verifier.registry import answers
from registry_verifier.registry.answers import Answer, place, printable
from registry_verifier.registry.exchange import FOREIGN, insist_on_plain, no_cookies
from registry_verifier.registry.hosts import is_loopback, parse_url

if TYPE_CHECKING:
    from botocore.credentials import Credentials

BODY_LIMIT = 8 << 20
"""more than Lambda answers with"""
SECONDS = 30.0
"""how long one question may take, however steadily its answer drips"""
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_SERVICE = "execute-api"
_REGION = re.compile(r"\.execute-api\.([a-z0-9-]{1,40})\.(?:vpce\.)?amazonaws\.com(?:\.cn)?\Z")

Sign = Callable[[str], Mapping[str, str]]
"""a URL -> the headers that vouch for a GET of it"""


@dataclass(frozen=True)
class ApiAnswer:
    """What the API said."""

    status: int
    body: Json
    """empty where it is no JSON object"""
    retry_after: float | None
    """after how many seconds it wants to be asked again"""

    @property
    def told(self) -> str:
        """Status, code and detail, for people."""
        said = self.body.get("detail") or self.body.get("message") or "without a readable reason"
        return f"status {self.status}, {printable(str(said))}"


class ApiClient:
    """Asks the API at `url`; SettingsError where that is neither https nor plain http to this machine."""

    def __init__(self, url: str, sign: Sign | None = None, *, seconds: float = SECONDS) -> None:
        self._url = _base(url)
        self._sign = sign or (lambda _: {})
        self._seconds = seconds

    def get(self, path: str, **parameters: str) -> ApiAnswer:
        """What stands at `path`; Unavailable, to be asked again at will, where no whole answer came."""
        query = urlencode(parameters, quote_via=quote, safe="")
        url = httpx.URL(f"{self._url}{path}" + (f"?{query}" if query else ""))
        answer = asyncio.run(self._asked(url))
        try:
            body = strict_json.parse_object(answer.content)
        except ValueError:
            body = {}
        return ApiAnswer(answer.status, body, answers.retry_after(answer, datetime.now(UTC)))

    async def _asked(self, url: httpx.URL) -> Answer:
        logging.getLogger("httpx").setLevel(logging.WARNING)
        headers = {"Accept": "application/json", **self._sign(str(url))}
        try:
            async with (
                asyncio.timeout(self._seconds),
                _http() as http,
                http.stream("GET", url, headers=headers) as said,
            ):
                insist_on_plain(said)
                return Answer(url, said.status_code, said.headers, await _read(said))
        except FOREIGN as error:
            failure = type(error).__name__
        # Outside of the except clause and without `from`: httpx's errors carry the request, and so the signature.
        text = f"the api at {place(url)} did not answer: {failure}"
        raise Unavailable(Reason.STORE_UNAVAILABLE, text, retry_after=0.0)


def is_local(url: str) -> bool:
    """Whether the API is on this machine."""
    parsed = parse_url(url)
    return parsed is not None and is_loopback(parsed.host)


def aws_signature(url: str, region: str = "") -> Sign:
    """Signs with the AWS credentials of the environment; SettingsError where there are none, or no region.

    The region is the given one, that of the URL's host, or the environment's, in this order.
    """
    try:
        import botocore.session
    except ImportError as error:
        expected = "expected boto3 beside registry-verifier, or --auth none"
        raise SettingsError(f"signing for aws needs botocore, which is not installed ({expected})") from error
    try:
        session = botocore.session.get_session()
        credentials = session.get_credentials()
        known = region or _region_of(url) or session.get_config_variable("region")
    except Exception as error:  # a profile that is not there, a file that is none: botocore has many
        raise SettingsError(f"aws credentials cannot be read: {printable(str(error))}") from error
    if credentials is None:
        raise SettingsError("no aws credentials were found (expected a profile, a role or variables, or --auth none)")
    if not known:
        raise SettingsError(
            "no aws region is known (expected --region, or the address …execute-api.REGION.amazonaws.com)"
        )
    return lambda asked: _signed(asked, credentials, str(known))


def _signed(url: str, credentials: Credentials, region: str) -> Mapping[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method="GET", url=url)
    try:
        SigV4Auth(credentials, _SERVICE, region).add_auth(request)
    except Exception as error:  # credentials that could not be renewed
        raise SettingsError(f"aws credentials cannot be used: {printable(str(error))}") from error
    return dict(request.headers.items())


def _region_of(url: str) -> str | None:
    parsed = parse_url(url)
    found = _REGION.search(parsed.host) if parsed else None
    return found[1] if found else None


def _base(text: str) -> str:
    url = parse_url(text)
    expected = "expected https://… without user, query and fragment, or http to a loopback address"
    if url is None or url.userinfo or url.query or url.fragment:
        raise SettingsError(f"the api's address is {text[:200]!r} ({expected})")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise SettingsError(f"the api's address is {text[:200]!r} ({expected})")
    return str(url).rstrip("/")


def _http() -> httpx.AsyncClient:
    headers = {"User-Agent": "registry-verifier", "Accept-Encoding": "identity"}
    return httpx.AsyncClient(
        timeout=_TIMEOUT, trust_env=False, follow_redirects=False, cookies=no_cookies(), headers=headers
    )


async def _answer(http: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
    async with http.stream("GET", url, headers=headers) as response:
        insist_on_plain(response)
        return Answer(url, response.status_code, response.headers, await _read(response))


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():  # nothing is decompressed: `insist_on_plain` has refused what is encoded
        content += chunk
        if len(content) > BODY_LIMIT:
            raise OverflowError  # one of `FOREIGN`
    return bytes(content)
