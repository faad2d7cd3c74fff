"""The SDK's own client signs in by OAuth with PKCE, through the real pages, and works."""

from datetime import timedelta

import pytest
from mcp.client.auth import OAuthFlowError
from sqlalchemy import insert

from auth import tables
from core.kernel.caller import SYSTEM
from tests.stories.agent import CALLBACK, DOCUMENT, Agent, Connected
from tests.stories.browser import Choice
from tests.stories.serving import Served

pytestmark = pytest.mark.anyio

VERSIONS = {"auto": "2026-07-28", "legacy": "2025-11-25"}


async def open_shop(agent: Connected) -> dict[str, str]:
    """Make everything that usage needs, as an operator's agent does, and return the ids."""
    project = await agent.do("create_project", name="Blue Heron", external_key="blue-heron")
    named = {"project_id": project["id"]}
    wallet = await agent.do("create_wallet", **named, name="Prepaid", asset="CREDIT/6")
    await agent.do(
        "create_meter",
        key="llm_tokens",
        name="LLM tokens",
        aggregation="sum",
        unit="token",
        property="tokens",
        price="0.000002",
        asset="CREDIT/6",
    )
    return {"project_id": project["id"], "wallet_id": wallet["id"]}


async def test_an_operators_agent_opens_a_project_charges_it_and_reads_the_books(
    served: Served, mode: str
) -> None:
    operator = Agent(served, served.operator, Choice("all"), mode)
    async with operator.connected() as agent:
        assert agent.client.protocol_version == VERSIONS[mode]
        page = await agent.client.list_tools()
        tools = {each.name for each in page.tools}
        while page.next_cursor:
            page = await agent.client.list_tools(cursor=page.next_cursor)
            tools |= {each.name for each in page.tools}
        assert {"create_project", "grant_credits", "charge_usage", "check_balance"} <= tools
        shop = await open_shop(agent)
        project = {"project_id": shop["project_id"]}
        grant = {**shop, "amount": "25.00", "memo": "Welcome"}
        granted = await agent.do("grant_credits", **grant, idempotency_key="welcome")
        again = await agent.do("grant_credits", **grant, idempotency_key="welcome")
        event = {"meter_key": "llm_tokens", "properties": {"tokens": 1_500_000}}
        recorded = await agent.do(
            "record_usage", **project, events=[{"event_id": "req_1", **event}]
        )
        charged = await agent.do("charge_usage", **project, event_id="req_1", **event)
        balance = await agent.do("check_balance", **shop)
        statement = await agent.do("list_transactions", **shop)
        calls = await agent.do("list_tool_invocations", **project)
        call = await agent.do(
            "get_tool_invocation", invocation_id=statement["items"][0]["invocation_id"]
        )

    assert again == granted
    assert (recorded["accepted"], recorded["refused"]) == (1, 0)
    assert (charged["amount"], charged["available"]) == ("3.000000", "22.000000")
    assert (balance["posted"], balance["available"]) == ("22.000000", "22.000000")
    assert [
        (each["amount"], each["balance_before"], each["balance_after"], each["memo"])
        for each in statement["items"]
    ] == [
        ("-3.000000", "25.000000", "22.000000", "LLM tokens"),
        ("25.000000", "0.000000", "25.000000", "Welcome"),
    ]
    assert [each["operation"] for each in calls["items"]] == [
        "list_transactions",
        "check_balance",
        "charge_usage",
        "record_usage",
        "grant_credits",
        "grant_credits",
        "create_wallet",
    ]
    assert {each["user_id"] for each in calls["items"]} == {served.operator.user_id}
    assert (call["operation"], call["door"], call["client_id"]) == (
        "charge_usage",
        "mcp",
        operator.keychain.client and operator.keychain.client.client_id,
    )
    assert (await served.installation.prove()).differences == []


async def test_an_agent_goes_on_with_its_refresh_token_when_its_token_has_expired(
    served: Served, mode: str
) -> None:
    operator = Agent(served, served.operator, Choice("all"), mode)
    async with operator.connected() as agent:
        before = await agent.do("whoami")
        first = operator.token
        served.clock.ahead += timedelta(minutes=16)
        stale = await served.post("whoami", {}, first)
        agent.let_the_token_expire()
        after = await agent.do("whoami")

    assert stale.status_code == 401
    assert operator.token != first
    assert len(operator.asked) == 1, "nobody was asked again"
    assert after["subject"] == before["subject"]


