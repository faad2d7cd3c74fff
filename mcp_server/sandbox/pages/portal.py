"""The customer portal: one customer's cards, to add, to prefer and to remove."""

from starlette.responses import Response

from mcp_server.sandbox.cards import CARDS, by_number
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.pages.checkout import NOT_A_TEST_CARD, SHOWN_CARDS
from mcp_server.sandbox.pages.rendering import Visit
from mcp_server.sandbox.resources import methods, portal, setups
from mcp_server.sandbox.work import Json, Work

GONE = "This link has expired. Ask for a new one where you came from."


async def show(visit: Visit) -> Response:
    return _page(visit)


async def submit(visit: Visit) -> Response:
    """Do what the pressed button says."""
    does = {"add": _add, "prefer": _prefer, "remove": _remove}
    step = does.get(visit.form.text("do") or "")
    try:
        with visit.sandbox.unit() as work:
            session = portal.of_token(work, visit.id("token"))
            if session is None or step is None:
                return visit.message(GONE, status=404)
            return visit.go(step(work, session, visit))
    except Refused as refused:
        return _page(visit, error=str(refused), status=422)


def _add(work: Work, session: Json, visit: Visit) -> str:
    """Save a card, which becomes the one that is charged."""
    behaviour = by_number(visit.form.text("test") or visit.form.text("number") or "")
    if behaviour is None or behaviour.kind != "card":
        raise Refused(NOT_A_TEST_CARD)
    method = methods.make(work, behaviour)
    setup = setups.blank(work, customer=session["customer"], usage="off_session", metadata={})
    here = f"{portal.PAGE}{session['_token']}"
    setup |= {"payment_method": method["id"], "_makes_default": True, "_portal": session["id"]}
    setup["_return_url"] = _after(session) or f"{work.url}{here}"
    work.save(setup)
    work.emit("setup_intent.created", setup)
    setups.attempt(work, setup)
    after = work.get("setup_intent", setup["id"])
    if after["status"] == "requires_action":
        return f"/authenticate/{after['client_secret']}"
    if after["status"] == "succeeded":
        return _after(session) or here
    work.save({**session, "_refused": after["last_setup_error"]["message"]})
    return here


def _after(session: Json) -> str | None:
    """Return where a flow with one purpose leads when it is fulfilled."""
    flow = session["flow"]
    redirect = flow and flow["after_completion"]["redirect"]
    return str(redirect["return_url"]) if redirect else None


def _prefer(work: Work, session: Json, visit: Visit) -> str:
    method = _own(work, session, visit)
    methods.prefer(work, method)
    return f"{portal.PAGE}{session['_token']}"


def _remove(work: Work, session: Json, visit: Visit) -> str:
    methods.detach_from(work, _own(work, session, visit))
    return f"{portal.PAGE}{session['_token']}"


def _own(work: Work, session: Json, visit: Visit) -> Json:
    method = work.get("payment_method", visit.form.needed("card"))
    if method["customer"] != session["customer"]:
        raise Refused("This card is not yours.")
    return method


def _page(visit: Visit, *, error: str | None = None, status: int = 200) -> Response:
    with visit.sandbox.unit() as work:
        session = portal.of_token(work, visit.id("token"))
        if session is None:
            return visit.message(GONE, status=404)
        if refused := session.pop("_refused", None):
            work.save(session)
        customer = work.get("customer", session["customer"])
        found = list(work.every("payment_method", customer=customer["id"]))
    return visit.show(
        "portal.html",
        status=status,
        leads_to=[session["return_url"], _after(session)],
        error=error or refused,
        customer=customer,
        session=session,
        cards=[each for each in found if each["type"] == "card"],
        preferred=customer["invoice_settings"]["default_payment_method"],
        tests=[each for each in CARDS if each.name in SHOWN_CARDS],
    )
