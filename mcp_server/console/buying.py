"""Buy credits: what the wallets hold, what is for sale, and a form for each pack."""

from typing import Any

from starlette.responses import Response

from auth.opaque import new_secret
from auth.pages.visit import Visit
from auth.users import User
from core import projects
from core.checkouts import GO
from core.db.paging import LIMIT_MAX
from core.kernel.errors import EngineError
from core.operations.errors import invalid
from mcp_server.console import rendering, returning
from mcp_server.console.asking import Operations, Person, looking_at, perform

PATH = "/credits"
BUY = "/credits/buy"
Option = tuple[str, str]
"""A project's id and name."""


async def credits_page(operations: Operations, visit: Visit) -> Response:
    """Show the wallets of a project and the packs that it can buy."""
    if visit.user is None:
        return visit.go_sign_in()
    options = await _options(visit, operations, visit.user)
    chosen = visit.request.query_params.get("project_id", "")
    if not chosen and len(options) == 1:
        chosen = options[0][0]
    if not chosen:
        return rendering.show(visit, "projects.html", options=options, path=PATH)
    person = await looking_at(visit, operations, visit.user, chosen)
    if person is None:
        return rendering.not_found(visit)
    return await _show(person, options)


async def buy(operations: Operations, visit: Visit) -> Response:
    """Open a page of the payment provider for a pack, and lead there."""
    if visit.user is None:
        return visit.go("/sign-in")
    person = await looking_at(visit, operations, visit.user, visit.field("project_id"))
    if person is None:
        return rendering.not_found(visit)
    try:
        checkout = await person.ask(
            "create_checkout",
            visit.field("once") or None,
            pack_key=visit.field("pack_key"),
            quantity=_quantity(visit.field("quantity")),
            wallet_id=visit.field("wallet_id") or None,
            keep_payment_method=visit.field("keep") == "yes",
        )
    except EngineError as error:
        options = await _options(visit, operations, visit.user)
        return await _show(person, options, error=str(error))
    return visit.go(returning.address(GO, person.project_id, checkout["id"]))


def _quantity(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid("quantity", "must be a whole number")
    return int(text)


async def _options(visit: Visit, operations: Operations, user: User) -> list[Option]:
    """Return the projects to choose from: those somebody is a member of, or all for staff."""
    if user.platform_role:
        every = await perform(
            visit, operations["list_projects"], visit.caller, {"limit": LIMIT_MAX}
        )
        return [(each["id"], each["name"]) for each in every["items"]]
    async with visit.people.database.read(visit.caller) as work:
        found = await projects.memberships_of(work, user.id)
    return [(each.project_id, each.project_name) for each in found]


async def _show(person: Person, options: list[Option], *, error: str | None = None) -> Response:
    wallets = (await person.ask("list_wallets", limit=LIMIT_MAX))["items"]
    packs = (await person.ask("list_credit_packs", limit=LIMIT_MAX))["items"]
    return rendering.show(
        person.visit,
        "credits.html",
        status=400 if error else 200,
        error=error,
        options=options,
        path=PATH,
        project_id=person.project_id,
        wallets=wallets,
        offers=[_offer(pack, wallets) for pack in packs if pack["on_sale"]],
        may_buy=person.may("create_checkout"),
        buy=BUY,
    )


def _offer(pack: dict[str, Any], wallets: list[dict[str, Any]]) -> dict[str, Any]:
    """Put a pack beside the wallets that can hold its credits, and a key that buys it once."""
    fitting = [each for each in wallets if each["asset"] == pack["asset"]]
    return {"pack": pack, "wallets": fitting, "once": new_secret()}
