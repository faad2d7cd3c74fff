"""Ask something of a kept method: written down as a wish, and left to a job that asks for it."""

from typing import Any

from core import jobs
from core.db.work import Work
from core.payers.customers import customer_of
from core.payers.errors import MethodNotFound
from core.payers.jobs import errand_of_wish
from core.payers.methods import change_method, find_method
from core.payers.shapes import PaymentMethodView, method_view


async def wish(work: Work, method_id: str, **wish: Any) -> PaymentMethodView:
    """Write down what is asked of a method, and leave the job that asks the provider."""
    method = await find_method(work, method_id, lock=True)
    if method.detached_at:
        raise MethodNotFound(method_id)
    idle = {"default_wanted_at": None, "detach_wanted_at": None, "refusal": None}
    await change_method(work, method_id, **(idle | wish))
    work.record("changed", method_id)
    view = method_view(await find_method(work, method_id), await customer_of(work))
    assert view.wished, "it was just wished"
    errand = errand_of_wish(view, view.wished)
    await jobs.enqueue(work, errand.job, key=errand.key, **errand.arguments)
    return view


async def want_default(work: Work, method_id: str) -> None:
    """Have the unit's project pay with this method from now on. Raises MethodNotFound."""
    await wish(work, method_id, default_wanted_at=work.real_now)
