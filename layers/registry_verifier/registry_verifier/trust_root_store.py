"""The refreshed trusted roots in a bucket of S3.

```
current.json          the record: which trusted root is the newest, since when, and the TUF client's state
roots/SHA256.json     every trusted root that ever was, under its own hash
```
A root is written before the record that names it, and the record is replaced by a write that names the one it
replaces. Whatever is killed in between, and whoever else writes at the time, the record names a root that is there.
A client must be allowed to list the bucket: S3 says of a missing object that access is denied otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry_verifier import trust_root_record
from registry_verifier.errors import Superseded, Unavailable
from registry_verifier.models import digest_of
from registry_verifier.reasons import Reason
from registry_verifier.trust_root_record import Record, Stored

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

RECORD_KEY = "current.json"
RECORD_LIMIT = 4 << 20
"""in bytes; the public Sigstore's metadata has 60 kB"""
ROOT_LIMIT = 1 << 20

_ABSENT = ("NoSuchKey",)
_UNCHANGED = ("304", "NotModified")
_LOST = ("409", "412", "ConditionalRequestConflict", "PreconditionFailed", *_ABSENT)


class TrustRootStore:
    """One bucket. All methods raise Unavailable (TRUST_ROOT_UNAVAILABLE) where S3 did not answer with what is asked."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, known: Stored | None = None) -> Stored | None:
        """The record, or None where there is none yet; `known` itself where it did not change."""
        condition: dict[str, Any] = {"IfNoneMatch": known.etag} if known else {}
        try:
            content, etag = self._get(RECORD_KEY, RECORD_LIMIT, **condition)
        except ClientError as error:
            if known and _code(error) in _UNCHANGED:
                return known
            if _code(error) in _ABSENT:
                return None
            raise self._unavailable(RECORD_KEY, error) from error
        try:
            return Stored(trust_root_record.read(content), etag)
        except ValueError:
            return Stored(None, etag)

    def root(self, sha256: str) -> bytes:
        """The trusted root with this hash; Unavailable also where the object is missing, or is another one."""
        key = _root_key(sha256)
        try:
            content, _ = self._get(key, ROOT_LIMIT)
        except ClientError as error:
            raise self._unavailable(key, error) from error
        if (found := digest_of(content)) != f"sha256:{sha256}":
            raise self._unavailable(key, ValueError(f"its bytes have the digest {found}"))
        return content

    def keep(self, content: bytes) -> None:
        """Put a trusted root under its hash; doing it again changes nothing."""
        key = _root_key(digest_of(content).removeprefix("sha256:"))
        try:
            self._put(key, content)
        except Exception as error:  # botocore has errors outside its two base classes
            raise self._unavailable(key, error) from error

    def replace(self, old: Stored | None, new: Record) -> None:
        """Put the record in the place of `old` (None: there is none yet); Superseded where another one is there."""
        condition: dict[str, Any] = {"IfMatch": old.etag} if old else {"IfNoneMatch": "*"}
        try:
            self._put(RECORD_KEY, _bounded(trust_root_record.write(new)), **condition)
        except ClientError as error:
            if _code(error) in _LOST:
                raise Superseded(f"{self._bucket}/{RECORD_KEY} was replaced meanwhile") from error
            raise self._unavailable(RECORD_KEY, error) from error
        except Exception as error:  # botocore has errors outside its two base classes
            raise self._unavailable(RECORD_KEY, error) from error

    def _get(self, key: str, limit: int, **condition: Any) -> tuple[bytes, str]:
        """The object's bytes and tag; ClientError where S3 says something else, Unavailable where it says nothing."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **condition)
            with answer["Body"] as body:
                content = body.read(limit + 1)
            if len(content) > limit:
                raise ValueError(f"more than {limit} bytes")
            return content, answer["ETag"]
        except ClientError:
            raise
        except Exception as error:  # botocore has errors outside its two base classes
            raise self._unavailable(key, error) from error

    def _put(self, key: str, content: bytes, **condition: Any) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType="application/json", **condition)

    def _unavailable(self, key: str, error: Exception) -> Unavailable:
        text = f"trust root store {self._bucket}/{key}: {type(error).__name__}: {error}"
        return Unavailable(Reason.TRUST_ROOT_UNAVAILABLE, text[:500])


def _root_key(sha256: str) -> str:
    return f"roots/{sha256}.json"


def _bounded(content: bytes) -> bytes:
    if len(content) > RECORD_LIMIT:
        raise ValueError(f"the record has {len(content)} bytes (at most {RECORD_LIMIT})")
    return content


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
