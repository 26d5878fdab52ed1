"""What is asked for and answered around verdicts: looks on demand, badges, summaries for others, admission."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from typing_extensions import TypedDict

from registry_verifier.shapes.verdicts import StatusWord, Summary

IMAGES_LIMIT = 100
_PART = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*"
IMAGE_PATTERN = f"^[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{{1,5}})?/{_PART}(?:/{_PART})+$"

Result = Literal["PASSED", "FAILED"]


class _Form:
    """What the JSON Schema of a value says besides its type; pydantic asks for it when the OpenAPI file is made."""

    def __init__(self, **members: Any) -> None:
        self._members = members

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """As pydantic wants it of what stands in `Annotated`."""
        return {**handler(schema), **self._members}


class LookRequest(TypedDict):
    """A digest to be looked at now."""

    image: Annotated[str, _Form(minLength=5, maxLength=255, pattern=IMAGE_PATTERN)]
    """the whole name of the image, without tag and digest"""
    digest: Annotated[str, _Form(minLength=71, maxLength=71, pattern="^sha256:[0-9a-f]{64}$")]
    """the digest of the image"""


class RequestedLook(TypedDict):
    """A look that was asked for, and what came of it."""

    id: str
    image: str
    digest: str
    asked_at: str
    done: bool
    """whether a look took place since it was asked for"""
    verdict: Summary | None
    """what is known after that look; null while it is waited for"""


class ShieldsBadge(TypedDict):
    """A badge, as the endpoint badge of shields.io takes it."""

    schemaVersion: Literal[1]
    label: str
    message: str
    color: str
    isError: bool
    cacheSeconds: int


class Sha256(TypedDict):
    """A digest set of in-toto, with the one algorithm that is used here."""

    sha256: str


class Resource(TypedDict):
    """A resource descriptor of in-toto."""

    uri: str
    digest: Sha256


class Verifier(TypedDict):
    """Who verified."""

    id: str
    version: dict[str, str]


class SummaryPredicate(TypedDict):
    """A verification summary of SLSA 1.1, without claims about any level."""

    verifier: Verifier
    timeVerified: str
    resourceUri: str
    policy: Resource
    verificationResult: Result
    verifiedLevels: list[Literal["SLSA_BUILD_LEVEL_UNEVALUATED", "FAILED"]]
    slsaVersion: str


class Subject(TypedDict):
    """What a statement is about."""

    name: str
    digest: Sha256


class SummaryStatement(TypedDict):
    """An in-toto statement whose predicate is a verification summary."""

    _type: Literal["https://in-toto.io/Statement/v1"]
    subject: list[Subject]
    predicateType: Literal["https://slsa.dev/verification_summary/v1"]
    predicate: SummaryPredicate


class EnvelopeSignature(TypedDict):
    """One signature of an envelope."""

    keyid: Literal[""]
    sig: str
    """base64 of the signature over the pre-authentication encoding"""


class Envelope(TypedDict):
    """A DSSE envelope around a statement."""

    payload: str
    """base64 of the statement's bytes"""
    payloadType: Literal["application/vnd.in-toto+json"]
    signatures: list[EnvelopeSignature]


class AdmissionRequest(TypedDict):
    """The images of a pod, as its containers name them."""

    images: Annotated[list[str], _Form(minItems=1, maxItems=IMAGES_LIMIT)]
    """each with its digest: `HOST/OWNER/NAME[:TAG]@sha256:…`"""


class AdmissionResult(TypedDict):
    """What is known of one image."""

    image: str
    """as it was asked for"""
    allowed: bool
    """true for VERIFIED only"""
    status: StatusWord | None
    """null where no verdict is known or could be read"""
    code: str
    """`verified`, or why it is not allowed: as the gate's problems, `bad_request` or `store_unavailable`"""
    reasons: list[str]
    detail: str


class AdmissionReview(TypedDict):
    """Whether a pod with these images may run."""

    allowed: bool
    """whether all of them may"""
    results: list[AdmissionResult]
    """in the order of the request"""


class ProviderKeys(TypedDict):
    """What Gatekeeper wants to know."""

    keys: Annotated[list[str], _Form(minItems=1, maxItems=IMAGES_LIMIT)]
    """images, each with its digest"""


class ProviderRequest(TypedDict):
    """A request of Gatekeeper to an external data provider."""

    apiVersion: Literal["externaldata.gatekeeper.sh/v1beta1"]
    kind: Literal["ProviderRequest"]
    request: ProviderKeys


class ProviderItem(TypedDict):
    """What Gatekeeper gets for one key: a value, or an error."""

    key: str
    value: Literal["verified"] | None
    error: str
    """why the image may not run; empty where it may"""


class ProviderAnswer(TypedDict):
    """All of them."""

    idempotent: Literal[True]
    items: list[ProviderItem]
    systemError: str
    """why not everything could be looked up; empty where it could"""


class ProviderResponse(TypedDict):
    """An answer to Gatekeeper."""

    apiVersion: Literal["externaldata.gatekeeper.sh/v1beta1"]
    kind: Literal["ProviderResponse"]
    response: ProviderAnswer
