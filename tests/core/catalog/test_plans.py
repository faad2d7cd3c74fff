"""Plans, by asking: drafted, published once, sold to whom they are for, and archived."""

import asyncio
from datetime import timedelta

import pytest

from tests.core.catalog.asking import CALLS, FEE, FLAT, PRO, Catalog
from tests.world import AUDITOR, START, World

pytestmark = pytest.mark.anyio


async def test_a_plan_is_sold_once_it_is_published(world: World) -> None:
    catalog = await Catalog.open(world)
    drafted = await catalog.must("create_plan", **PRO, trial_days=14, notes="For the launch")

    assert (drafted["version"], drafted["versions"]) == (None, [])
    assert (drafted["draft"]["version"], drafted["draft"]["revision"]) == (1, 1)
    published = await catalog.must("publish_plan", plan_key="pro")

    assert published["draft"] is None
    assert published["version"] == {
        **drafted["draft"],
        "state": "published",
        "revision": None,
        "published_at": published["version"]["published_at"],
        "effective_at": published["version"]["published_at"],
    }
    assert published["version"]["items"] == [{**FEE, "meter_key": None}, CALLS]
    assert published["version"]["entitlements"] == [
        {
            "feature_key": "seats",
            "kind": "limit",
            "enabled": True,
            "limit": "5",
            "unlimited": False,
            "per": None,
        }
    ]


async def test_a_project_sees_what_is_sold_and_nothing_of_what_is_planned(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO | {"plan_key": "secret"})
    await catalog.sell(notes="Dear")
    await catalog.must("update_plan", plan_key="pro", trial_days=30)
    later = (START + timedelta(days=5)).isoformat()
    await catalog.must("publish_plan", plan_key="pro", effective_at=later)
    await catalog.must("update_plan", plan_key="pro", trial_days=60)

    listed = await catalog.must("list_plans", catalog.viewer)
    shown = await catalog.must("get_plan", catalog.viewer, plan_key="pro")
    for asked in ({"plan_key": "secret"}, {"plan_key": "pro", "version": 2}):
        refusal = await catalog.refused("get_plan", catalog.viewer, **asked)
        assert refusal.code in {"plan_not_found", "plan_version_not_found"}

    assert [(each["plan_key"], each["draft_version"]) for each in listed["items"]] == [
        ("pro", None)
    ]
    assert (shown["draft"], shown["version"]["notes"]) == (None, None)
    assert [each["version"] for each in shown["versions"]] == [1]
    staff = await catalog.must("get_plan", AUDITOR, plan_key="pro")
    assert [each["version"] for each in staff["versions"]] == [2, 1]
    assert (staff["draft"]["version"], staff["version"]["notes"]) == (3, "Dear")


