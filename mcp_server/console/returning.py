"""On the way to the provider's page and back: whoever comes back sees what became of the payment.

These pages may be asked again and again: looking converges, and fulfils what is paid once. Who is
not signed in, or has no place in the project, is told nothing about it.
"""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from auth.pages.visit import Visit
from core.kernel.errors import EngineError, Kind
from mcp_server.console import rendering
from mcp_server.console.asking import Operations, Person, looking_at

LOOK_SECONDS = 2


def address(path: str, project_id: str, checkout_id: str) -> str:
    return f"{path}?{urlencode({'project_id': project_id, 'checkout_id': checkout_id})}"


async def go(operations: Operations, visit: Visit) -> Response:
    """Lead to the provider's page as soon as it is there."""
    if visit.user is None:
        return visit.go_sign_in()
    found = await _look(operations, visit)
    if found is None:
        return rendering.not_found(visit)
    _, checkout = found
    if checkout["user_id"] not in {None, visit.user.id}:
        # A link that one person's agent made must not have another person pay.
        return rendering.not_found(visit)
    return rendering.show(visit, "going.html", checkout=checkout, seconds=LOOK_SECONDS)


async def returned(operations: Operations, visit: Visit) -> Response:
    """Tell what became of the checkout, and look again until it is final."""
    found = await _look(operations, visit)
    if found is None:
        here = visit.request.url
        return rendering.show(visit, "thanks.html", here=f"{here.path}?{here.query}")
    person, checkout = found
    wallet = None
    if checkout["wallet_id"]:
        wallet = await person.ask("check_balance", wallet_id=checkout["wallet_id"])
    return rendering.show(
        visit,
        "returned.html",
        checkout=checkout,
        wallet=wallet,
        waits=_waits(checkout, visit.request.url.path),
        seconds=LOOK_SECONDS,
        project_id=person.project_id,
    )


def _waits(checkout: dict[str, Any], path: str) -> bool:
    """Tell whether more is to come within seconds: a payment that takes days is not waited for."""
    return checkout["state"] in {"opening", "open"} and path.endswith("success")


async def _look(operations: Operations, visit: Visit) -> tuple[Person, dict[str, Any]] | None:
    asked = visit.request.query_params
    if visit.user is None:
        return None
    person = await looking_at(visit, operations, visit.user, asked.get("project_id", ""))
    if person is None:
        return None
    try:
        return person, await person.ask("get_checkout", checkout_id=asked.get("checkout_id", ""))
    except EngineError as error:
        if error.kind in {Kind.NOT_FOUND, Kind.INVALID}:
            return None
        raise
