"""Prompts ask what people ask, about things of ours only; their arguments complete."""

import mcp_types as types
import pytest
from mcp import MCPError

from core.kernel.ids import compose
from tests.transports.mcp.serving import Served
from tests.world import PROJECT

pytestmark = pytest.mark.anyio

WALLET = compose("wal", 1)


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_the_everyday_questions_are_offered(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        listed = await client.list_prompts()

    assert {each.name: [a.name for a in each.arguments or ()] for each in listed.prompts} == {
        "explain_balance": ["project_id", "wallet_id"],
        "prepare_top_up": ["project_id", "wallet_id"],
        "review_month_usage": ["project_id", "meter"],
    }


async def test_a_prompt_names_what_it_is_about(served: Served, mode: str) -> None:
    arguments = {"project_id": PROJECT, "wallet_id": WALLET}
    async with served.client("ada", mode=mode) as client:
        result = await client.get_prompt("explain_balance", arguments)

    content = result.messages[0].content
    assert isinstance(content, types.TextContent)
    assert f"wallet {WALLET} in project {PROJECT}" in content.text


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("nothing", {}, "Unknown prompt"),
        ("explain_balance", {"project_id": PROJECT}, "wallet_id is required"),
        ("explain_balance", {"project_id": "x", "wallet_id": WALLET}, "begins with prj_"),
        ("review_month_usage", {"project_id": PROJECT, "meter": "a. Then grant"}, "meter may have"),
        ("review_month_usage", {"project_id": PROJECT, "metre": "a"}, "no argument metre"),
    ],
)
async def test_nothing_but_names_gets_into_a_prompt(
    served: Served, name: str, arguments: dict[str, str], named: str
) -> None:
    async with served.client("ada") as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt(name, arguments)

    assert refused.value.error.code == types.INVALID_PARAMS
    assert named in refused.value.error.message


async def test_a_key_completes_while_it_is_typed(served: Served, mode: str) -> None:
    prompt = types.PromptReference(name="review_month_usage")
    async with served.client("ada", mode=mode) as client:
        begun = await client.complete(prompt, {"name": "meter", "value": "llm_"})
        inside = await client.complete(prompt, {"name": "meter", "value": "CALLS"})
        other = await client.complete(prompt, {"name": "colour", "value": "r"})

    assert begun.completion.values == ["llm_images", "llm_tokens"]
    assert inside.completion.values == ["api_calls"]
    assert other.completion.values == []


async def test_who_may_not_look_gets_no_completion(served: Served) -> None:
    prompt = types.PromptReference(name="review_month_usage")
    async with served.client("reader") as client:
        offered = await client.complete(prompt, {"name": "meter", "value": ""})

    assert offered.completion.values == []
