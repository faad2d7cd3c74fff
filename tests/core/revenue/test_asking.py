"""Who may ask for reports, and what cannot be asked."""

from dataclasses import replace
from typing import Any

import pytest

from core.kernel.caller import Caller, Role
from core.operations.perform import Call
from tests.core.revenue.desk import BY_NAME, USD
from tests.world import AUDITOR, OPERATOR, PROJECT, World, agent

pytestmark = pytest.mark.anyio

REPORTS = (
    *("get_revenue_report", "list_mrr_movements", "get_receivables_report"),
    "get_conversion_report",
)
WHO = {
    "owner": agent(Role.OWNER),
    "bound auditor": replace(AUDITOR, project_id=PROJECT),
    "bound operator": replace(OPERATOR, project_id=PROJECT),
}


async def refusal(world: World, name: str, caller: Caller, **sent: Any) -> tuple[str, Any]:
    call = Call(caller=caller, arguments={"currency": USD} | sent, door="test")
    outcome = await world.gate.perform(BY_NAME[name], call)
    assert outcome.error is not None, outcome.body
    return outcome.error.code, outcome.error.facts


async def test_only_staff_who_are_bound_to_no_project_are_told_of_all(world: World) -> None:
    for name in REPORTS:
        told = {who: (await refusal(world, name, caller))[0] for who, caller in WHO.items()}
        assert told == dict.fromkeys(WHO, "not_allowed"), name


async def test_what_cannot_be_reported_is_refused_by_its_field(world: World) -> None:
    wrong = {
        "end_on": {"start_on": "2026-02-01", "end_on": "2026-01-31"},
        "start_on": {"start_on": "1999-12-31", "end_on": "2000-01-31"},
        "time_zone": {"time_zone": "Mars/Olympus"},
        "granularity": {"start_on": "2000-01-01", "granularity": "day"},
        "currency": {"currency": "dollars"},
    }
    for field, sent in wrong.items():
        code, facts = await refusal(world, "get_revenue_report", AUDITOR, **sent)
        problems = [each["field"] for each in facts["problems"]]
        assert (code, problems) == ("invalid_request", [field])
    _, facts = await refusal(world, "get_revenue_report", AUDITOR, start_on="2026-02-30")
    assert [each["field"] for each in facts["problems"]] == ["start_on"]
    code, _ = await refusal(world, "list_mrr_movements", AUDITOR, cursor="bm8")
    assert code == "invalid_cursor"
