"""An operation whose calls share units: paying at a till, out of one wallet."""

from collections.abc import Sequence

from core import ledger
from core.db.together import Collided, Order, Step
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.fields import Amount, Name
from core.operations.operation import Effect, ProjectRequest, Result, operation
from core.operations.scopes import Toolset
from tests.core.ledger.books import ADA, usd


class Pay(ProjectRequest):
    thing: Name
    price: Amount = "1"
    collisions: int = 0


class Paid(Result):
    transaction_id: str


async def _collide(items: Sequence[tuple[Work, int]]) -> list[None]:
    """Find, so many times, that another unit was faster."""
    for work, times in items:
        met = COLLIDED.setdefault(work.invocation_id or "", 0)
        if met < times:
            COLLIDED[work.invocation_id or ""] = met + 1
            raise Collided
    return [None] * len(items)


COLLIDED: dict[str, int] = {}
"""How often each call has collided."""
COLLIDE: Step[int, None] = Step(Order.WRITE, _collide)


@operation(
    "POST /v1/projects/{project_id}/payments",
    title="Pay",
    toolset=Toolset.WALLETS,
    effect=Effect.SPEND,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    raises=(ledger.InsufficientFunds,),
    batched=True,
    names=lambda request: [request.thing],
)
async def pay(work: Work, request: Pay) -> Paid:
    """Pay for a thing."""
    if request.thing == "a bug":
        raise ZeroDivisionError
    charge = ledger.flows.CHARGE.draw(
        work, usd(request.price), reference=f"pay:{work.invocation_id}", source=ADA
    )
    await ledger.post(work, charge)
    await work.together(COLLIDE, request.collisions)
    return Paid(transaction_id=charge.id)
