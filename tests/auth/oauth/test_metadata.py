"""RFC 8414, RFC 9207 §3 and RFC 9728: what clients start from, byte for byte."""

import pytest

from auth.metadata import resource_metadata_url, server_metadata, validated
from auth.settings import BASELINE_SCOPES, AuthSettings
from core.operations.scopes import SCOPES
from tests.auth.oauth.program import ISSUER, MCP, Oauth

pytestmark = pytest.mark.anyio

SETTINGS = AuthSettings(issuer=ISSUER)
RESOURCE = "/.well-known/oauth-protected-resource"


async def test_the_server_says_what_it_can_do(oauth: Oauth) -> None:
    """RFC 8414 §2 and §3.2, RFC 9207 §3, RFC 9728 §4."""
    response = await oauth.http.get("/.well-known/oauth-authorization-server")

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    told = response.json()
    assert told["issuer"] == ISSUER
    assert told["authorization_endpoint"] == f"{ISSUER}/oauth/authorize"
    assert told["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert told["registration_endpoint"] == f"{ISSUER}/oauth/register"
    assert told["revocation_endpoint"] == f"{ISSUER}/oauth/revoke"
    assert told["introspection_endpoint"] == f"{ISSUER}/oauth/introspect"
    assert told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    assert told["token_endpoint_auth_methods_supported"] == [
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert "none" not in told["introspection_endpoint_auth_methods_supported"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["client_id_metadata_document_supported"] is True
    assert told["scopes_supported"] == list(SCOPES)
    assert told["protected_resources"] == [MCP, f"{ISSUER}/v1"]


def test_the_document_is_what_the_rfcs_describe() -> None:
    """RFC 8414 §2, as Authlib reads it."""
    assert validated(server_metadata(SETTINGS))["issuer"] == ISSUER

    with pytest.raises(ValueError, match="token_endpoint"):
        validated(server_metadata(SETTINGS) | {"token_endpoint": "http://bursar.test/token"})


@pytest.mark.parametrize("path", ["", "/", "/mcp", "/mcp/", "/mcp/readonly", "/mcp/x/wallets"])
async def test_every_view_of_the_mcp_endpoint_names_the_one_resource(
    oauth: Oauth, path: str
) -> None:
    """RFC 9728 §2 and §3.1: path-inserted, and at the root for who looks nowhere else."""
    response = await oauth.http.get(RESOURCE + path)

    assert response.json() == {
        "resource": MCP,
        "resource_name": "Bursar MCP",
        "authorization_servers": [ISSUER],
        "scopes_supported": list(BASELINE_SCOPES),
        "bearer_methods_supported": ["header"],
    }


async def test_the_api_is_a_resource_of_its_own(oauth: Oauth) -> None:
    """RFC 9728 §3.1."""
    assert (await oauth.http.get(f"{RESOURCE}/v1")).json()["resource"] == f"{ISSUER}/v1"


@pytest.mark.parametrize(
    "path",
    [
        f"{RESOURCE}/mcp/x/nothing",
        f"{RESOURCE}/console",
        f"{RESOURCE}mcp",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/mcp",
    ],
)
async def test_what_is_not_here_is_not_found(oauth: Oauth, path: str) -> None:
    """RFC 8414 §3.3: metadata under another issuer's path would be somebody else's."""
    assert (await oauth.http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/mcp", f"{ISSUER}{RESOURCE}/mcp"),
        ("/mcp/readonly", f"{ISSUER}{RESOURCE}/mcp/readonly"),
        ("/v1", f"{ISSUER}{RESOURCE}/v1"),
        ("/mcp/x/nothing", f"{ISSUER}{RESOURCE}/mcp"),
    ],
)
def test_a_challenge_leads_to_a_document_that_is_there(path: str, url: str) -> None:
    """RFC 9728 §5.1."""
    assert resource_metadata_url(SETTINGS, path) == url


def test_an_issuer_with_a_slash_at_its_end_is_a_wrong_setting() -> None:
    """RFC 8414 §3.3: issuers are compared character by character."""
    with pytest.raises(ValueError, match="slash"):
        AuthSettings(issuer=f"{ISSUER}/")
