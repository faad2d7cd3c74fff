"""RFC 7591 §2 without a database: what a program may say about itself."""

from typing import Any

import orjson
import pytest
from joserfc.jwk import ECKey, OctKey

from auth import registration
from auth.client_metadata import ClientMetadata
from auth.errors import OAuth2Error
from auth.settings import AuthSettings
from tests.auth.oauth.program import CALLBACK, ISSUER

PRIVATE = ECKey.generate_key("P-256")
WEAK = {"kty": "RSA", "e": "AQAB", "n": "_" * 170 + "8"}
"""An RSA key of 1024 bits."""


def read(**members: Any) -> ClientMetadata:
    described = {
        "client_name": "A program",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    } | members
    return registration.read(orjson.dumps(described), AuthSettings(issuer=ISSUER))


def error_of(**members: Any) -> str:
    with pytest.raises(OAuth2Error) as refused:
        read(**members)
    return str(refused.value.error)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript://a/%0aalert(1)",
        "data:text/html,hi",
        "file:///etc/passwd",
        "http://program.example/callback",
        "http://10.0.0.1/callback",
        "http://localhost.evil.example/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "http://127.1/callback",
        "http://0x7f000001/callback",
        "https://program.example/callback#here",
        "https://program.example/callback#",
        "https://user@program.example/callback",
        "https://user:word@program.example/callback",
        "https://program.example\\@evil.example/",
        "https://program.example\\evil.example/",
        "https://program.example/call back",
        "https://program.example/\tcallback",
        "https://prógram.example/callback",
        "https://program.example:99999/callback",
        "https://program.example/callback?iss=https://evil.example",
        "https://program.example/callback?state=1",
        "https:///callback",
        "https:program.example",
        "//program.example/callback",
        "/callback",
        "myapp://callback",
        "",
        "https://program.example/" + "x" * 2000,
    ],
)
def test_a_redirect_uri_that_could_mislead_is_refused(uri: str) -> None:
    """RFC 7591 §3.2.2, RFC 6749 §3.1.2, RFC 8252 §7."""
    assert error_of(redirect_uris=[CALLBACK, uri]) == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost/callback",
        "http://localhost:33418/callback",
        "http://127.0.0.1:1/",
        "http://[::1]:8080/callback",
        "https://claude.ai/api/mcp/auth_callback",
        "https://127.0.0.1/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://program.example/callback?tenant=7",
    ],
)
def test_a_redirect_uri_that_programs_use_is_accepted(uri: str) -> None:
    """RFC 8252 §7.3."""
    assert read(redirect_uris=[uri]).redirect_uris == [uri]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK] * 21}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"client_name": "Bank\u202egnihsihP"}, "invalid_client_metadata"),
        ({"client_name": "Bank\x00"}, "invalid_client_metadata"),
        ({"client_name": "x" * 121}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        ({"contacts": "ada"}, "invalid_client_metadata"),
        ({"client_uri": "https://a@evil.example"}, "invalid_client_metadata"),
        ({"client_uri": 7}, "invalid_client_metadata"),
        ({"jwks": {}}, "invalid_client_metadata"),
        ({"software_statement": "e30.e30.e30"}, "invalid_software_statement"),
    ],
)
def test_what_a_program_may_not_say_is_refused(members: dict[str, Any], error: str) -> None:
    """RFC 7591 §3.2.2."""
    assert error_of(**members) == error


# The library only warns about what we refuse.
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": "x"}},
        {"jwks": {"keys": [PRIVATE.as_dict(private=True)]}},
        {"jwks": {"keys": [OctKey.generate_key(256).as_dict()]}},
        {"jwks": {"keys": [WEAK]}},
        {"jwks": {"keys": [PRIVATE.as_dict(private=False)] * 11}},
        {"jwks_uri": "http://keys.example/jwks"},
        {"jwks_uri": "https://169.254.169.254/jwks"},
        {"jwks_uri": "https://keys.example/a", "jwks": {"keys": [PRIVATE.as_dict(private=False)]}},
    ],
)
def test_keys_that_prove_nothing_are_refused(keys: dict[str, Any]) -> None:
    """RFC 7591 §2, RFC 7518 §3.3."""
    method = "private_key_jwt"
    assert error_of(token_endpoint_auth_method=method, **keys) == "invalid_client_metadata"


def test_a_public_key_is_accepted() -> None:
    jwks = {"keys": [PRIVATE.as_dict(private=False)]}

    assert read(token_endpoint_auth_method="private_key_jwt", jwks=jwks).jwks == jwks


def test_a_program_that_knows_more_than_we_do_is_told_what_counts_here() -> None:
    """RFC 7591 §2: desktop programs name the device grant too."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    known = read(grant_types=[device, "authorization_code"], response_types=["token", "code"])

    assert (known.grant_types, known.response_types) == (["authorization_code"], ["code"])
