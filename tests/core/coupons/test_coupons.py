"""Coupons and codes: made by operators, with terms that stay and limits that may change."""

from typing import Any

import pytest

from core.kernel.caller import Role
from tests.core.coupons.offers import CREDITS, coupon, give_out, offer, offered, redeem, why_not
from tests.core.wallets.bank import ask, must, open_project, refused, told
from tests.world import AUDITOR, OPERATOR, START, World, agent

pytestmark = pytest.mark.anyio


async def test_a_coupon_is_told_as_it_was_made(world: World) -> None:
    made = await offer(
        world,
        "spring",
        kind="amount",
        amount="5.00",
        asset="USD/2",
        duration="repeating",
        periods=3,
        minimum_amount="20",
        redemptions_max=10,
        redeem_by="2026-12-01T00:00:00Z",
        stackable=False,
        first_purchase_only=True,
        description="For a start",
    )

    assert made == {
        "id": made["id"],
        "coupon_key": "spring",
        "name": "Offer",
        "description": "For a start",
        "kind": "amount",
        "percent": None,
        "amount": "5.00",
        "asset": "USD/2",
        "credits_expire_after_days": None,
        "trial_days": None,
        "duration": "repeating",
        "periods": 3,
        "product_keys": [],
        "minimum_amount": "20.00",
        "stackable": False,
        "first_purchase_only": True,
        "redemptions_max": 10,
        "redemptions_per_project": 1,
        "redeem_by": "2026-12-01T00:00:00Z",
        "redeemed": 0,
        "version": 1,
        "created_at": START.isoformat().replace("+00:00", "Z"),
        "archived_at": None,
    }
    assert await coupon(world, "spring") == made
    page = await must(world, "list_coupons", AUDITOR)
    assert page == {"items": [made], "next_cursor": None}
    assert len(await told(world, "coupon.created")) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "percent"}, "percent"),
        ({"kind": "percent", "percent": "0"}, "percent"),
        ({"kind": "percent", "percent": "100.000001"}, "percent"),
        ({"kind": "percent", "percent": "-5"}, "percent"),
        ({"kind": "percent", "percent": "20", "amount": "5", "asset": "USD/2"}, "amount"),
        ({"kind": "percent", "percent": "20", "trial_days": 5}, "trial_days"),
        ({"kind": "amount", "amount": "5"}, "asset"),
        ({"kind": "amount", "amount": "5.001", "asset": "USD/2"}, "amount"),
        ({"kind": "amount", "amount": "0", "asset": "USD/2"}, "amount"),
        ({"kind": "trial"}, "trial_days"),
        (CREDITS | {"percent": "5"}, "percent"),
        (CREDITS | {"duration": "forever"}, "duration"),
        (CREDITS | {"product_keys": ["pro"]}, "product_keys"),
        ({"duration": "repeating"}, "periods"),
        ({"periods": 3}, "periods"),
        ({"minimum_amount": "5"}, "asset"),
        ({"asset": "USD/2"}, "asset"),
        ({"minimum_amount": "5.001", "asset": "USD/2"}, "minimum_amount"),
        ({"redeem_by": "2026-11-20T09:00:00Z"}, "redeem_by"),
        ({"redemptions_max": 0}, "redemptions_max"),
        ({"redemptions_per_project": 0}, "redemptions_per_project"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_by_the_fields_name(
    world: World, sent: dict[str, Any], field: str
) -> None:
    terms = sent if "kind" in sent else {"kind": "percent", "percent": "20"} | sent
    outcome = await ask(
        world, "create_coupon", OPERATOR, None, coupon_key="odd", name="Odd", **terms
    )

    assert outcome.error is not None
    assert [each["field"] for each in outcome.error.facts["problems"]] == [field]


async def test_a_product_that_is_not_there_is_refused_by_its_key(world: World) -> None:
    sent = {"coupon_key": "odd", "name": "Odd", "kind": "percent", "percent": "5"}

    outcome = await ask(world, "create_coupon", OPERATOR, None, **sent, product_keys=["nothing"])

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.facts) == (
        "product_not_found",
        {"product_key": "nothing"},
    )


