"""RFC 6749 §2.3, §3.2.1 and §4.4, RFC 7523: how a client proves who it is."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from auth.assertions import ASSERTION_TYPE
from tests.auth.oauth.program import ISSUER, MCP, Oauth, basic

pytestmark = pytest.mark.anyio

TOKEN_URL = f"{ISSUER}/oauth/token"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "one"})
JWKS = {"keys": [KEY.as_dict(private=False)]}
CREDENTIALS = {"grant_type": "client_credentials", "resource": MCP}

Sign = Callable[..., dict[str, str]]


def signed(oauth: Oauth, client_id: str, **changes: Any) -> dict[str, str]:
    """Make a token request with an assertion; a claim that is changed to None is left out."""
    now = int(oauth.world.clock.now().timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "1", "exp": now + 60}
    key, header = changes.pop("key", KEY), changes.pop("header", {"alg": "ES256", "kid": "one"})
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    assertion = jwt.encode(header, claims, key, algorithms=[header["alg"]])
    return with_assertion(assertion)


def with_assertion(assertion: str) -> dict[str, str]:
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return CREDENTIALS | proof


async def test_a_service_signs_in_with_its_secret_in_the_header_or_the_body(oauth: Oauth) -> None:
    """RFC 6749 §2.3.1 and §4.4.3: no refresh token is included."""
    service_id, secret = await oauth.service()
    assert secret

    in_header = await oauth.token(CREDENTIALS, basic(service_id, secret))
    in_body = await oauth.token(
        CREDENTIALS | {"client_id": service_id, "client_secret": secret, "scope": "wallets:read"}
    )

    assert in_header.json()["scope"] == "wallets:read metering:write"
    assert in_body.json()["scope"] == "wallets:read"
    assert "refresh_token" not in in_header.json()
    assert in_header.headers["cache-control"] == "no-store"


async def test_a_wrong_secret_is_refused_with_a_challenge(oauth: Oauth) -> None:
    """RFC 6749 §5.2."""
    service_id, secret = await oauth.service()
    attempts: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "wrong": ({}, basic(service_id, f"{secret}x")),
        "empty": ({}, basic(service_id, "")),
        "none": ({"client_id": service_id}, {}),
        "no colon": ({}, {"Authorization": "Basic YWJj"}),
        "not base64": ({}, {"Authorization": "Basic !"}),
        "bearer": ({}, {"Authorization": f"Bearer {secret}"}),
        "unknown": ({}, basic("svc_unknown", secret or "")),
        "assertion": (signed(oauth, service_id), {}),
    }
    for name, (form, headers) in attempts.items():
        response = await oauth.token(CREDENTIALS | form, headers)

        assert (response.status_code, response.json()["error"]) == (401, "invalid_client"), name
        assert response.headers["www-authenticate"].startswith("Basic")


async def test_two_proofs_at_once_are_refused(oauth: Oauth) -> None:
    """RFC 6749 §2.3."""
    service_id, secret = await oauth.service()
    assert secret
    body = {"client_id": service_id, "client_secret": secret}

    twice = await oauth.token(CREDENTIALS | body, basic(service_id, secret))
    other = await oauth.token(CREDENTIALS | {"client_id": "cli_x"}, basic(service_id, secret))

    assert [each.json()["error"] for each in (twice, other)] == ["invalid_request"] * 2


async def test_a_program_with_a_secret_needs_it_for_its_codes(oauth: Oauth) -> None:
    """RFC 6749 §3.2.1."""
    registered = await oauth.register(token_endpoint_auth_method="client_secret_basic")
    client_id, secret = registered["client_id"], registered["client_secret"]
    code = await oauth.code(client_id)

    assert (await oauth.redeem(client_id, code)).status_code == 401
    response = await oauth.redeem(client_id, code, client_secret=secret)
    assert response.status_code == 200


async def test_a_public_program_that_sends_a_secret_is_not_the_one_we_know(oauth: Oauth) -> None:
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)

    assert (await oauth.redeem(client_id, code, client_secret="x")).status_code == 401


async def test_a_service_cannot_use_codes_nor_a_program_credentials(oauth: Oauth) -> None:
    """RFC 6749 §5.2: unauthorized_client."""
    service_id, secret = await oauth.service()
    registered = await oauth.register(token_endpoint_auth_method="client_secret_post")
    form = {"grant_type": "authorization_code", "code": "buc_x"}

    for sent, headers in (
        (form, basic(service_id, secret or "")),
        (CREDENTIALS, basic(registered["client_id"], registered["client_secret"])),
    ):
        assert (await oauth.token(sent, headers)).json()["error"] == "unauthorized_client"
    assert (await oauth.ask(service_id)).status_code == 400


async def test_a_service_asks_for_no_more_than_it_was_given(oauth: Oauth) -> None:
    """RFC 6749 §3.3, RFC 8707 §2.2."""
    service_id, secret = await oauth.service()
    for change, error in (
        ({"scope": "wallets:read keys:write"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ):
        response = await oauth.token(CREDENTIALS | change, basic(service_id, secret or ""))
        assert response.json()["error"] == error


@pytest.mark.parametrize("audience", [ISSUER, TOKEN_URL, [ISSUER, "https://elsewhere.example"]])
async def test_a_service_signs_in_with_an_assertion(oauth: Oauth, audience: Any) -> None:
    """RFC 7523 §2.2 and §3."""
    service_id, secret = await oauth.service(jwks=JWKS)

    response = await oauth.token(signed(oauth, service_id, aud=audience))

    assert secret is None
    assert response.status_code == 200
    assert (await oauth.caller(response.json()["access_token"])).client_id == service_id


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSAKey.generate_key(2048), "RS256"),
        (RSAKey.generate_key(2048), "PS256"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (KEY, "ES256"),
    ],
)
async def test_a_key_set_of_one_needs_no_key_id(oauth: Oauth, key: Any, alg: str) -> None:
    """RFC 7515 §4.1.4: kid is optional."""
    public = {name: v for name, v in key.as_dict(private=False).items() if name != "kid"}
    service_id, _ = await oauth.service(jwks={"keys": [public]})

    response = await oauth.token(signed(oauth, service_id, key=key, header={"alg": alg}))

    assert response.status_code == 200, response.text


async def test_an_assertion_works_once_whatever_came_of_it(oauth: Oauth) -> None:
    """RFC 7523 §3 rule 7."""
    service_id, _ = await oauth.service(jwks=JWKS)
    refused = signed(oauth, service_id, jti="a") | {"scope": "keys:write"}
    assert (await oauth.token(refused)).json()["error"] == "invalid_scope"

    again = await oauth.token(refused | {"scope": "wallets:read"})

    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


async def test_of_ten_racing_with_one_assertion_exactly_one_signs_in(oauth: Oauth) -> None:
    """RFC 7523 §3 rule 7."""
    service_id, _ = await oauth.service(jwks=JWKS)
    form = signed(oauth, service_id)

    responses = await asyncio.gather(*(oauth.token(form) for _ in range(10)))

    assert Counter(each.status_code for each in responses) == {200: 1, 401: 9}


WRONG: list[dict[str, Any]] = [
    {"iss": "svc_other"},
    {"iss": None},
    {"aud": "https://elsewhere.example"},
    {"aud": f"{ISSUER}/"},
    {"aud": None},
    {"aud": []},
    {"jti": None},
    {"jti": "x" * 256},
    {"jti": 7},
    {"exp": None},
    {"exp": 0},
    {"exp": 2**62},
    {"exp": "tomorrow"},
    {"nbf": 2**40},
    {"iat": 2**40},
    {"key": OTHER_KEY},
    {"header": {"alg": "ES256", "kid": "two"}},
]


async def test_an_assertion_that_is_wrong_in_any_part_is_refused(oauth: Oauth) -> None:
    """RFC 7523 §3 rules 1 to 8."""
    service_id, _ = await oauth.service(jwks=JWKS)

    for changes in WRONG:
        response = await oauth.token(signed(oauth, service_id, **changes))
        assert response.status_code == 401, changes
        assert response.json()["error"] == "invalid_client"
    assert (await oauth.token(signed(oauth, service_id))).status_code == 200


async def test_an_assertion_lasts_ten_minutes_at_most_and_not_past_its_end(oauth: Oauth) -> None:
    """RFC 7523 §3 rule 4."""
    service_id, _ = await oauth.service(jwks=JWKS)
    now = int(oauth.world.clock.now().timestamp())

    assert (await oauth.token(signed(oauth, service_id, exp=now + 601))).status_code == 401
    assert (await oauth.token(signed(oauth, service_id, exp=now - 31))).status_code == 401
    assert (await oauth.token(signed(oauth, service_id, exp=now + 600))).status_code == 200


async def test_an_unsigned_assertion_is_refused(oauth: Oauth) -> None:
    """RFC 8725 §3.1: alg none."""
    service_id, _ = await oauth.service(jwks=JWKS)
    payload = signed(oauth, service_id)["client_assertion"].split(".")[1]
    header = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()

    response = await oauth.token(with_assertion(f"{header}.{payload}."))

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_a_public_key_is_not_taken_for_a_shared_secret(oauth: Oauth) -> None:
    """RFC 8725 §3.1 and §2.1: HS256 with the public key as its secret."""
    service_id, _ = await oauth.service(jwks=JWKS)
    secret = OctKey.import_key(json.dumps(KEY.as_dict(private=False)))

    form = signed(oauth, service_id, key=secret, header={"alg": "HS256", "kid": "one"})

    assert (await oauth.token(form)).status_code == 401


async def test_what_is_no_assertion_is_refused(oauth: Oauth) -> None:
    for assertion in ("x", "x.y.z", "..", "e30.e30.e30", "x" * 9000):
        response = await oauth.token(with_assertion(assertion))

        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_another_type_of_assertion_is_refused(oauth: Oauth) -> None:
    """RFC 7521 §4.2."""
    service_id, _ = await oauth.service(jwks=JWKS)
    form = signed(oauth, service_id) | {"client_assertion_type": "urn:example:saml"}

    assert (await oauth.token(form)).json()["error"] == "invalid_request"


async def test_a_body_that_is_no_form_is_refused(oauth: Oauth) -> None:
    """RFC 6749 §3.2 and appendix B."""
    service_id, secret = await oauth.service()
    form = f"grant_type=client_credentials&client_id={service_id}&client_secret={secret}"
    post = oauth.http.post
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}

    for response in (
        await post("/oauth/token", content=form, headers={"Content-Type": "text/plain"}),
        await post("/oauth/token", content=f"{form}&client_id=b", headers=urlencoded),
        await post("/oauth/token", content="a=" + "x" * 40_000, headers=urlencoded),
        await post("/oauth/token", content=b"a=\xff", headers=urlencoded),
        await post("/oauth/token", content=f"{form}&scope=a%00b", headers=urlencoded),
        await post("/oauth/token", content="&".join("abc" * 40), headers=urlencoded),
    ):
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert (await post("/oauth/token", content=form, headers=urlencoded)).status_code == 200
    assert (await oauth.http.get("/oauth/token", params={"client_id": "a"})).status_code == 405