async def test_changing_what_is_published_begins_the_next_version_from_it(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.sell(trial_days=14)

    changed = await catalog.must("update_plan", plan_key="pro", items=[CALLS], interval="year")

    assert changed["version"]["items"] == [{**FEE, "meter_key": None}, CALLS]
    assert changed["version"]["interval"] == "month"
    draft = changed["draft"]
    assert (draft["version"], draft["trial_days"], draft["interval"]) == (2, 14, "year")
    assert draft["items"] == [CALLS]
    assert draft["entitlements"] == changed["version"]["entitlements"]


async def test_a_name_changes_at_once_and_makes_no_version(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.sell()

    renamed = await catalog.must("update_plan", plan_key="pro", name="Professional")

    assert (renamed["name"], renamed["draft"]) == ("Professional", None)


async def test_null_takes_away_and_what_is_left_out_stays(world: World) -> None:
    catalog = await Catalog.open(world)
    credits_ = {"amount": "100", "asset": "CREDIT/6", "rollover_max": "0", "expires_after_days": 9}
    await catalog.must("create_plan", **PRO, included_credits=credits_, notes="Why", trial_days=7)

    kept = (await catalog.must("update_plan", plan_key="pro", interval_count=3))["draft"]
    taken = (await catalog.must("update_plan", plan_key="pro", included_credits=None, notes=None))[
        "draft"
    ]

    assert kept["included_credits"] == credits_ | {
        "amount": "100.000000",
        "rollover_max": "0.000000",
    }
    assert (kept["interval"], kept["interval_count"], kept["notes"]) == ("month", 3, "Why")
    assert (taken["included_credits"], taken["notes"], taken["trial_days"]) == (None, None, 7)


async def test_an_archived_plan_is_sold_no_longer_and_can_still_be_read(world: World) -> None:
    catalog = await Catalog.open(world)
    sold = await catalog.sell()
    first = await catalog.must("archive_plan", plan_key="pro")

    assert first == await catalog.must("archive_plan", plan_key="pro")
    assert first["archived_at"] is not None
    read = await catalog.must("get_plan", catalog.viewer, plan_key="pro")
    assert read["version"]["state"] == "archived"
    assert read["version"]["items"] == sold["version"]["items"]
    assert (await catalog.must("list_plans"))["items"] == []
    [listed] = (await catalog.must("list_plans", include_archived=True))["items"]
    assert (listed["plan_key"], listed["version"]) == ("pro", None)
    for name, sent in (("update_plan", {"trial_days": 1}), ("publish_plan", {})):
        assert (await catalog.refused(name, plan_key="pro", **sent)).code == "plan_archived"
    refusal = await catalog.refused("create_plan", **PRO)
    assert refusal.code == "plan_key_taken", "a key names one plan for ever"


async def test_a_product_is_archived_after_its_plans(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.sell()

    refusal = await catalog.refused("archive_product", product_key="app")
    assert (refusal.code, refusal.plans) == ("product_in_use", ["pro"])
    await catalog.must("archive_plan", plan_key="pro")
    archived = await catalog.must("archive_product", product_key="app")

    assert archived["archived_at"] is not None
    refusal = await catalog.refused("create_plan", **PRO | {"plan_key": "other"})
    assert refusal.code == "product_archived"
    assert (await catalog.must("list_products"))["items"] == []


async def test_plans_are_listed_page_by_page(world: World) -> None:
    catalog = await Catalog.open(world)
    for key in ("c", "a", "b"):
        await catalog.must("create_plan", **PRO | {"plan_key": key})

    first = await catalog.must("list_plans", limit=2)
    rest = await catalog.must("list_plans", limit=2, cursor=first["next_cursor"])

    assert [each["plan_key"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None
    assert (await catalog.must("list_plans", product_key="nothing"))["items"] == []


async def test_what_is_published_is_told_once(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO)
    keyed = [await catalog.ask("publish_plan", "once", plan_key="pro") for _ in range(2)]

    assert keyed[0].unwrap() == keyed[1].unwrap()
    refusal = await catalog.refused("publish_plan", plan_key="pro", version=1)
    assert refusal.code == "plan_version_published"
    told = await catalog.must("list_audit_events", AUDITOR, action="plan.published")
    [event] = told["items"]
    changes = event["details"]["changes"]
    assert sorted(each for each in changes if each.startswith("items")) == [
        "items.calls",
        "items.calls.prices.usd",
        "items.fee",
        "items.fee.prices.usd",
    ]
    assert changes["items.fee.prices.usd"] == {"before": None, "after": FLAT}
    assert event["details"]["version"] == 1


async def test_of_ten_who_publish_at_once_exactly_one_does(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO)

    outcomes = await asyncio.gather(
        *(catalog.ask("publish_plan", plan_key="pro") for _ in range(10))
    )

    codes = sorted(each.error.code if each.error else "published" for each in outcomes)
    assert codes == ["plan_version_not_found"] * 9 + ["published"]
    shown = await catalog.must("get_plan", plan_key="pro")
    assert [each["version"] for each in shown["versions"]] == [1]


async def test_of_ten_who_read_one_revision_exactly_one_changes_it(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO)

    outcomes = await asyncio.gather(
        *(
            catalog.ask("update_plan", plan_key="pro", revision=1, trial_days=days)
            for days in range(1, 11)
        )
    )

    codes = sorted(each.error.code if each.error else "changed" for each in outcomes)
    assert codes == ["changed"] + ["draft_changed"] * 9
    [changed] = [each.unwrap() for each in outcomes if not each.error]
    shown = await catalog.must("get_plan", plan_key="pro")
    assert shown["draft"] == changed["draft"]
    assert shown["draft"]["revision"] == 2


async def test_of_ten_who_begin_a_draft_all_change_the_same_one(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.sell()

    outcomes = await asyncio.gather(
        *(catalog.ask("update_plan", plan_key="pro", trial_days=days) for days in range(1, 11))
    )

    assert len({each.unwrap()["draft"]["id"] for each in outcomes}) == 1
    assert sorted(each.unwrap()["draft"]["revision"] for each in outcomes) == [*range(1, 11)]


async def test_what_was_published_is_not_edited_by_its_number(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.sell()

    refusal = await catalog.refused("update_plan", plan_key="pro", version=1, trial_days=3)
    assert (refusal.code, refusal.version) == ("plan_version_published", 1)
    refusal = await catalog.refused("update_plan", plan_key="pro", version=2, trial_days=3)
    assert refusal.code == "plan_version_not_found", "nobody began the second one"
    await catalog.must("update_plan", plan_key="pro", trial_days=3)
    changed = await catalog.must("update_plan", plan_key="pro", version=2, items=[FEE])
    assert changed["draft"]["items"] == [{**FEE, "meter_key": None}]
    assert changed["draft"]["items"][0]["prices"]["usd"] == FLAT
