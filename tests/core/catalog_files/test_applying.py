"""A document is shown as what it would change, and then changes exactly that, or nothing."""

import asyncio

import pytest

from core import catalog
from tests.core.catalog_files.office import (
    BOOKS,
    CALLS,
    FEATURES,
    GIVES,
    document,
    fee,
    open_office,
    plan,
)
from tests.world import AUDITOR, OPERATOR, World

pytestmark = pytest.mark.anyio


async def test_what_is_made_is_planned_by_path_and_nothing_is_written(world: World) -> None:
    office = await open_office(world)
    before = await office.export()

    planned = await office.plan(document())

    assert planned == [
        ("plans.pro", "create"),
        ("plans.pro.published.interval", "publish"),
        ("plans.pro.published.interval_count", "publish"),
        ("plans.pro.published.items.calls", "publish"),
        ("plans.pro.published.items.calls.prices.usd", "publish"),
        ("plans.pro.published.items.fee", "publish"),
        ("plans.pro.published.items.fee.prices.usd", "publish"),
        ("plans.pro.published.trial_days", "publish"),
    ]
    assert await office.export() == before


async def test_what_was_planned_is_what_is_done(world: World) -> None:
    office = await open_office(world)

    assert await office.apply(document()) > 0

    version = await office.shop.on_sale("pro")
    assert [each.key for each in version.items] == ["fee", "calls"]
    assert version.number == 1
    assert await office.plan(document()) == []


async def test_an_unchanged_document_changes_nothing(world: World) -> None:
    office = await open_office(world)
    await office.apply(document({"pro": plan(fee(), CALLS, draft={"items": [fee(25)]})}))
    world.clock.advance(days=1)
    exported = await office.export()

    assert await office.apply(exported) == 0

    assert await office.export() == exported
    assert (await office.shop.on_sale("pro")).number == 1


async def test_another_price_is_another_version_and_only_that_is_shown(world: World) -> None:
    office = await open_office(world)
    await office.apply(document())
    text = document({"pro": plan(fee(25), CALLS, name="Professional")})

    planned = await office.must("plan_catalog", document=text)

    assert planned["changes"] == [
        {
            "path": "plans.pro.name",
            "action": "update",
            "before": "Pro",
            "after": "Professional",
        },
        {
            "path": "plans.pro.published.items.fee.prices.usd",
            "action": "publish",
            "before": {"model": "flat", "amount": "20"},
            "after": {"model": "flat", "amount": "25"},
        },
    ]
    await office.apply(text)
    version = await office.shop.on_sale("pro")
    assert (version.number, version.plan.name) == (2, "Professional")


async def test_what_the_document_leaves_out_is_archived(world: World) -> None:
    office = await open_office(world)
    await office.apply(document())
    text = document({}, products={}, features={"sso": FEATURES["sso"]})

    assert await office.plan(text) == [
        ("plans.pro", "archive"),
        ("features.calls", "archive"),
        ("features.seats", "archive"),
        ("products.app", "archive"),
    ]
    await office.apply(text)
    told = await office.exported()
    assert (told.get("plans"), told.get("products")) == (None, None)
    assert [*told["features"]] == ["sso"]


async def test_products_and_price_books_are_made_and_changed(world: World) -> None:
    office = await open_office(world)
    launch = {
        "name": "Launch",
        "currency": "USD/2",
        "starts_at": "2026-12-01T00:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
        "priority": 10,
    }
    euros = {**BOOKS["eur"], "name": "Euro"}
    dollars = {**BOOKS["usd"], "is_default": False}
    text = document(
        {},
        price_books={"eur": euros, "launch": launch, "usd": dollars, "us": {**BOOKS["usd"]}},
        products={"app": {"name": "App", "description": "All of it"}, "new": {"name": "New"}},
    )

    assert await office.plan(text) == [
        ("price_books.eur.name", "update"),
        ("price_books.launch", "create"),
        ("price_books.us", "create"),
        ("price_books.usd.is_default", "update"),
        ("products.app.description", "update"),
        ("products.new", "create"),
    ]
    await office.apply(text)
    assert await office.plan(text) == []
    told = await office.exported()
    assert told["price_books"] == {
        "eur": euros,
        "launch": launch,
        "us": BOOKS["usd"],
        "usd": {"name": "USD", "currency": "USD/2"},
    }


async def test_a_version_of_later_is_scheduled_and_is_what_is_sold_once_it_has_come(
    world: World,
) -> None:
    office = await open_office(world)
    await office.apply(document())
    later = {"effective_at": "2026-12-01T00:00:00Z", "items": [fee(25), CALLS]}
    text = document({"pro": plan(fee(), CALLS, scheduled=later)})

    assert {action for _, action in await office.plan(text)} == {"schedule"}
    await office.apply(text)

    assert (await office.shop.on_sale("pro")).number == 1
    assert await office.plan(text) == []
    assert (await office.exported())["plans"]["pro"]["scheduled"]["effective_at"] == (
        "2026-12-01T00:00:00Z"
    )
    world.clock.advance(days=30)
    assert await office.plan(text) == [], "the same document says what is sold by now"
    assert (await office.shop.on_sale("pro")).number == 2


