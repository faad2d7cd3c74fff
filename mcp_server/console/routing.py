"""The routes of the console's pages, each behind the session and the form token of `auth.pages`."""

from functools import partial

from starlette.routing import Route

from auth.pages.visit import endpoint
from auth.people import People
from core import checkouts, dunning
from mcp_server.console import buying, cards, returning
from mcp_server.console.asking import Operations


def routes(people: People, operations: Operations) -> list[Route]:
    pages = (
        ("GET", buying.PATH, buying.credits_page),
        ("POST", buying.BUY, buying.buy),
        ("GET", checkouts.GO, returning.go),
        ("GET", checkouts.SUCCESS, returning.returned),
        ("GET", checkouts.CANCELED, returning.returned),
        ("GET", dunning.ROUTE, cards.go),
        ("GET", dunning.DONE, cards.left),
        ("GET", dunning.CANCELED, cards.not_left),
    )
    return [
        Route(path, endpoint(people, partial(page, operations)), methods=[method])
        for method, path, page in pages
    ]
