"""RFC 6749 §4.1.1 without a database: which requests are good, and which are not."""

from urllib.parse import urlencode

import pytest

from auth import asking
from auth.clients import Client, ClientKind
from auth.errors import AuthorizationPageError, OAuth2Error
from auth.parameters import parse
from auth.settings import AuthSettings
from tests.auth.oauth.program import CALLBACK, CHALLENGE, ISSUER, MCP, VERIFIER

SETTINGS = AuthSettings(issuer=ISSUER)
LOOPBACK = "http://127.0.0.1/callback"


def client(*redirect_uris: str) -> Client:
    return Client(
        id="cli_1",
        kind=ClientKind.REGISTERED,
        name="A program",
        redirect_uris=redirect_uris,
        auth_method="none",
    )


def ask(**changes: str | None) -> asking.Asked:
    parameters = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scope": "wallets:read",
        "state": "a state",
        "resource": MCP,
    } | changes
    sent = parse(urlencode({name: v for name, v in parameters.items() if v is not None}))
    known = client(CALLBACK)
    return asking.read(SETTINGS, known, asking.require_redirect_uri(known, sent), sent)


def go_to(registered: str, uri: str) -> str:
    return asking.require_redirect_uri(client(registered), parse(urlencode({"redirect_uri": uri})))


@pytest.mark.parametrize(
    "uri",
    [
        "https://program.example/callback/",
        "https://program.example/callback?more=1",
        "https://program.example:444/callback",
        "https://program.example.evil.example/callback",
        "https://program.example@evil.example/callback",
        "https://PROGRAM.example/callback",
        "https://program.example/callback/../evil",
        "http://program.example/callback",
        "javascript:alert(1)",
        "data:text/html,hi",
        "//evil.example/callback",
    ],
)
def test_a_uri_that_is_not_the_registered_one_is_for_the_page(uri: str) -> None:
    """RFC 6749 §3.1.2.3 and §4.1.2.1, OAuth 2.1 §2.3: compared character by character."""
    with pytest.raises(AuthorizationPageError):
        go_to(CALLBACK, uri)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"scope": "wallets:read everything"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": f"{ISSUER}/mcp.evil.example"}, "invalid_target"),
        ({"resource": f"{ISSUER}/mcp/../console"}, "invalid_target"),
        ({"resource": f"{ISSUER}/mcp?tenant=1"}, "invalid_target"),
        ({"resource": f"{ISSUER}/console"}, "invalid_target"),
        ({"resource": ISSUER}, "invalid_target"),
        ({"prompt": "none"}, "interaction_required"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
        ({"state": "x" * 4097}, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_name(
    change: dict[str, str | None], error: str
) -> None:
    """RFC 6749 §4.1.2.1, RFC 7636 §4.4.1, RFC 8707 §2."""
    with pytest.raises(OAuth2Error) as refused:
        ask(**change)
    assert refused.value.error == error


def test_a_good_request_is_read_as_it_was_meant() -> None:
    asked = ask(scope="metering:write wallets:read offline_access", prompt="consent select_account")

    assert asked == asking.Asked(
        redirect_uri=CALLBACK,
        state="a state",
        code_challenge=CHALLENGE,
        scopes=("wallets:read", "metering:write"),
        resource=MCP,
        prompt="consent",
    )


@pytest.mark.parametrize("port", ["", ":1", ":52731", ":65535"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_program_on_this_machine_may_listen_on_any_port(host: str, port: str) -> None:
    """RFC 8252 §7.3."""
    uri = f"http://{host}{port}/callback"

    assert go_to(f"http://{host}/callback", uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:8080/other",
        "http://127.0.0.1:8080/callback?more=1",
        "http://127.0.0.1:8080/callback?",
        "http://127.0.0.1:8080/callback#",
        "http://localhost:8080/callback",
        "http://127.0.0.2:8080/callback",
        "http://127.0.0.1.evil.example:8080/callback",
        "http://127.0.0.1:8080@evil.example/callback",
        "http://evil.example#@127.0.0.1/callback",
        "http://evil.example\\@127.0.0.1/callback",
        "https://127.0.0.1:8080/callback",
        "http://2130706433:8080/callback",
        "http://127.0.0.1:80800/callback",
        " http://127.0.0.1:8080/callback",
    ],
)
def test_only_the_port_may_differ(uri: str) -> None:
    """RFC 8252 §7.3 and §8.4."""
    with pytest.raises(AuthorizationPageError):
        go_to(LOOPBACK, uri)
