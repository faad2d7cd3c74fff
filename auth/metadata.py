"""The documents that clients start from: RFC 8414 about this server, RFC 9728 about resources.

There is no OpenID Connect document: this server vouches for what a program may do, not for who
its user is.
"""

from typing import Any

from authlib.oauth2 import rfc8414, rfc9207

from auth import assertions, client_metadata, pkce, token
from auth.settings import AuthSettings
from core.operations.scopes import SCOPES, Toolset

WELL_KNOWN_SERVER = "/.well-known/oauth-authorization-server"
WELL_KNOWN_RESOURCE = "/.well-known/oauth-protected-resource"

_MCP_PATHS = ("/mcp", "/mcp/readonly", *(f"/mcp/x/{toolset}" for toolset in Toolset))


def server_metadata(settings: AuthSettings) -> dict[str, Any]:
    """RFC 8414 §2, with RFC 9207 §3 and the client id metadata document draft §5."""
    methods = list(client_metadata.AUTH_METHODS)
    provable = [method for method in methods if method != "none"]
    return {
        "issuer": settings.issuer,
        "authorization_endpoint": settings.authorization_endpoint,
        "token_endpoint": settings.token_endpoint,
        "registration_endpoint": settings.registration_endpoint,
        "revocation_endpoint": settings.revocation_endpoint,
        "introspection_endpoint": settings.introspection_endpoint,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(token.GRANT_TYPES),
        "code_challenge_methods_supported": list(pkce.METHODS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(assertions.ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(assertions.ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": provable,
        "introspection_endpoint_auth_signing_alg_values_supported": list(assertions.ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": [settings.resource, settings.api_resource],
    }


def validated(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document if it is what RFC 8414 and RFC 9207 say. Raises ValueError."""
    claims = rfc8414.AuthorizationServerMetadata(document)
    claims.validate(metadata_classes=[rfc9207.AuthorizationServerMetadata])
    return document


def resource_metadata(settings: AuthSettings, path: str) -> dict[str, Any] | None:
    """RFC 9728 §2 for the resource at this path, or None where there is none.

    The narrower MCP paths are views of one resource and name it: one token serves them all. The
    root is for clients that look nowhere else.
    """
    if path in {"", *_MCP_PATHS}:
        resource, name = settings.resource, f"{settings.name} MCP"
    elif path == "/v1":
        resource, name = settings.api_resource, f"{settings.name} API"
    else:
        return None
    return {
        "resource": resource,
        "resource_name": name,
        "authorization_servers": [settings.issuer],
        "scopes_supported": list(settings.baseline_scopes),
        "bearer_methods_supported": ["header"],
    }


def resource_metadata_url(settings: AuthSettings, path: str) -> str:
    """Return where the metadata of the resource at this path is: for `WWW-Authenticate`."""
    known = resource_metadata(settings, path) is not None
    return f"{settings.issuer}{WELL_KNOWN_RESOURCE}{path if known else '/mcp'}"