async def test_a_scheduled_version_stays_to_come_when_another_is_published_before_it(
    world: World,
) -> None:
    office = await open_office(world)
    later = {"effective_at": "2026-12-01T00:00:00Z", "items": [fee(25), CALLS]}
    await office.apply(document({"pro": plan(fee(), CALLS, scheduled=later)}))

    text = document({"pro": plan(fee(22), CALLS, scheduled=later)})
    await office.apply(text)

    assert await office.plan(text) == []
    now = await office.shop.on_sale("pro")
    assert now.number == 3
    world.clock.advance(days=30)
    assert (await office.shop.on_sale("pro")).number == 4


async def test_a_draft_is_written_and_outlives_a_publication(world: World) -> None:
    office = await open_office(world)
    drafted = {"items": [fee(30)], "notes": "Dearer next year"}
    await office.apply(document({"pro": plan(fee(), CALLS, draft=drafted)}))

    text = document({"pro": plan(fee(22), CALLS, draft=drafted)})
    await office.apply(text)

    assert await office.plan(text) == []
    async with world.database.read(OPERATOR) as work:
        draft = await catalog.draft_of(work, "pro")
    assert (draft.number, draft.notes) == (3, "Dearer next year")


# -- All of it or nothing --------------------------------------------------------------------------


async def test_what_changed_meanwhile_is_a_conflict_and_nothing_is_applied(world: World) -> None:
    office = await open_office(world)
    await office.apply(document())
    text = document({"pro": plan(fee(25), CALLS)})
    shown = await office.must("plan_catalog", document=text)
    await office.shop.change("pro", items=[fee("23") | {"name": "Dues"}])
    await office.shop.publish("pro")
    before = await office.export()

    outcome = await office.ask("apply_catalog", document=text, expected_digest=shown["digest"])

    assert outcome.error is not None
    assert outcome.error.code == "catalog_changed"
    assert await office.export() == before
    now = await office.must("plan_catalog", document=text)
    assert outcome.error.facts["digest"] == now["digest"] != shown["digest"]


async def test_of_ten_who_apply_at_once_what_they_were_shown_exactly_one_does(
    world: World,
) -> None:
    office = await open_office(world)
    await office.apply(document())
    text = document({"pro": plan(fee(25), CALLS)})
    digest = (await office.must("plan_catalog", document=text))["digest"]

    outcomes = await asyncio.gather(
        *(office.ask("apply_catalog", document=text, expected_digest=digest) for _ in range(10))
    )

    codes = [each.error.code if each.error else "applied" for each in outcomes]
    assert sorted(codes) == ["applied", *["catalog_changed"] * 9]
    assert (await office.shop.on_sale("pro")).number == 2


async def test_a_document_that_cannot_be_applied_whole_is_not_applied_at_all(
    world: World,
) -> None:
    office = await open_office(world)
    await office.apply(document())
    before = await office.export()
    text = document(
        {"pro": plan(fee(25), CALLS), "team": plan(fee(), name="Team", product="gone")},
    )

    assert await office.problems(text) == {
        "plans.team.product": "there is no product gone in the document"
    }
    assert await office.export() == before


async def test_only_operators_apply_and_staff_may_look(world: World) -> None:
    office = await open_office(world)
    text = document()
    digest = (await office.must("plan_catalog", document=text))["digest"]

    looked = await office.ask("plan_catalog", AUDITOR, document=text)
    refused = await office.ask("apply_catalog", AUDITOR, document=text, expected_digest=digest)

    assert looked.unwrap()["digest"] == digest
    assert refused.error is not None
    assert refused.error.code == "not_allowed"


# -- What is refused -------------------------------------------------------------------------------

