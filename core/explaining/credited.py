"""Explain what a wallet was credited with, moved, or lost: grants, transfers, what expired."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from core import coupons, ledger, subscriptions
from core.db.work import Work
from core.explaining.booked import Booked
from core.explaining.explained import Explained, moved, told
from core.kernel.ids import is_id
from core.kernel.money import Money
from core.ledger import AccountRole, tables

NOT_THERE = "the grant is not there"


async def explain_grant(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with the grant that it made: how much, on which terms, and by whose call."""
    grants = await _grants(work, booked, range(1))
    is_call = is_id("inv", cause)
    plain = Explained(
        origin="grant",
        origin_id=cause,
        summary="Credits given away" + (" by a call" if is_call else f" for {cause}"),
        expected={},
    )
    if not grants:
        return plain.but(NOT_THERE)
    [grant], asset = grants, booked.wallets[0].amount.asset
    given = Money(grant.amount, asset)
    return Explained(
        origin="grant",
        origin_id=cause,
        summary=f"{given} {plain.summary[8:]}",
        facts=told([*_terms(grant), ("amount", given.decimal), ("asset", str(asset))]),
        expected=moved(work.project_id, (AccountRole.PROMOTIONS, given), (_wallet(grant), -given)),
    )


async def explain_coupon(work: Work, booked: Booked, discount_id: str) -> Explained:
    """Compare with the coupon that was redeemed: its terms never change."""
    try:
        redeemed = await coupons.find_redemption(work, discount_id)
    except coupons.DiscountNotFound:
        plain = Explained(
            origin="coupon", origin_id=discount_id, summary="Credits of a coupon", expected={}
        )
        return plain.but("nobody redeemed it")
    coupon, wallet_id = redeemed.coupon, redeemed.wallet_id
    given = coupon.amount or Money(0, booked.wallets[0].amount.asset)
    explained = Explained(
        origin="coupon",
        origin_id=discount_id,
        summary=f"{given} for the coupon {coupon.key}",
        facts={
            "coupon_key": coupon.key,
            "redeemed_at": redeemed.redeemed_at.isoformat(),
            "amount": given.decimal,
            "asset": str(given.asset),
        },
        expected=moved(
            work.project_id,
            (AccountRole.PROMOTIONS, given),
            *([(wallet_id, -given)] if wallet_id else []),
        ),
    )
    is_its = redeemed.transaction_id == booked.id
    return explained if is_its else explained.but("what was redeemed names another transaction")


async def explain_subscription(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what a paid bill of a subscription brings, or with what may roll over."""
    given = await subscriptions.granted(work, booked.id)
    plain = Explained(
        origin="subscription", origin_id=cause, summary="Credits of a plan", expected={}
    )
    if given is None:
        return plain.but(NOT_THERE)
    rolled = given.kind == "rolled"
    source = AccountRole.BREAKAGE if rolled else AccountRole.PROMOTIONS
    how = "kept of the period before" if rolled else "included in a paid period"
    explained = replace(
        plain,
        origin_id=given.subscription_id,
        summary=f"{given.amount} {how}",
        facts=told(
            [
                ("bill_id", given.bill_id),
                ("amount", given.amount.decimal),
                ("asset", str(given.amount.asset)),
                ("expires_at", given.expires_at.isoformat() if given.expires_at else None),
            ]
        ),
        expected=moved(work.project_id, (source, given.amount), (given.wallet_id, -given.amount)),
    )
    if not rolled and given.amount != given.billed:
        return explained.but("the bill brings another amount")
    return explained


async def explain_transfer(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare the two wallets: what one gave, the other got, on the same terms."""
    gave = [each for each in booked.wallets if each.amount.amount < 0]
    got = [each for each in booked.wallets if each.amount.amount > 0]
    plain = Explained(
        origin="transfer", origin_id=cause, summary="Credits moved between wallets", expected={}
    )
    if len(gave) != 1 or len(got) != 1:
        return plain.but("it is not between two wallets")
    grants = await _grants(work, booked, range(len(booked.burned) + 2))
    asset = got[0].amount.asset
    amount = Money(sum(each.amount for each in grants), asset)
    return Explained(
        origin="transfer",
        origin_id=cause,
        summary=f"{amount} moved between wallets",
        facts={
            "amount": amount.decimal,
            "asset": str(asset),
            "from_wallet_id": str(gave[0].wallet_id),
            "to_wallet_id": str(got[0].wallet_id),
        },
        expected=moved(
            work.project_id, (str(gave[0].wallet_id), amount), (str(got[0].wallet_id), -amount)
        ),
    )


async def explain_breakage(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what was left of the grant when it expired; the reference says how much."""
    grant_id, _, rest = cause.partition(":")
    left, _, _ = rest.partition(":")
    plain = Explained(
        origin="breakage", origin_id=grant_id, summary="Credits that expired", expected={}
    )
    grants = await _named(work, booked, [grant_id]) if is_id("grt", grant_id) else []
    if not grants or not left.isdigit():
        return plain.but(NOT_THERE)
    [grant], asset = grants, booked.wallets[0].amount.asset
    amount = Money(int(left), asset)
    explained = Explained(
        origin="breakage",
        origin_id=grant_id,
        summary=f"{amount} left of a grant of {Money(grant.amount, asset)} when it expired",
        facts=told(
            [
                *_terms(grant),
                ("granted", Money(grant.amount, asset).decimal),
                ("left", amount.decimal),
                ("asset", str(asset)),
            ]
        ),
        expected=moved(work.project_id, (_wallet(grant), amount), (AccountRole.BREAKAGE, -amount)),
    )
    if grant.expires_at > booked.posted_at:
        return explained.but("the grant had not expired")
    if amount.amount > grant.amount:
        return explained.but("more is booked than was granted")
    return explained


def _terms(grant: Any) -> list[tuple[str, str | None]]:
    expires = None if grant.expires_at == ledger.NEVER else grant.expires_at.isoformat()
    return [
        ("grant_id", grant.id),
        ("source", grant.source),
        ("priority", str(grant.priority)),
        ("expires_at", expires),
    ]


def _wallet(grant: Any) -> str:
    return str(grant.account_id)


async def _grants(work: Work, booked: Booked, numbers: range) -> list[Any]:
    """Read those grants that the transaction made: a wallet gets one for each that paid for it."""
    return await _named(work, booked, [ledger.lot_id(booked.id, n) for n in numbers])


async def _named(work: Work, booked: Booked, grant_ids: list[str]) -> list[Any]:
    """Read grants of the wallets that the transaction moved."""
    g = tables.grants.c
    query = select(tables.grants).where(
        g.project_id == work.project_id,
        g.account_id.in_([each.account_id for each in booked.wallets]),
        g.id.in_(grant_ids),
    )
    return list(await work.execute(query))
