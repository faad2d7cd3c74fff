"""What a caller can do with credit packs: operators sell, projects see what is for sale to them."""

from datetime import datetime
from typing import Any

from core import payments, projects
from core.db import paging
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Asset, Money
from core.operations.fields import money
from core.operations.given import given
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.packs import changing, finding
from core.packs.errors import PackArchived, PackKeyTaken, PackNotFound
from core.packs.model import Pack, Price, Visibility
from core.packs.shapes import (
    CatalogPack,
    CreateCreditPack,
    ListCreditPacks,
    NamedCreditPack,
    PackList,
    UpdateCreditPack,
    bonus,
    listed,
    pack_view,
)
from core.packs.syncing import errand_of

STARTER = {
    "pack_key": "starter",
    "name": "Starter",
    "credits": "1000",
    "asset": "CREDIT/6",
    "price": "10.00",
    "currency": "USD/2",
}
NOT_PAYABLE = (
    payments.CurrencyNotTaken,
    payments.AmountTooSmall,
    payments.AmountTooLarge,
    payments.AmountNotPayable,
)


def _errand(pack: CatalogPack, _now: datetime) -> Errand | None:
    return errand_of(pack.id, pack.version) if pack.sync_state == "waiting" else None


async def _anew(work: Work, pack: CatalogPack) -> CatalogPack:
    return await _shown(work, await finding.find(work, pack.pack_key))


SYNCED = Afterwards(errand=_errand, answer=_anew)


@operation(
    "POST /v1/credit-packs",
    title="Create credit pack",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(PackKeyTaken, projects.ProjectNotFound, *NOT_PAYABLE),
    examples=(
        Example(title="A thousand credits for ten dollars", arguments=STARTER),
        Example(
            title="With a bonus, for a year, for one customer",
            arguments=STARTER
            | {
                "pack_key": "yearly",
                "bonus_credits": "100",
                "expires_after_days": 365,
                "visibility": "listed",
                "visible_to": ["prj_01jd3x8k5vq2m7r9t4w6y0z1ab"],
            },
        ),
    ),
    afterwards=SYNCED,
)
async def create_credit_pack(work: Work, request: CreateCreditPack) -> CatalogPack:
    """Put credits up for sale. Platform operators only.

    The payment provider is told at once; sync_state and sync_reason say whether it takes the pack,
    and on_sale whether it can be bought. Bonus credits are given on top and are not paid for.
    """
    asset, currency = Asset.parse(request.asset), Asset.parse(request.currency)
    price = _payable(money(request.price, currency, "price"))
    shown_to = listed(request.visibility, request.visible_to)
    await _known(work, shown_to)
    pack_id = work.ids.new("pck")
    asked = Price(id=work.ids.new("prc"), pack_id=pack_id, money=price, created_at=work.now)
    pack = Pack(
        id=pack_id,
        key=request.pack_key,
        name=request.name,
        description=request.description,
        credits=money(request.credits, asset, "credits"),
        bonus=bonus(request.bonus_credits, asset),
        expires_after_days=request.expires_after_days,
        visibility=Visibility(request.visibility),
        price=asked,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    return await _shown(work, await changing.create(work, pack, shown_to))


@operation(
    "PATCH /v1/credit-packs/{pack_key}",
    title="Update credit pack",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PackNotFound, PackArchived, projects.ProjectNotFound, *NOT_PAYABLE),
    examples=(Example(title="Another price", arguments={"pack_key": "starter", "price": "12.00"}),),
    afterwards=SYNCED,
)
async def update_credit_pack(work: Work, request: UpdateCreditPack) -> CatalogPack:
    """Change a pack for whoever buys it from now on. Platform operators only.

    What was sold stays as it was sold, and a checkout that is open keeps its price. Fields that
    are left out stay. Currency, asset and key never change; make another pack for that.
    """
    pack, sent = await finding.find(work, request.pack_key), request.model_fields_set
    changes: dict[str, Any] = {}
    if request.name:
        changes["name"] = request.name
    if request.credits:
        changes["credits"] = money(request.credits, pack.credits.asset, "credits")
    if "bonus_credits" in sent:
        changes["bonus"] = bonus(request.bonus_credits, pack.bonus.asset)
    for name in ("description", "expires_after_days"):
        if name in sent:
            changes[name] = getattr(request, name)
    visibility = Visibility(request.visibility or pack.visibility)
    shown_to = None
    if request.visible_to is not None or visibility is not pack.visibility:
        shown_to = listed(visibility, request.visible_to)
        await _known(work, shown_to)
    price = None
    if request.price:
        price = _payable(money(request.price, pack.price.money.asset, "price"))
    changes["visibility"] = visibility
    changed = await changing.change(work, request.pack_key, changes, price=price, projects=shown_to)
    return await _shown(work, changed)


@operation(
    "POST /v1/credit-packs/{pack_key}/archive",
    title="Archive credit pack",
    toolset=Toolset.PAYMENTS,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(PackNotFound,),
    examples=(Example(title="Sell it no longer", arguments={"pack_key": "starter"}),),
    afterwards=SYNCED,
)
async def archive_credit_pack(work: Work, request: NamedCreditPack) -> CatalogPack:
    """Sell a pack no longer. Platform operators only. What was sold stays with who bought it.

    A checkout that is open can still be paid. Archiving it again changes nothing.
    """
    return await _shown(work, await changing.archive(work, request.pack_key))


@operation(
    "GET /v1/credit-packs",
    title="List credit packs",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What is for sale", arguments={}),),
)
async def list_credit_packs(work: Work, request: ListCreditPacks) -> PackList:
    """List the credit packs that are for sale, by key. A project sees those shown to it.

    Open a checkout for one with create_checkout. Platform staff see every pack, and how far the
    payment provider knows it.
    """
    after = paging.after(request.cursor, parts=1)
    found = await finding.list_after(
        work,
        after[0] if after else None,
        request.limit + 1,
        archived=request.include_archived,
    )
    shown = paging.page(found, request.limit, lambda pack: [pack.key])
    staff = work.caller.is_platform
    # Staff who bound themselves to one project are told of no other.
    tells = staff and not work.caller.project_id
    to = await finding.projects_of(work, [each.id for each in shown.items]) if tells else {}
    items = [pack_view(each, to.get(each.id), for_staff=staff) for each in shown.items]
    return PackList(items=items, next_cursor=shown.next_cursor)


def _payable(price: Money) -> Money:
    """Refuse a price that nobody can pay, before anybody is asked for it."""
    limits = given(payments.Limits)
    return limits.require(price) if limits else price


async def _known(work: Work, project_ids: list[str]) -> None:
    for each in project_ids:
        await projects.find_project(work, each, None)


async def _shown(work: Work, pack: Pack) -> CatalogPack:
    to = await finding.projects_of(work, [pack.id])
    return pack_view(pack, to[pack.id], for_staff=True)


OPERATIONS = (create_credit_pack, update_credit_pack, archive_credit_pack, list_credit_packs)
