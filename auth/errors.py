"""Why the authorization server says no, and to whom it may say it.

RFC 6749 §4.1.2.1 draws the line: until the client and its redirect URI are known to belong
together, the person in the browser is told on a page; afterwards the client is told by redirect.
The token endpoint and its siblings answer with Authlib's RFC 6749 errors.
"""

from dataclasses import dataclass

from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)

from core.kernel.errors import EngineError, Kind

__all__ = [
    "AuthorizationPageError",
    "AuthorizationRequestGone",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidRequestError",
    "InvalidScopeError",
    "OAuth2Error",
    "UnauthorizedClientError",
    "UnsupportedGrantTypeError",
    "UnsupportedResponseTypeError",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_redirect_uri",
    "invalid_target",
]


def invalid_client() -> OAuth2Error:
    """Refuse a client without telling which part of its credentials was wrong (RFC 6749 §5.2)."""
    return InvalidClientError("Client authentication failed.", status_code=401)


def invalid_target() -> OAuth2Error:
    """Refuse a resource that is not ours (RFC 8707 §2)."""
    return OAuth2Error(
        error="invalid_target", description="The resource is not one that this server protects."
    )


def invalid_client_metadata(description: str) -> OAuth2Error:
    """Refuse a registration (RFC 7591 §3.2.2)."""
    return OAuth2Error(error="invalid_client_metadata", description=description)


def invalid_redirect_uri(description: str) -> OAuth2Error:
    """Refuse a redirect URI at registration (RFC 7591 §3.2.2)."""
    return OAuth2Error(error="invalid_redirect_uri", description=description)


@dataclass(eq=False)
class AuthorizationPageError(EngineError):
    """The program's request cannot go on: {reason}."""

    code = "invalid_authorization_request"
    kind = Kind.INVALID
    reason: str
    """What a person can read in the browser. Nobody is redirected anywhere."""


@dataclass(eq=False)
class AuthorizationRequestGone(EngineError):
    """This sign-in request has expired or was already answered. Start again from the program."""

    code = "authorization_request_gone"
    kind = Kind.NOT_FOUND
