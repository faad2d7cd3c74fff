"""A catalog to test with, made of the slice's own functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import catalog, metering
from core.catalog import reading, shapes
from core.db.work import Work
from core.kernel.money import Asset
from core.metering import meters
from tests.world import OPERATOR, World

FEE = {"key": "fee", "name": "Fee", "kind": "recurring"}
CALLS = {"key": "calls", "name": "Calls", "kind": "usage", "meter_key": "calls"}
FLAT = {"model": "flat", "amount": "20"}
EACH = {"model": "per_unit", "unit": "0.05"}
PRO = [FEE | {"prices": {"usd": FLAT}}, CALLS | {"prices": {"usd": EACH}}]
SEATS = {"feature_key": "seats", "limit": "5"}


@dataclass
class Shop:
    world: World

    @classmethod
    async def open(cls, world: World) -> "Shop":
        """Open it with meters, a feature of each kind, a product, and books for two currencies."""
        shop = cls(world)
        async with world.database.begin(OPERATOR) as work:
            for key, aggregation in (("calls", "count"), ("tokens", "sum"), ("peak", "max")):
                await meters.create(work, meter(work, key, aggregation))
            for key, kind, metered in (
                ("sso", "switch", None),
                ("seats", "limit", None),
                ("calls", "quota", "calls"),
            ):
                await catalog.create_feature(work, feature(work, key, kind, metered))
            await catalog.create_product(work, product(work, "app"))
            await catalog.create_book(work, book(work, "usd", "USD/2", is_default=True))
            await catalog.create_book(work, book(work, "eur", "EUR/2", is_default=True))
        return shop

    async def plan(
        self,
        key: str = "pro",
        items: Sequence[Mapping[str, Any]] = PRO,
        entitlements: Sequence[Mapping[str, Any]] = (),
        **more: Any,
    ) -> catalog.PlanVersion:
        """Make a plan with a draft."""
        async with self.world.database.begin(OPERATOR) as work:
            terms = await written(work, items, entitlements, **more)
            return await catalog.create_plan(work, plan(work, key), terms)

    async def publish(self, key: str = "pro", **how: Any) -> catalog.PlanVersion:
        async with self.world.database.begin(OPERATOR) as work:
            return await catalog.publish(work, key, **how)

    async def change(
        self, key: str = "pro", *, named: Mapping[str, Any] | None = None, **terms: Any
    ) -> catalog.PlanVersion:
        """Change the draft, or begin one."""
        async with self.world.database.begin(OPERATOR) as work:
            if "items" in terms:
                terms["items"] = (await written(work, terms["items"], ())).items
            draft = await catalog.change_plan(work, key, named=named or {}, terms=terms)
        assert draft is not None
        return draft

    async def on_sale(self, key: str = "pro", number: int | None = None) -> catalog.PlanVersion:
        async with self.world.database.read(OPERATOR) as work:
            return await catalog.find_version(work, key, number)


async def written(
    work: Work,
    items: Sequence[Mapping[str, Any]],
    entitlements: Sequence[Mapping[str, Any]],
    **more: Any,
) -> catalog.Terms:
    forms = [shapes.ItemForm.model_validate(each) for each in items]
    given = [shapes.EntitledForm.model_validate(each) for each in entitlements]
    known = await reading.known(
        work, [each.meter_key for each in forms], [each.feature_key for each in given]
    )
    told: dict[str, Any] = {
        "interval": catalog.Interval(catalog.IntervalUnit.MONTH),
        "trial_days": 0,
        "included": None,
        "notes": None,
        **more,
    }
    read = reading.read_items(forms, known), reading.read_entitlements(given, known)
    return catalog.Terms(items=read[0], entitlements=read[1], **told)


def meter(work: Work, key: str, aggregation: str) -> metering.Meter:
    return metering.Meter(
        id=work.ids.new("mtr"),
        key=key,
        name=key.title(),
        aggregation=metering.Aggregation(aggregation),
        unit=key.rstrip("s"),
        property=None,
        price=Decimal(0),
        asset=Asset.parse("USD/2"),
        created_at=work.now,
    )


def feature(work: Work, key: str, kind: str, metered: str | None) -> catalog.Feature:
    return catalog.Feature(
        id=work.ids.new("ftr"),
        key=key,
        name=key.title(),
        kind=catalog.FeatureKind(kind),
        unit=None if kind == "switch" else key.rstrip("s"),
        meter_key=metered,
        created_at=work.now,
    )


def product(work: Work, key: str) -> catalog.Product:
    return catalog.Product(
        id=work.ids.new("prd"),
        key=key,
        name=key.title(),
        description=None,
        created_at=work.now,
        updated_at=work.now,
    )


def book(
    work: Work,
    key: str,
    asset: str,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    priority: int = 0,
    is_default: bool = False,
) -> catalog.PriceBook:
    return catalog.PriceBook(
        id=work.ids.new("pbk"),
        key=key,
        name=key.upper(),
        asset=Asset.parse(asset),
        starts_at=starts_at,
        ends_at=ends_at,
        priority=priority,
        is_default=is_default,
        revision=1,
        created_at=work.now,
        updated_at=work.now,
    )


def plan(work: Work, key: str) -> catalog.Plan:
    return catalog.Plan(
        id=work.ids.new("pln"),
        key=key,
        product_key="app",
        name=key.title(),
        description=None,
        created_at=work.now,
        updated_at=work.now,
    )
