"""Make a purchase cheaper by a promotion code: asked for here, known to what stands above."""

from dataclasses import dataclass

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