async def test_a_key_names_one_coupon_for_ever(world: World) -> None:
    await offer(world)
    await must(world, "archive_coupon", OPERATOR, coupon_key="launch")

    code = await refused(
        world, "create_coupon", OPERATOR, coupon_key="launch", name="N", kind="trial", trial_days=1
    )

    assert code == "coupon_key_taken"


async def test_limits_change_and_what_is_left_out_stays(world: World) -> None:
    await offer(world, redemptions_max=10, redeem_by="2026-12-01T00:00:00Z", description="D")

    first = await must(world, "update_coupon", OPERATOR, coupon_key="launch", name="New")
    after = await must(
        world,
        "update_coupon",
        OPERATOR,
        coupon_key="launch",
        redemptions_max=None,
        redeem_by=None,
        description=None,
        redemptions_per_project=3,
    )

    assert (first["name"], first["redemptions_max"], first["description"]) == ("New", 10, "D")
    assert first["redeem_by"] == "2026-12-01T00:00:00Z"
    assert (after["name"], after["redemptions_max"], after["redeem_by"]) == ("New", None, None)
    assert (after["redemptions_per_project"], after["description"], after["version"]) == (
        3,
        None,
        3,
    )
    for wrong in ({"name": None}, {"redemptions_per_project": None}, {}):
        assert (
            await refused(world, "update_coupon", OPERATOR, coupon_key="launch", **wrong)
            == "invalid_request"
        )


async def test_a_limit_below_what_was_redeemed_means_no_more_and_takes_nothing_back(
    world: World,
) -> None:
    first, second = [await open_project(world, name) for name in ("Acme", "Heron")]
    code = await offered(world)
    await redeem(world, first, code)

    after = await must(world, "update_coupon", OPERATOR, coupon_key="launch", redemptions_max=1)

    assert (after["redeemed"], after["redemptions_max"]) == (1, 1)
    assert await why_not(world, second, code) == "used_up"


async def test_who_redeemed_an_archived_coupon_keeps_it_and_nobody_gets_it_any_more(
    world: World,
) -> None:
    first, second = [await open_project(world, name) for name in ("Acme", "Heron")]
    code = await offered(world)
    kept = await redeem(world, first, code)

    archived = await must(world, "archive_coupon", OPERATOR, coupon_key="launch")
    again = await must(world, "archive_coupon", OPERATOR, coupon_key="launch")

    assert archived == again
    assert await why_not(world, second, code) == "deactivated"
    [has] = (await must(world, "list_discounts", OPERATOR, project_id=first))["items"]
    assert has == kept
    calls: dict[str, dict[str, Any]] = {
        "update_coupon": {"name": "New"},
        "create_promotion_code": {},
    }
    for name, sent in calls.items():
        assert (
            await refused(world, name, OPERATOR, coupon_key="launch", **sent) == "coupon_archived"
        )
    assert (await must(world, "list_coupons", OPERATOR))["items"] == []
    shown = await must(world, "list_coupons", OPERATOR, include_archived=True)
    assert [each["coupon_key"] for each in shown["items"]] == ["launch"]


async def test_coupons_are_listed_page_by_page(world: World) -> None:
    for key in ("c", "a", "b"):
        await offer(world, key)

    first = await must(world, "list_coupons", OPERATOR, limit=2)
    rest = await must(world, "list_coupons", OPERATOR, limit=2, cursor=first["next_cursor"])

    keys = [[each["coupon_key"] for each in page["items"]] for page in (first, rest)]
    assert keys == [["a", "b"], ["c"]]
    assert rest["next_cursor"] is None


# -- Codes ----------------------------------------------------------------------------------------


async def test_a_code_that_is_made_is_easy_to_read_and_always_another(world: World) -> None:
    await offer(world)

    codes = [await give_out(world) for _ in range(20)]

    assert len(set(codes)) == 20
    assert {len(each) for each in codes} == {14}
    assert not set("".join(codes)) & set("0O1IL"), "nobody has to tell these apart"


