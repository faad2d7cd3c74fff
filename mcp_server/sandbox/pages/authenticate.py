"""The page that stands in for the bank, which asks whether it is really its customer who pays."""

from starlette.responses import Response

from mcp_server.sandbox import completing
from mcp_server.sandbox.pages import checkout
from mcp_server.sandbox.pages.rendering import Visit
from mcp_server.sandbox.resources.checkout import success_url
from mcp_server.sandbox.work import Json, Work


def _intent(work: Work, secret: str) -> Json | None:
    """Find what a client secret opens."""
    id, separator, _ = secret.partition("_secret_")
    found = work.any(id) if separator else None
    return found if found and found.get("client_secret") == secret else None


async def show(visit: Visit) -> Response:
    with visit.sandbox.unit() as work:
        intent = _intent(work, visit.id("secret"))
        if intent is None:
            return visit.message("There is nothing to confirm here.", status=404)
        if intent["status"] != "requires_action":
            return visit.message("The bank has its answer already.")
        session = _session(work, intent)
    return visit.show("authenticate.html", leads_to=_ends(intent, session), intent=intent)


async def submit(visit: Visit) -> Response:
    """Give the bank the answer, and go on to where the payer came from."""
    passed = visit.form.text("answer") == "complete"
    with visit.sandbox.unit() as work:
        intent = _intent(work, visit.id("secret"))
        if intent is None:
            return visit.message("There is nothing to confirm here.", status=404)
        completing.authenticated(work, intent, passed=passed)
        after = work.get(intent["object"], intent["id"])
        if session := _session(work, after):
            return visit.go(checkout.next_page(work, session))
    if url := after.get("_return_url"):
        return visit.go(_with_outcome(url, after))
    return visit.message("The bank has its answer. You may close this page.")


def _session(work: Work, intent: Json) -> Json | None:
    return work.get("checkout.session", intent["_session"]) if "_session" in intent else None


def _ends(intent: Json, session: Json | None) -> list[str | None]:
    return [success_url(session) if session else None, intent.get("_return_url")]


def _with_outcome(url: str, intent: Json) -> str:
    """Add what Stripe adds to the address that the payer returns to."""
    done = intent["status"] in {"succeeded", "processing", "requires_capture"}
    outcome = "succeeded" if done else "failed"
    facts = f"{intent['object']}={intent['id']}&redirect_status={outcome}"
    head, mark, fragment = url.partition("#")
    return f"{head}{'&' if '?' in head else '?'}{facts}{mark}{fragment}"
