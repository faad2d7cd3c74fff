"""Leave a card by a link from a mail: no sign-in, one page of the provider, and nothing else."""

from starlette.responses import Response

from auth.pages.visit import Visit
from mcp_server.console import rendering
from mcp_server.console.asking import Operations, perform

LOOK_SECONDS = 3


async def go(operations: Operations, visit: Visit) -> Response:
    """Lead to the page as soon as it is there. Opened again, it is the same page."""
    sent = {"token": visit.request.path_params["token"]}
    page = await perform(visit, operations["open_card_update"], visit.caller, sent)
    if page["url"]:
        return visit.go(page["url"])
    return rendering.show(visit, "card_going.html", page=page, seconds=LOOK_SECONDS)


async def left(operations: Operations, visit: Visit) -> Response:
    return rendering.show(visit, "card_left.html")


async def not_left(operations: Operations, visit: Visit) -> Response:
    return rendering.show(visit, "card_not_left.html")
