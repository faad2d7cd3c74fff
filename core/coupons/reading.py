"""Read what was sent about a coupon: each kind has its own fields, and only those."""

from decimal import Decimal
from typing import Any

from core.coupons.model import Coupon, Duration, Kind
from core.coupons.shapes import CreateCoupon
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.operations.errors import invalid
from core.operations.fields import money

_NEEDED = {
    Kind.PERCENT: ("percent",),
    Kind.AMOUNT: ("amount", "asset"),
    Kind.CREDITS: ("amount", "asset"),
    Kind.TRIAL: ("trial_days",),
}
_ALSO = {
    Kind.PERCENT: ("product_keys", "minimum_amount", "asset"),
    Kind.AMOUNT: ("product_keys", "minimum_amount"),
    Kind.CREDITS: ("credits_expire_after_days",),
    Kind.TRIAL: ("product_keys",),
}
_OWN = sorted({name for told in (*_NEEDED.values(), *_ALSO.values()) for name in told})
_HUNDRED = 100


def coupon_of(work: Work, sent: CreateCoupon) -> Coupon:
    """Make the coupon, or refuse by its name the field that is missing, left over or wrong."""
    kind, duration = Kind(sent.kind), Duration(sent.duration)
    _require_fields(kind, sent)
    if not kind.is_on_bills and duration is not Duration.ONCE:
        raise invalid("duration", f"must be once for {kind}, which are given once")
    if (duration is Duration.REPEATING) != (sent.periods is not None):
        raise invalid("periods", "is required for repeating, and for nothing else")
    if sent.redeem_by and sent.redeem_by <= work.now:
        raise invalid("redeem_by", "must be later than now")
    return Coupon(
        id=work.ids.new("cpn"),
        key=sent.coupon_key,
        name=sent.name,
        description=sent.description,
        kind=kind,
        duration=duration,
        product_keys=tuple(sorted(set(sent.product_keys or ()))),
        percent=_percent(sent.percent),
        amount=_amount(sent.amount, sent.asset, "amount"),
        minimum=_amount(sent.minimum_amount, sent.asset, "minimum_amount"),
        created_at=work.now,
        updated_at=work.now,
        **{name: getattr(sent, name) for name in _PLAIN},
    )


_PLAIN = (
    *("credits_expire_after_days", "trial_days", "periods", "stackable", "first_purchase_only"),
    *("redemptions_max", "redemptions_per_project", "redeem_by"),
)


def _require_fields(kind: Kind, sent: CreateCoupon) -> None:
    for name in _NEEDED[kind]:
        if getattr(sent, name) is None:
            raise invalid(name, f"is required for the kind {kind}")
    for name in _OWN:
        if name not in (*_NEEDED[kind], *_ALSO[kind]) and getattr(sent, name) is not None:
            raise invalid(name, f"must be left out for the kind {kind}")
    if kind is Kind.PERCENT and (sent.asset is None) != (sent.minimum_amount is None):
        raise invalid("asset", "is what minimum_amount is in, and is sent together with it")


def _percent(text: str | None) -> Decimal | None:
    if text is None:
        return None
    percent = Decimal(text)
    if not 0 < percent <= _HUNDRED:
        raise invalid("percent", "must be greater than 0, and at most 100")
    return Decimal(f"{percent.normalize():f}")


def _amount(text: str | None, asset: str | None, field: str) -> Money | None:
    return money(text, Asset.parse(asset), field) if text and asset else None


def changes_of(work: Work, sent: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be changed: null takes a limit away, but a name and a count stay."""
    for name in ("name", "redemptions_per_project"):
        if name in sent and sent[name] is None:
            raise invalid(name, "cannot be taken away; leave it out to keep it")
    if sent.get("redeem_by") and sent["redeem_by"] <= work.now:
        raise invalid("redeem_by", "must be later than now")
    return sent