HERE = document({"pro": plan(fee(), CALLS, scheduled=None, draft={"items": [fee(30)]})})
LATER = {"effective_at": "2026-12-01T00:00:00Z", "items": [fee(25)]}
REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "no mapping": ("- a", {"document": "must be a mapping that begins with catalog: 1"}),
    "another format": ("catalog: 2", {"catalog": "must be 1, the format this version reads"}),
    "an unknown member": (
        document({"pro": plan(fee(), colour="red")}),
        {"plans.pro.colour": "Extra inputs are not permitted"},
    ),
    "a float where a whole number belongs": (
        document({"pro": plan(fee(), published={"trial_days": "1.5", "items": [fee()]})}),
        {"plans.pro.published.trial_days": "Input should be a valid integer"},
    ),
    "a product that is not there": (
        document({"pro": plan(fee(), CALLS, product="shop")}),
        {"plans.pro.product": "there is no product shop in the document"},
    ),
    "a feature that is not there": (
        document(
            {"pro": plan(published={"items": [fee()], "entitlements": [{"feature_key": "x"}]})}
        ),
        {
            "plans.pro.published.entitlements.0.feature_key": (
                "there is no feature x, here or in the document"
            )
        },
    ),
    "a meter that is not there": (
        document({"pro": plan(CALLS | {"meter_key": "nothing"})}),
        {"plans.pro.published.items.0.meter_key": "there is no meter nothing; see list_meters"},
    ),
    "a price that is none": (
        document({"pro": plan(fee("-1"))}),
        {
            "plans.pro.published.items.0.prices.usd.amount": (
                'must be a decimal number in quotes that is not below zero, such as "2.50"'
            )
        },
    ),
    "tiers that do not rise": (
        document(
            {
                "pro": plan(
                    CALLS
                    | {
                        "prices": {
                            "usd": {
                                "model": "volume",
                                "tiers": [
                                    {"up_to": 10, "unit": 1},
                                    {"up_to": 5, "unit": 1},
                                    {"unit": 1},
                                ],
                            }
                        }
                    }
                )
            }
        ),
        {"plans.pro.published.items.0.prices.usd.tiers.1.up_to": "tiers_unordered"},
    ),
    "an item without a price": (
        document({"pro": plan(fee(), CALLS | {"prices": {}})}),
        {
            "plans.pro.published.items.1.prices.usd": (
                "is missing: items.0 has a price in usd, so this one needs one"
            )
        },
    ),
    "another currency": (
        document(price_books=BOOKS | {"usd": {**BOOKS["usd"], "currency": "USD/6"}}),
        {"price_books.usd.currency": "never changes: it is USD/2"},
    ),
    "a book left out": (
        document({}, price_books={"usd": BOOKS["usd"]}),
        {"price_books.eur": "must not be left out: a price book is not archived; end it"},
    ),
    "two defaults": (
        document(price_books=BOOKS | {"us": BOOKS["usd"]}),
        {"price_books.usd.is_default": "must be false: price_books.us is the default of USD/2"},
    ),
    "another feature": (
        document(features=FEATURES | {"sso": {"name": "Sso", "kind": "limit"}}),
        {"features.sso.kind": "never changes: it is switch"},
    ),
    "another product": (
        document(
            {"pro": plan(fee(), CALLS, product="new", draft={"items": [fee(30)]})},
            products={"app": {"name": "App"}, "new": {"name": "New"}},
        ),
        {"plans.pro.product": "never changes: it is app"},
    ),
    "what was published": (
        document({"pro": {"product": "app", "name": "Pro", "draft": {"items": [fee(30)]}}}),
        {"plans.pro.published": "cannot be taken back; leave the whole plan out to archive it"},
    ),
    "a draft that would be lost": (
        document({"pro": plan(fee(25), CALLS)}),
        {
            "plans.pro.draft": (
                "is being drafted here and would be lost; put it into the document, or publish it"
            )
        },
    ),
    "nothing to say": (
        document({"new": {"product": "app", "name": "New"}, "pro": plan(fee(), CALLS)}),
        {"plans.new": "needs published, scheduled or draft: what the plan says"},
    ),
}


@pytest.mark.parametrize(("text", "problems"), REFUSED.values(), ids=REFUSED)
async def test_what_no_catalog_can_be_is_refused_with_the_path_and_what_would_be_right(
    world: World, text: str, problems: dict[str, str]
) -> None:
    office = await open_office(world)
    await office.apply(HERE)
    before = await office.export()

    assert await office.problems(text) == problems

    assert await office.export() == before


async def test_what_takes_effect_later_cannot_be_taken_back(world: World) -> None:
    office = await open_office(world)
    await office.apply(document({"pro": plan(fee(), CALLS, scheduled=LATER)}))

    told = await office.problems(document())

    assert told == {
        "plans.pro.scheduled": (
            "takes effect at 2026-12-01T00:00:00Z and cannot be taken back; "
            "schedule another in its place"
        )
    }


async def test_a_key_that_was_archived_is_taken_for_ever(world: World) -> None:
    office = await open_office(world)
    await office.apply(document())
    await office.apply(document({}))

    told = await office.problems(document())

    assert told == {
        "plans.pro": "was archived here, and a key names one thing for ever; choose another key"
    }


async def test_what_was_published_is_not_asked_again_what_was_archived_since(
    world: World,
) -> None:
    office = await open_office(world)
    gives = {"items": [fee()], "entitlements": GIVES}
    await office.apply(document({"pro": plan(published=gives)}))
    async with world.database.begin(OPERATOR) as work:
        await catalog.archive_feature(work, "sso")

    assert await office.plan(await office.export()) == []
