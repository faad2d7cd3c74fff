"""Set up a second factor: show its seed as a picture and as text, then take the first code."""

import io

import segno
from starlette.responses import HTMLResponse, Response

from auth import throttling, totp
from auth.pages import rendering
from auth.pages.visit import Visit
from auth.users import find_user
from core.kernel.caller import ANONYMOUS

PICTURE_PATH = "/sign-in/second-factor/qr.svg"


async def show(
    visit: Visit, user_id: str, *, action: str, error: str | None = None
) -> HTMLResponse:
    """Show the seed that waits for its first code, made now if there is none."""
    factors = visit.people.second_factors
    async with visit.people.database.begin(visit.caller) as work:
        seed = await factors.proposed_seed(work, user_id)
        seed = seed or await factors.propose(work, user_id)
    return visit.show(
        "enrol.html",
        status=401 if error else 200,
        seed=" ".join(seed[at : at + 4] for at in range(0, len(seed), 4)),
        picture=PICTURE_PATH,
        action=action,
        next=visit.next,
        error=error,
    )


async def confirm(visit: Visit, user_id: str) -> list[str] | None:
    """Take the first code; return the recovery codes, or None when it is wrong."""
    people, account = visit.people, f"second:{user_id}"
    address = visit.browser.address
    await throttling.limit(people.limiter, "second_factor", address=address, account=account)
    async with people.database.begin(visit.caller) as work:
        return await people.second_factors.confirm(work, user_id, visit.field("code"))


def show_codes(visit: Visit, codes: list[str]) -> HTMLResponse:
    """Show the recovery codes, this once."""
    return visit.show("recovery_codes.html", codes=codes, next=visit.next)


async def picture(visit: Visit, user_id: str | None) -> Response:
    """Draw the seed for a camera. It is a page's image and never part of the page."""
    if user_id is None:
        return Response(status_code=404, headers=rendering.HEADERS)
    async with visit.people.database.read(ANONYMOUS) as work:
        seed = await visit.people.second_factors.proposed_seed(work, user_id)
        user = await find_user(work, user_id)
    if seed is None or user is None:
        return Response(status_code=404, headers=rendering.HEADERS)
    uri = totp.enrolment_uri(seed, email=user.email, issuer=visit.name)
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=5, light="#fff", dark="#000")
    return rendering.picture(drawn.getvalue())
