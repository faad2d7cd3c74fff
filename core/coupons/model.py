"""Coupons, promotion codes and what projects redeemed, as frozen values. Pure.

A coupon says what is given, for how long and to how many; a promotion code is a word by which it is
had; a redemption is what one project has of it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.coupons.discounting import Discount
from core.kernel.money import Money


class Kind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    """So much money less, in one currency and no other."""
    CREDITS = "credits"
    """Credits into a wallet, at once."""
    TRIAL = "trial"
    """So many days more before the first bill."""

    @property
    def is_on_bills(self) -> bool:
        """Whether it makes bills smaller, and so may stand beside others on one."""
        return self in {Kind.PERCENT, Kind.AMOUNT}


class Duration(StrEnum):
    """Of how many billed periods a discount is taken off."""

    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


class State(StrEnum):
    """What has become of a redemption."""

    RESERVED = "reserved"
    """For a checkout that is open."""
    ACTIVE = "active"
    """It is taken off what is billed next."""
    USED = "used"
    """Every period of it was billed, or the checkout it was for was paid."""
    GRANTED = "granted"
    """Its credits are in the wallet."""
    REMOVED = "removed"
    RELEASED = "released"
    """The checkout it was for came to nothing: it counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """Its terms never change: another offer is another coupon. Its limits may."""

    id: str
    key: str
    name: str
    description: str | None
    kind: Kind
    percent: Decimal | None = None
    amount: Money | None = None
    """What an amount takes off, or the credits it gives."""
    credits_expire_after_days: int | None = None
    trial_days: int | None = None
    duration: Duration = Duration.ONCE
    periods: int | None = None
    product_keys: tuple[str, ...] = ()
    """Only lines of these products; none for everything."""
    minimum: Money | None = None
    stackable: bool = True
    first_purchase_only: bool = False
    redemptions_max: int | None = None
    redemptions_per_project: int = 1
    redeem_by: datetime | None = None
    redeemed: int = 0
    version: int = 1
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def periods_at_first(self) -> int | None:
        """How many periods a redemption has; None for all that come."""
        return {Duration.ONCE: 1, Duration.FOREVER: None}.get(self.duration, self.periods)

    def discount(self, discount_id: str) -> Discount:
        """Return what a redemption of it takes off a bill. Only for kinds that do."""
        off = self.percent if self.kind is Kind.PERCENT else self.amount
        assert self.kind.is_on_bills, f"{self.kind} makes no bill smaller"
        assert off is not None, "the table holds it for its kind"
        return Discount(
            id=discount_id,
            coupon_key=self.key,
            off=off,
            product_keys=frozenset(self.product_keys),
            minimum=self.minimum,
            recurs=self.duration is not Duration.ONCE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCode:
    id: str
    coupon_id: str
    code: str
    project_id: str | None
    """The only project that may redeem it; None for every one."""
    redemptions_max: int | None
    redeem_by: datetime | None
    first_purchase_only: bool
    redeemed: int
    created_at: datetime
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """What one project has of a coupon."""

    project_id: str
    id: str
    coupon: Coupon
    code_id: str
    state: State
    periods_left: int | None
    """None where no period is the last."""
    reference: str | None
    """The one thing that it is for: a checkout, a subscription; None for whatever is billed."""
    wallet_id: str | None
    transaction_id: str | None
    """What granted its credits."""
    redeemed_by: str
    redeemed_at: datetime
    ended_at: datetime | None

    @property
    def is_on_bills(self) -> bool:
        """Whether it makes bills smaller now; what is held for a purchase does not."""
        return self.state is State.ACTIVE and self.coupon.kind.is_on_bills
