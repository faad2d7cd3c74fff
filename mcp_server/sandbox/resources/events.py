"""Events, as they can be asked for: the last thirty days of them."""

from mcp_server.sandbox.errors import Refused, missing
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work

KEPT_SECONDS = 30 * 86_400


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return _recent(work, work.find("event", id), id)


def _recent(work: Work, found: Json | None, id: str) -> Json:
    row = work.db.execute("select created from objects where id = ?", (id,)).fetchone()
    if found is None or row["created"] < work.now - KEPT_SECONDS:
        raise missing("event", id)
    return found


def find(work: Work, asked: Params) -> Json:
    types = asked.texts("types")
    if type := asked.text("type"):
        if types:
            raise Refused("You may pass only one of `type` and `types`.", param="types")
        types = [type]
    delivered = asked.flag("delivery_success") if asked.given("delivery_success") else None
    where = {"_delivered": delivered}
    forget(work)
    url = "/v1/events"
    if any(each.endswith("*") for each in types):
        raise Refused("The sandbox lists whole types only.", param="types")
    return page(work, asked, "event", url, where, one_of=("type", types))


def forget(work: Work) -> None:
    """Let go of what is older than Stripe keeps it."""
    work.db.execute(
        "delete from objects where kind in ('event', 'v2.core.event') and created < ?",
        (work.now - KEPT_SECONDS,),
    )


def retrieve_thin(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("include")
    return _recent(work, work.find("v2.core.event", id), id)


def find_thin(work: Work, asked: Params) -> Json:
    asked.ignore("include", "limit", "object_id", "types", "gt", "gte", "lt", "lte", "created")
    found = list(work.every("v2.core.event"))
    about, types = asked.text("object_id"), asked.texts("types")
    chosen = [
        each
        for each in reversed(found)
        if (not about or each.get("related_object", {}).get("id") == about)
        and (not types or each["type"] in types)
    ]
    return {
        "data": chosen[: asked.integer_or("limit", 20)],
        "next_page_url": None,
        "previous_page_url": None,
    }


def delivered(work: Work, id: str) -> None:
    """Mark an event as delivered when every endpoint has taken it."""
    event = work.find("event", id)
    if event is None:
        return
    waiting = work.db.execute(
        "select count(distinct endpoint) from deliveries where event = ? and due_at is not null",
        (id,),
    ).fetchone()[0]
    failed = work.db.execute(
        "select count(*) from deliveries d where event = ? and due_at is null and "
        "not (status between 200 and 299)",
        (id,),
    ).fetchone()[0]
    work.save({**event, "pending_webhooks": waiting, "_delivered": not waiting and not failed})
