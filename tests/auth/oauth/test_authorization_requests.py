"""RFC 6749 §4.1.1 and §4.1.2.1: who is told what when an authorization request is wrong."""

import pytest

from auth import authorize
from auth.settings import BASELINE_SCOPES
from core.kernel.caller import SYSTEM
from core.operations.scopes import SCOPES
from tests.auth.oauth.program import CALLBACK, CHALLENGE, ISSUER, MCP, Oauth, answer

pytestmark = pytest.mark.anyio

LOOPBACK = "http://127.0.0.1/callback"


async def test_nobody_is_redirected_by_a_request_that_is_for_the_page(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2.1 first paragraph."""
    client_id = (await oauth.register())["client_id"]
    for response in (
        await oauth.ask("cli_unknown"),
        await oauth.ask("https://nothing.example/there"),
        await oauth.ask(client_id, redirect_uri="https://evil.example/"),
        await oauth.ask(client_id, redirect_uri="https://program.example/call\nback"),
        await oauth.http.get("/oauth/authorize", params={"response_type": "code"}),
    ):
        assert (response.status_code, "location" in response.headers) == (400, False)


async def test_every_other_mistake_goes_back_to_the_program_with_iss(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2.1, RFC 9207 §2."""
    client_id = (await oauth.register())["client_id"]
    where = (await oauth.ask(client_id, code_challenge_method="plain")).headers["location"]

    assert where.startswith(f"{CALLBACK}?")
    assert answer(where) == {
        "error": "invalid_request",
        "error_description": "code_challenge_method must be S256.",
        "state": "a state",
        "iss": ISSUER,
    }


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_repeated_client_or_uri_is_for_the_page(oauth: Oauth, name: str) -> None:
    """RFC 6749 §3.1. Which of the two would it be."""
    client_id = (await oauth.register())["client_id"]
    sent = [("client_id", client_id), ("redirect_uri", CALLBACK), (name, "https://evil.example/")]

    response = await oauth.http.get("/oauth/authorize", params=sent)

    assert (response.status_code, "location" in response.headers) == (400, False)


async def test_two_resources_are_refused(oauth: Oauth) -> None:
    """RFC 8707 §2.2: a token for both could be carried from one to the other."""
    client_id = (await oauth.register())["client_id"]
    sent = [("client_id", client_id), ("redirect_uri", CALLBACK), ("response_type", "code")]
    sent += [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]
    sent += [("resource", MCP), ("resource", f"{ISSUER}/v1")]

    response = await oauth.http.get("/oauth/authorize", params=sent)

    assert answer(response.headers["location"])["error"] == "invalid_target"


async def test_a_repeated_parameter_is_refused(oauth: Oauth) -> None:
    """RFC 6749 §3.1."""
    client_id = (await oauth.register())["client_id"]
    sent = [("client_id", client_id), ("redirect_uri", CALLBACK), ("response_type", "code")]

    response = await oauth.http.get(
        "/oauth/authorize", params=[*sent, ("state", "1"), ("state", "2")]
    )

    told = answer(response.headers["location"])
    assert told["error"] == "invalid_request"
    assert "state" not in told


async def test_a_program_on_this_machine_is_answered_on_its_port(oauth: Oauth) -> None:
    """RFC 8252 §7.3."""
    client_id = (await oauth.register(redirect_uris=[LOOPBACK]))["client_id"]
    uri = "http://127.0.0.1:52731/callback"

    pending_id = await oauth.pending(client_id, redirect_uri=uri)

    assert (await oauth.allow(pending_id)).startswith(f"{uri}?")


async def test_the_consent_page_is_told_what_a_person_must_know(oauth: Oauth) -> None:
    client_id = (await oauth.register(redirect_uris=[LOOPBACK]))["client_id"]
    pending_id = await oauth.pending(
        client_id, redirect_uri="http://127.0.0.1:9/callback", prompt="login"
    )

    async with oauth.world.database.read(SYSTEM) as work:
        pending = await authorize.load_pending(work, pending_id)

    assert (pending.client_name, pending.client_id) == ("A program", client_id)
    assert (pending.redirect_host, pending.loopback_only) == ("127.0.0.1", True)
    assert (pending.client_host, pending.prompt) == (None, "login")
    assert pending.scopes == ("wallets:read", "metering:write")
    assert pending.resource == MCP


async def test_who_names_no_scope_asks_for_what_it_registered_or_the_baseline(
    oauth: Oauth,
) -> None:
    """RFC 6749 §3.3. `offline_access` is granted to everyone, and so is no scope of ours."""
    plain = (await oauth.register())["client_id"]
    narrow = (await oauth.register(scope="wallets:read unheard:of"))["client_id"]
    asked = {}
    for name, client_id, scope in (
        ("baseline", plain, None),
        ("registered", narrow, "offline_access"),
        ("more than registered", narrow, "keys:read offline_access"),
    ):
        pending_id = await oauth.pending(client_id, scope=scope)
        async with oauth.world.database.read(SYSTEM) as work:
            asked[name] = (await authorize.load_pending(work, pending_id)).scopes

    assert asked == {
        "baseline": tuple(scope for scope in SCOPES if scope in BASELINE_SCOPES),
        "registered": ("wallets:read",),
        "more than registered": ("keys:read",),
    }


async def test_the_one_registered_uri_need_not_be_named(oauth: Oauth) -> None:
    """RFC 6749 §3.1.2.3."""
    one = (await oauth.register())["client_id"]
    two = (await oauth.register(redirect_uris=[CALLBACK, LOOPBACK]))["client_id"]

    assert (await oauth.allow(await oauth.pending(one, redirect_uri=None))).startswith(CALLBACK)
    assert (await oauth.ask(two, redirect_uri=None)).status_code == 400


async def test_a_registered_query_is_kept(oauth: Oauth) -> None:
    """RFC 6749 §3.1.2."""
    uri = f"{CALLBACK}?tenant=7"
    client_id = (await oauth.register(redirect_uris=[uri]))["client_id"]

    where = await oauth.allow(await oauth.pending(client_id, redirect_uri=uri))

    assert answer(where)["tenant"] == "7"


async def test_one_sender_cannot_ask_without_end(oauth: Oauth) -> None:
    client_id = (await oauth.register())["client_id"]

    responses = [await oauth.ask(client_id) for _ in range(61)]

    assert [each.status_code for each in responses] == [303] * 60 + [429]
    assert responses[-1].headers["retry-after"] == "1"