async def test_a_code_is_read_without_regard_to_case_and_hyphens(world: World) -> None:
    await offer(world, redemptions_per_project=3)
    code = await give_out(world, code="Welcome-2026")
    project = await open_project(world)

    assert code == "WELCOME-2026"
    for typed in ("welcome-2026", "WELCOME2026", "Wel-come-2026"):
        assert (await redeem(world, project, typed))["coupon_key"] == "launch"


@pytest.mark.parametrize("taken", ["SUMMER-10", "summer10", "SUM-MER-10"])
async def test_two_codes_are_never_read_as_one(world: World, taken: str) -> None:
    await offer(world)
    await give_out(world, code="SUMMER-10")

    refusal = await refused(
        world, "create_promotion_code", OPERATOR, coupon_key="launch", code=taken
    )

    assert refusal == "promotion_code_taken"


@pytest.mark.parametrize("code", ["ab", "-abc", "abc-", "a b c", "ümlaut", "x" * 41])
async def test_a_code_that_nobody_could_type_is_refused(world: World, code: str) -> None:
    await offer(world)

    assert (
        await refused(world, "create_promotion_code", OPERATOR, coupon_key="launch", code=code)
        == "invalid_request"
    )


async def test_a_code_that_is_deactivated_is_redeemed_no_more_and_shown_to_who_asks(
    world: World,
) -> None:
    project = await open_project(world)
    await offer(world)
    made = await must(world, "create_promotion_code", OPERATOR, coupon_key="launch", code="ONCE")

    ended = await must(world, "deactivate_promotion_code", OPERATOR, promotion_code_id=made["id"])
    again = await must(world, "deactivate_promotion_code", OPERATOR, promotion_code_id=made["id"])

    assert ended == again
    assert ended["deactivated_at"]
    assert await why_not(world, project, "once") == "deactivated"
    assert (await must(world, "list_promotion_codes", AUDITOR))["items"] == []
    shown = await must(world, "list_promotion_codes", AUDITOR, include_inactive=True)
    assert shown["items"] == [ended]
    assert len(await told(world, "promotion_code.deactivated")) == 1


async def test_codes_are_listed_page_by_page_and_by_coupon(world: World) -> None:
    await offer(world)
    await offer(world, "other")
    codes = [await give_out(world, code=f"CODE-{n}") for n in range(3)]
    await give_out(world, "other")

    first = await must(world, "list_promotion_codes", OPERATOR, coupon_key="launch", limit=2)
    rest = await must(
        world,
        "list_promotion_codes",
        OPERATOR,
        coupon_key="launch",
        limit=2,
        cursor=first["next_cursor"],
    )

    assert [each["code"] for each in (*first["items"], *rest["items"])] == codes


async def test_nobody_of_a_project_makes_offers_or_sees_all_of_them(world: World) -> None:
    project = await open_project(world)
    await offer(world)
    calls: dict[str, dict[str, Any]] = {
        "create_coupon": {"coupon_key": "own", "name": "Own", "kind": "percent", "percent": "99"},
        "update_coupon": {"coupon_key": "launch", "redemptions_max": None},
        "archive_coupon": {"coupon_key": "launch"},
        "list_coupons": {},
        "get_coupon": {"coupon_key": "launch"},
        "create_promotion_code": {"coupon_key": "launch"},
        "deactivate_promotion_code": {"promotion_code_id": "prm_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        "list_promotion_codes": {},
    }

    for name, sent in calls.items():
        assert await refused(world, name, agent(Role.OWNER, project), **sent) == "not_allowed"


async def test_events_and_the_trail_do_not_tell_a_code(world: World) -> None:
    project = await open_project(world)
    await offer(world)
    await give_out(world, code="HUSH-HUSH")
    await redeem(world, project, "HUSH-HUSH")

    events = await told(world, "promotion_code.created", "promotion_code.redeemed")
    calls = await must(world, "list_tool_invocations", OPERATOR)
    facts = await must(world, "list_audit_events", OPERATOR)

    assert len(events) == 2
    for kept in (events, calls, facts):
        assert "HUSH" not in str(kept).upper()
