"""A request, the parameters that it may have, and what was asked when all of them have their form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from registry_verifier.answer import JSON
from registry_verifier.models import Digest, ImageName, Json


class Access(StrEnum):
    """Who asks; a request has the highest that its route proved."""

    TRUSTED = "trusted"
    """AWS vouches for the caller (IAM), or the operator has opened the API"""
    ACTIONS = "actions"
    """a workflow of GitHub Actions, by its OIDC token"""
    PUBLIC = "public"
    """anybody"""


@dataclass(frozen=True)
class Request:
    """One HTTP request, as it came."""

    method: str
    path: str
    """percent-encoded or not; without the query string"""
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """by their names in lower case"""
    body: bytes = b""
    access: Access = Access.TRUSTED
    owner: str = ""
    """of a workflow: the owner of its repository, as the token says"""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a path or of a query string."""

    name: str
    description: str
    read: Callable[[str], Any]
    """the value in the text; raises BadRequest with a text that names the parameter"""
    schema: Json
    """its JSON Schema"""
    required: bool = False
    example: str | None = None


@dataclass(frozen=True)
class Reply:
    """One kind of answer of an operation."""

    description: str
    shape: Any = None
    """the TypedDict in `shapes` that its body has; None: no body, or a text"""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    """name -> what it says"""
    also: Mapping[str, Any] = field(default_factory=dict)
    """other media types that the body may have -> its shape then"""


@dataclass(frozen=True)
class Asked:
    """A question that was read: every parameter has its form."""

    request: Request
    values: Mapping[str, Any]
    """by the name of the parameter; one that is left out is in here only where its schema has a `default`"""
    body: Any = None
    """the JSON of the request's body, where the operation has one; an object, its members unchecked"""

    @property
    def path(self) -> str:
        """The `instance` of a problem."""
        return self.request.path

    @property
    def image(self) -> ImageName:
        """The image of the path, or of the parameter `image`."""
        image: ImageName = self.values["image"]
        return image

    @property
    def digest(self) -> Digest:
        """The digest of the path, or of the parameter."""
        digest: Digest = self.values["digest"]
        return digest

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter, or what stands for one that was left out."""
        return self.values.get(name, default)
