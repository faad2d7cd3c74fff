"""The pages that people see: payment, the bank's question, the customer portal, and control."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcp_server.sandbox.pages import authenticate, checkout, control, portal
from mcp_server.sandbox.pages.rendering import STYLE_PATH, Visit, style
from mcp_server.sandbox.sandbox import Sandbox

Page = Callable[[Visit], Awaitable[Response]]

_PAGES: tuple[tuple[str, str, Page], ...] = (
    ("GET", "/checkout/{id}", checkout.show),
    ("POST", "/checkout/{id}", checkout.submit),
    ("GET", "/authenticate/{secret}", authenticate.show),
    ("POST", "/authenticate/{secret}", authenticate.submit),
    ("GET", "/portal/{token}", portal.show),
    ("POST", "/portal/{token}", portal.submit),
)
_CONTROL: tuple[tuple[str, str, Page], ...] = (
    ("GET", "/control", control.show),
    ("POST", "/control", control.submit),
)


def page_routes(
    sandbox: Sandbox, may_control: Callable[[Request], Awaitable[bool]] | None
) -> list[Route]:
    """Make the routes of every page."""

    def endpoint(page: Page, *, guarded: bool) -> Callable[[Request], Awaitable[Response]]:
        async def answer(http: Request) -> Response:
            visit = await Visit.of(sandbox, http)
            if not visit.is_from_our_page:
                return visit.message("This form was sent from another site.", status=403)
            if guarded and may_control and not await may_control(http):
                return visit.message("This page is for operators.", status=403)
            return await page(visit)

        return answer

    return [
        Route(STYLE_PATH, style, methods=["GET"]),
        *(Route(path, endpoint(page, guarded=False), methods=[how]) for how, path, page in _PAGES),
        *(Route(path, endpoint(page, guarded=True), methods=[how]) for how, path, page in _CONTROL),
    ]
