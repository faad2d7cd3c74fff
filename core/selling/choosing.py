"""What is sold to a project: a version of a plan, in one of its price books, in quantities."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core import catalog, coupons, projects, wallets
from core.catalog import ItemKind, PlanVersion
from core.db.work import Work
from core.kernel.money import Asset
from core.lifecycles import Choice, Priced, Sold, Subscription
from core.operations.errors import invalid
from core.selling.errors import QuantityForNothing


async def choose(
    work: Work, version: PlanVersion, asset: Asset, quantities: Mapping[str, int]
) -> Priced:
    """Price a version as it is sold now, in this currency. Raises NoPriceInCurrency."""
    if version.plan.archived_at:
        raise catalog.PlanArchived(version.plan_key)
    book = await catalog.choose_book(work, version, asset, work.now)
    told = _counted(version, _recurring(version), quantities)
    choice = Choice(version.id, version.plan_key, version.number, book.key, told)
    return Priced(choice, Sold(version, book.key, asset, told))


async def choose_for(
    work: Work, of: Subscription, version: PlanVersion, quantities: Mapping[str, int]
) -> Priced:
    """Price a version for a subscription, in its own currency.

    What it is on already stays at the prices at which it was sold, also when it is sold no more.
    """
    if version.id != of.choice.version_id:
        chosen = await choose(work, version, of.asset, quantities)
    else:
        items = _recurring(version)
        told = _counted(version, items, quantities)
        choice = replace(of.choice, quantities=told)
        chosen = Priced(choice, Sold(version, choice.book_key, of.asset, told))
    return replace(chosen, discounts=await discounts(work, of.asset, of.id))


def _recurring(version: PlanVersion) -> list[str]:
    return [each.key for each in version.items if each.kind is ItemKind.RECURRING]


def _counted(
    version: PlanVersion, items: Sequence[str], quantities: Mapping[str, int]
) -> dict[str, int]:
    """Say how many of each item there are: one of what is not named."""
    for key in quantities:
        if key not in items:
            raise QuantityForNothing(f"quantities.{key}", version.plan_key, list(items))
    return {key: quantities.get(key, 1) for key in items}


Known = dict[str, PlanVersion]
"""Versions by their ids, for whoever prices many: what was published never changes."""


async def version_of(work: Work, version_id: str, known: Known | None = None) -> PlanVersion:
    version = (known or {}).get(version_id)
    if version is None:
        version = await catalog.version_by_id(work, version_id)
        if known is not None:
            known[version.id] = version
    return version


async def sold(work: Work, choice: Choice, asset: Asset, known: Known | None = None) -> Sold:
    """Return what was sold, at the prices of then: whoever holds a version keeps it."""
    version = await version_of(work, choice.version_id, known)
    return Sold(version, choice.book_key, asset, choice.quantities)


async def priced(
    work: Work, of: Subscription, choice: Choice, known: Known | None = None
) -> Priced:
    """Return a choice of a subscription with its price, and what would come off its next bill."""
    what = await sold(work, choice, of.asset, known)
    return Priced(choice, what, await discounts(work, of.asset, of.id))


async def discounts(work: Work, asset: Asset, subscription_id: str) -> list[coupons.Discount]:
    return await coupons.active(work, work.project_id, currency=asset, reference=subscription_id)


async def currency(work: Work, version: PlanVersion, told: str | None) -> Asset:
    """Return the currency to sell in: the one that is asked for, or the project's, or the only."""
    if told is not None:
        return Asset.parse(told)
    books = (await catalog.books(work)).values()
    assets = {each.asset for each in books}
    sold_in = {each for each in assets if catalog.book_for(version, books, each, work.now)}
    own = (await projects.get_project(work)).currency
    fitting = {each for each in sold_in if own in {None, each.code}} or sold_in
    if len(fitting) != 1:
        known = ", ".join(sorted(map(str, sold_in))) or "no currency"
        raise invalid("currency", f"is required: the plan is sold in {known}")
    return fitting.pop()


async def wallet_for(work: Work, version: PlanVersion, wallet_id: str | None) -> str | None:
    """Return the wallet that gets the plan's credits; None where it includes none.

    Raises WalletNotFound, NoWalletForAsset, or AssetsDiffer, before anything is promised.
    """
    if version.included is None:
        return None
    asset = version.included.amount.asset
    if wallet_id is None:
        return (await wallets.default_wallet(work, asset)).id
    wallet = await wallets.find(work, wallet_id)
    if wallet.asset != asset:
        raise wallets.AssetsDiffer(str(asset), str(wallet.asset))
    return wallet.id
