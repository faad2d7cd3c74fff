"""Make a purchase cheaper by a promotion code: asked for here, known to what stands above."""

from dataclasses import dataclass

from sqlalchemy import update

from core import payments
from core.checkouts.model import Checkout
from core.checkouts.tables import checkouts
from core.db.work import Work
from core.kernel.money import Money
from core.operations.errors import invalid
from core.operations.given import given


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What is left to pay, and the discount that is held for it."""

    price: Money
    discount_id: str


class Reductions:
    """What whoever keeps promotion codes makes of one. By itself, that none is taken."""

    async def hold(self, work: Work, code: str, *, checkout_id: str, price: Money) -> Reduced:
        """Redeem the code for this checkout alone, for as long as it may be paid.

        Raises PromotionCodeUnknown or PromotionCodeRefused.
        """
        raise invalid("promotion_code", "is not taken here")


def reductions() -> Reductions:
    """Return what the installation was given, under the key `Reductions`."""
    return given(Reductions) or Reductions()


async def give_up(work: Work, checkout: Checkout) -> None:
    """Let a page that came to nothing be worth its whole price again. Call with it locked.

    Its discount may be had by another purchase from now on. Should the bank pay after all, what
    comes is too little, and operators decide, instead of two purchases that share one discount.
    """
    assert checkout.payment_id is not None, "only what is bought is discounted"
    c = checkouts.c
    this = (c.project_id == work.project_id, c.id == checkout.id, c.discount.is_not(None))
    if (await work.execute(update(checkouts).where(*this).values(discount=None))).rowcount == 1:
        await payments.ask_more(work, checkout.payment_id, checkout.discount or 0)
