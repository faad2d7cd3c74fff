"""Client ID Metadata Documents: the id is a URL, and the document there is the client."""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from auth import authorize, cimd, clients
from auth.authenticating import find_client
from auth.errors import OAuth2Error
from auth.settings import AuthSettings
from core.kernel.caller import SYSTEM
from core.operations import Unauthenticated
from tests.auth.oauth.program import CALLBACK, ISSUER, Oauth
from tests.auth.oauth.test_client_authentication import JWKS, KEY, signed

pytestmark = pytest.mark.anyio

URL = "https://program.example/oauth/client.json"


def document(**members: Any) -> dict[str, Any]:
    return {
        "client_id": URL,
        "client_name": "A program with a home",
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
    } | members


async def test_a_program_is_known_by_its_document(oauth: Oauth) -> None:
    """§3 and §4 of the draft: it has no secret, and nothing to register."""
    oauth.documents.put(URL, document())
    response = await oauth.redeem(URL, await oauth.code(URL))

    assert response.status_code == 200
    caller = await oauth.caller(response.json()["access_token"])
    assert (caller.client_id, caller.label) == (URL, "A program with a home")


async def test_a_program_that_was_shut_out_is_not_let_in_by_its_document(oauth: Oauth) -> None:
    oauth.documents.put(URL, document())
    tokens = (await oauth.redeem(URL, await oauth.code(URL))).json()
    async with oauth.world.database.begin(SYSTEM) as work:
        assert await clients.revoke(work, URL)

    with pytest.raises(Unauthenticated):
        await oauth.caller(tokens["access_token"])
    assert await find_client(oauth.server, URL) is None


async def test_the_consent_page_is_told_which_host_vouches_for_it(oauth: Oauth) -> None:
    oauth.documents.put(URL, document(redirect_uris=["http://localhost/callback"]))
    pending_id = await oauth.pending(URL, redirect_uri="http://localhost:7/callback")

    async with oauth.world.database.read(SYSTEM) as work:
        pending = await authorize.load_pending(work, pending_id)

    assert (pending.client_host, pending.redirect_host) == ("program.example", "localhost")
    assert pending.loopback_only


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": "https://program.example/oauth/other.json"},
        {"client_id": URL.upper()},
        {"client_id": None},
        {"client_name": None},
        {"client_name": ""},
        {"client_name": "Bank\u200b"},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["http://program.example/callback"]},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"client_secret": "x"},
        {"client_secret_expires_at": 0},
        {"grant_types": ["client_credentials"]},
    ],
)
def test_a_document_that_is_wrong_is_no_client(members: dict[str, Any]) -> None:
    """§4.1 of the draft."""
    with pytest.raises(OAuth2Error):
        cimd.read(AuthSettings(issuer=ISSUER), URL, document(**members))


async def test_a_wrong_document_is_not_kept_and_may_be_put_right(oauth: Oauth) -> None:
    """§4.2 of the draft."""
    oauth.documents.put(URL, document(client_name=None))
    response = await oauth.ask(URL)
    assert (response.status_code, "location" in response.headers) == (400, False)

    oauth.documents.put(URL, document())
    assert (await oauth.ask(URL)).status_code == 303


@pytest.mark.parametrize("body", [[], "x", 7, None, {"client_id": URL, "client_name": "a\x00"}])
async def test_what_is_no_json_object_is_no_document(oauth: Oauth, body: Any) -> None:
    oauth.documents.put(URL, body)

    assert (await oauth.ask(URL)).status_code == 400


@pytest.mark.parametrize(
    "client_id",
    [
        "https://program.example",
        "https://program.example/",
        "https://program.example/a/../b",
        "https://program.example/a/%2e%2E/b",
        "https://program.example/./b",
        "https://program.example/a#b",
        "https://user@program.example/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://localhost/a",
        "https://program.example:22/a",
        "https://program.example/" + "x" * 300,
    ],
)
def test_a_url_that_may_not_be_an_id_is_known_by_its_looks(client_id: str) -> None:
    """§3 of the draft."""
    assert cimd.fault(client_id) is not None


async def test_a_url_that_may_not_be_an_id_is_never_fetched(oauth: Oauth) -> None:
    """§3 of the draft."""
    for client_id in ("https://2130706433/a", "https://program.example/", "http://a.example/a"):
        oauth.documents.put(client_id, document(client_id=client_id))

        assert (await oauth.ask(client_id)).status_code == 400
    assert oauth.documents.fetched.total() == 0


@pytest.mark.parametrize(
    ("cache_control", "fresh_seconds"),
    [
        (None, 300),
        ("no-store", 300),
        ("max-age=0", 300),
        ("max-age=3600", 3600),
        ("public, max-age=31536000", 86400),
    ],
)
async def test_a_document_is_kept_as_its_headers_wish_within_bounds(
    oauth: Oauth, cache_control: str | None, fresh_seconds: int
) -> None:
    """§4.2 of the draft, RFC 9111 §5.2."""
    headers = {"cache_control": cache_control} if cache_control else {}
    oauth.documents.put(URL, document(), **headers)

    for advance, fetched in ((0, 1), (fresh_seconds - 1, 1), (1, 2)):
        oauth.world.clock.advance(seconds=advance)
        await oauth.ask(URL)
        assert oauth.documents.fetched[URL] == fetched


async def test_a_site_that_is_down_locks_nobody_out_for_a_day(oauth: Oauth) -> None:
    """RFC 9111 §4.2.4: a stale copy serves while nothing can be fetched, and not for ever."""
    oauth.documents.put(URL, document())
    assert (await oauth.ask(URL)).status_code == 303
    oauth.documents.documents.clear()

    oauth.world.clock.advance(hours=23)
    assert (await oauth.ask(URL)).status_code == 303
    oauth.world.clock.advance(hours=1)
    assert (await oauth.ask(URL)).status_code == 400


async def test_a_redirect_uri_that_left_the_document_is_no_longer_one(oauth: Oauth) -> None:
    oauth.documents.put(URL, document())
    assert (await oauth.ask(URL)).status_code == 303
    oauth.documents.put(URL, document(redirect_uris=["https://program.example/new"]))
    oauth.world.clock.advance(minutes=5)

    assert (await oauth.ask(URL)).status_code == 400


async def test_a_document_may_name_keys_that_the_program_must_then_use(oauth: Oauth) -> None:
    """§4.1 of the draft with RFC 7523: private_key_jwt, its keys by reference."""
    keys_url = "https://program.example/jwks.json"
    method = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": keys_url}
    oauth.documents.put(URL, document(**method))
    oauth.documents.put(keys_url, JWKS)
    code = await oauth.code(URL)
    other = ECKey.generate_key("P-256", {"kid": "one"})

    def proof(key: ECKey, jti: str) -> dict[str, str]:
        form = signed(oauth, URL, key=key, jti=jti)
        return {name: form[name] for name in ("client_assertion", "client_assertion_type")}

    assert (await oauth.redeem(URL, code)).status_code == 401
    assert (await oauth.redeem(URL, code, **proof(other, "1"))).status_code == 401
    assert (await oauth.redeem(URL, code, **proof(KEY, "2"))).status_code == 200
    assert oauth.documents.fetched[keys_url] == 1


def test_an_id_of_three_hundred_characters_is_the_longest() -> None:
    longest = "https://program.example/" + "x" * (300 - len("https://program.example/"))

    assert (cimd.fault(longest), cimd.fault(f"{longest}x")) == (None, "is too long")
