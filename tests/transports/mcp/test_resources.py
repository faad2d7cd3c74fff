"""Resources read what tools read, with the same authority and the same trail."""

import json

import mcp_types as types
import pytest
from mcp import MCPError
from sqlalchemy import select

from core.audit import tables
from core.kernel.ids import compose
from core.operations.limits import Rate
from core.operations.operation import RateClass
from mcp_server.resources import TEMPLATES, wallet_uri
from tests.transports.mcp.serving import Served
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio

WALLET = compose("wal", 1)


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_wallet_is_read_as_a_resource(served: Served, small: World, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        result = await client.read_resource(wallet_uri(PROJECT, WALLET))

    content = result.contents[0]
    assert isinstance(content, types.TextResourceContents)
    assert json.loads(content.text)["available"] == "1.00"
    assert (content.mime_type, result.cache_scope) == ("application/json", "private")
    async with small.database.read(OPERATOR) as work:
        seen = await work.execute(select(tables.invocations.c.operation))
        assert seen.scalars().all() == ["check_balance"]


async def test_the_list_has_what_has_one_address(served: Served) -> None:
    async with served.client("ada") as client:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()

    assert [each.uri for each in listed.resources] == ["bursar://limits", "bursar://meters"]
    assert [each.uri_template for each in templates.resource_templates] == [
        "bursar://projects/{project_id}/wallets/{wallet_id}"
    ]


async def test_limits_tell_how_often_each_tool_may_be_called(served: Served) -> None:
    async with served.client("bob") as client:
        result = await client.read_resource("bursar://limits")

    assert isinstance(result.contents[0], types.TextResourceContents)
    told = json.loads(result.contents[0].text)
    assert sorted(told["rates"]) == ["check_balance", "list_meters", "whoami"]
    assert told["rates"]["whoami"] == {"calls": 100_000, "seconds": 60}


async def test_a_reader_who_reads_too_often_is_told_when_to_come_again(
    served: Served, small: World, mode: str
) -> None:
    object.__setattr__(small.gate, "rates", dict.fromkeys(RateClass, Rate(calls=1, seconds=60)))
    async with served.client("ada", mode=mode) as client:
        await client.read_resource("bursar://meters")
        with pytest.raises(MCPError) as refused:
            await client.read_resource("bursar://meters")

    assert refused.value.error.code == 429
    assert refused.value.error.data["retry_after"] == 60


@pytest.mark.parametrize(
    "uri",
    [
        "bursar://nothing",
        "bursar://projects/../meters",
        f"bursar://projects/{PROJECT}/wallets/not-a-wallet",
        f"bursar://projects/{PROJECT}/wallets/{WALLET}/secrets",
        "file:///etc/passwd",
    ],
)
async def test_what_is_not_there_is_not_found(served: Served, uri: str) -> None:
    codes = {}
    for mode in ("auto", "legacy"):
        async with served.client("ada", mode=mode) as client:
            with pytest.raises(MCPError) as refused:
                await client.read_resource(uri)
            codes[mode] = refused.value.error.code

    assert codes == {"auto": types.INVALID_PARAMS, "legacy": -32002}


async def test_every_template_turns_into_arguments_and_back() -> None:
    for template in TEMPLATES:
        names = {"project_id": PROJECT, "wallet_id": WALLET}
        uri = template.uri.format(**names)
        found = template.match(uri)
        assert found == {name: names[name] for name in names if f"{{{name}}}" in template.uri}
        assert [each.name for each in TEMPLATES if each.match(uri) is not None] == [template.name]
