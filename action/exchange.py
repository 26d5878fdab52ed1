"""One question over HTTP and one bounded answer: how long, how much, and never to another place.

Python's standard library bounds each read, not all of them together: a server that drips a byte now and then would hold
the job for hours. So the exchange has a thread of its own, which is left behind when its time is over.
"""

from __future__ import annotations

import queue
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from findings import Ended, not_asked

BODY_LIMIT = 1 << 20
_SILENCE = 15.0
"""seconds without a byte"""
_WAIT_LIMIT = 120


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after: int | None = None
    """in seconds, at most two minutes"""


class NotAnswered(Exception):
    """Nobody answered, or not in time, or with too much; the text says which."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A token is for one place: a redirect is an answer like any other."""


def send(url: str, headers: Mapping[str, str], seconds: float) -> Answer:
    """Ask; NotAnswered where no whole answer came, Ended where the other side is not who it should be."""
    box: queue.Queue[Answer | Exception] = queue.Queue(1)
    threading.Thread(target=_put, args=(box, url, headers), daemon=True).start()
    try:
        came = box.get(timeout=seconds)
    except queue.Empty:
        raise NotAnswered(f"no whole answer within {seconds:.0f} s") from None
    if isinstance(came, Exception):
        raise came
    return came


def _put(box: queue.Queue[Answer | Exception], url: str, headers: Mapping[str, str]) -> None:
    try:
        box.put(_asked(url, headers))
    except NotAnswered as error:
        box.put(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, nobody answered
        box.put(_failure(error))


def _failure(error: Exception) -> Exception:
    cause = getattr(error, "reason", error)  # urllib wraps what its connection raised
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Ended(not_asked(f"the certificate does not hold: {cause.verify_message}", final=True))
    return NotAnswered(f"{type(cause).__name__}: {getattr(cause, 'strerror', None) or 'no answer'}")


def _asked(url: str, headers: Mapping[str, str]) -> Answer:
    sent = {"User-Agent": "registry-verifier-action", "Accept": "application/json", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers={**sent, **headers})  # noqa: S310 - `inputs.is_safe` has seen it
    # Plain http is for this machine only: no proxy may see it.
    proxies = {scheme: url for scheme, url in urllib.request.getproxies().items() if scheme == "https"}
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(request, timeout=_SILENCE) as response:
            return _read(response, response.status)
    except urllib.error.HTTPError as error:  # every status but 200 to 299
        with error:
            return _read(error, error.code)


def _read(response: Any, status: int) -> Answer:
    body: bytes = response.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise NotAnswered(f"an answer of more than {BODY_LIMIT} bytes")
    wait = (response.headers.get("Retry-After") or "").strip()
    return Answer(status, body, min(int(wait), _WAIT_LIMIT) if re.fullmatch("[1-9][0-9]{0,8}", wait) else None)