async def stock(served: Served) -> dict[str, str]:
    """Give Acme a meter, and a wallet with something in it."""
    named = {"project_id": served.acme}
    wallet = await served.ask("create_wallet", **named, name="Prepaid", asset="USD/2")
    full = {**named, "wallet_id": wallet["id"]}
    await served.ask("grant_credits", **full, amount="10.00")
    meter = {"key": "calls", "name": "Calls", "aggregation": "count", "unit": "call"}
    await served.ask("create_meter", **meter, price="0.25", asset="USD/2")
    return full


USE = {"event_id": "req_1", "meter_key": "calls"}


async def test_a_members_agent_spends_in_its_project_and_may_not_create_value(
    served: Served, mode: str
) -> None:
    wallet = await stock(served)
    member = Agent(served, served.member, Choice(served.acme), mode)
    async with member.connected() as agent:
        tools = {each.name for each in (await agent.client.list_tools()).tools}
        me = await agent.do("whoami")
        charged = await agent.do("charge_usage", **USE)
        refusal = await agent.refused("grant_credits", wallet_id=wallet["wallet_id"], amount="1")
        elsewhere = await agent.refused("get_project", project_id=served.heron)

    assert (me["project"]["id"], me["role"], me["platform_role"]) == (served.acme, "member", None)
    assert "grant_credits" not in tools
    assert charged["available"] == "9.75"
    assert (refusal["code"], refusal["status"]) == ("not_allowed", 403)
    assert elsewhere["code"] == "project_not_found"
    assert (await served.installation.prove()).differences == []


async def test_an_agent_that_was_given_too_little_is_told_every_scope_and_asks_again(
    served: Served, mode: str
) -> None:
    await stock(served)
    spending = frozenset({"wallets:write"})
    member = Agent(served, served.member, Choice(served.acme, without=spending), mode)
    async with member.connected() as agent:
        before = await agent.do("whoami")
        challenge = await served.post("charge_usage", USE, member.token)
        member.choice = Choice(served.acme)
        charged = await agent.do("charge_usage", **USE)
        after = await agent.do("whoami")

    assert challenge.status_code == 403
    metadata = f"{served.base}/.well-known/oauth-protected-resource/mcp"
    assert challenge.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", scope="metering:write wallets:write", '
        f'resource_metadata="{metadata}"'
    )
    told = challenge.json()["error"]["data"]
    assert told["scopes"] == ["metering:write", "wallets:write"]
    assert told["missing"] == ["wallets:write"]
    assert "wallets:write" not in before["scopes"]
    assert "wallets:write" in after["scopes"]
    assert charged["available"] == "9.75"
    assert len(member.asked) == 2


async def test_an_agent_may_be_named_by_a_document_instead_of_registering(
    served: Served,
) -> None:
    await publish(served, DOCUMENT)
    operator = Agent(served, served.operator, Choice("all"), document=DOCUMENT)
    async with operator.connected() as agent:
        me = await agent.do("whoami")

    assert (me["client"]["id"], me["client"]["name"]) == (DOCUMENT, "Test agent")
    assert me["platform_role"] == "operator"
    assert '<strong class="host">agent.example</strong>' in operator.browser.pages[-1]


async def publish(served: Served, url: str) -> None:
    """Keep the client's document as if it had been fetched a moment ago: no test goes out."""
    now = served.clock.now()
    row = {
        "url": url,
        "body": {
            "client_id": url,
            "client_name": "Test agent",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        },
        "fetched_at": now,
        "fresh_until": now + timedelta(minutes=5),
    }
    async with served.installation.database.begin(SYSTEM) as work:
        await work.execute(insert(tables.documents), row)


async def test_an_agent_whose_person_says_no_gets_nothing(served: Served) -> None:
    member = Agent(served, served.member, Choice(served.acme, allow=False))

    with pytest.raises(ExceptionGroup) as raised:
        async with member.connected():
            pass

    assert raised.group_contains(OAuthFlowError, match="No authorization code")
    assert member.answer["error"] == "access_denied"
    assert member.answer["iss"] == served.base
    assert member.keychain.tokens is None
