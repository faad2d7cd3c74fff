"""The control page: what a payer, a bank or a bad network would do, done by pressing a button."""

from dataclasses import fields
from typing import Any

from starlette.responses import Response

from mcp_server.sandbox import completing
from mcp_server.sandbox.delivering import resend
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.pages.rendering import Visit
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import checkout, disputes, refunds
from mcp_server.sandbox.switches import FAULTS, Switches
from mcp_server.sandbox.work import Json, Work

SHOWN = 25
HOUR = 3600
JUMPS = {"An hour": HOUR, "A day": 24 * HOUR, "A week": 7 * 24 * HOUR, "31 days": 31 * 24 * HOUR}
COPIES_MAX = 100
SECONDS_MAX = 86_400


async def show(visit: Visit) -> Response:
    return _page(visit)


async def submit(visit: Visit) -> Response:
    """Do what the pressed button says."""
    does, form = visit.form.text("do") or "", visit.form
    try:
        if does == "advance":
            visit.sandbox.advance(max(0, form.integer_or("seconds", 0)))
        elif does == "switch":
            visit.sandbox.switch(**_switches(form))
        else:
            with visit.sandbox.unit() as work:
                _act(work, does, form)
    except Refused as refused:
        return _page(visit, error=str(refused), status=422)
    return visit.go("/control")


def _act(work: Work, does: str, form: Params) -> None:
    id = form.needed("id")
    match does:
        case "refund":
            _refund(work, id, form.integer("amount"))
        case "fail_refund":
            refunds.fail(work, id)
        case "dispute":
            disputes.open_for(work, work.get("charge", id), form.text_or("why", "fraudulent"))
        case "win":
            disputes.win(work, work.get("dispute", id))
        case "lose":
            disputes.lose(work, work.get("dispute", id))
        case "settle":
            completing.settle(work, id, fails=False)
        case "fail":
            completing.settle(work, id, fails=True)
        case "expire":
            checkout.expired(work, work.get("checkout.session", id))
        case "resend":
            resend(work, id, min(form.integer_or("copies", 1), COPIES_MAX))
        case _:
            raise Refused("That is not something this page does.")


def _refund(work: Work, id: str, amount: int | None) -> None:
    asked = {"charge": id} | ({"amount": str(amount)} if amount is not None else {})
    refunds.create(work, Params(asked))


def _switches(form: Params) -> dict[str, Any]:
    """Read the switches as the form has them: a box that is not ticked is not sent."""
    fault = form.choice("fault", *(each for each in FAULTS if each)) or ""
    return {
        "webhooks_held": form.flag("webhooks_held"),
        "reorder": form.flag("reorder"),
        "duplicates": _bounded(form, "duplicates", COPIES_MAX),
        "corrupt_every": _bounded(form, "corrupt_every", SECONDS_MAX),
        "delay_seconds": _bounded(form, "delay_seconds", SECONDS_MAX),
        "balance_seconds": _bounded(form, "balance_seconds", SECONDS_MAX),
        "settle_seconds": _bounded(form, "settle_seconds", SECONDS_MAX),
        "refund_seconds": _bounded(form, "refund_seconds", SECONDS_MAX),
        "finalize_seconds": _bounded(form, "finalize_seconds", SECONDS_MAX),
        "fault": fault,
        "fault_times": _bounded(form, "fault_times", COPIES_MAX) if fault else 0,
    }


def _bounded(form: Params, name: str, most: int) -> int:
    value = form.integer_or(name, 0)
    if not 0 <= value <= most:
        raise Refused(f"{name} is between 0 and {most}.")
    return value


def _page(visit: Visit, *, error: str | None = None, status: int = 200) -> Response:
    with visit.sandbox.unit() as work:
        facts: dict[str, Any] = {
            "now": work.now,
            "switches": work.switches,
            "sessions": [
                each for each in _newest(work, "checkout.session") if each["status"] == "open"
            ],
            "charges": _newest(work, "charge"),
            "refunds": _newest(work, "refund"),
            "disputes": _newest(work, "dispute"),
            "deliveries": _deliveries(work),
        }
    seconds = [
        each.name
        for each in fields(Switches)
        if each.name.endswith(("_seconds", "_every")) or each.name == "duplicates"
    ]
    return visit.show(
        "control.html",
        status=status,
        error=error,
        jumps=JUMPS,
        faults=FAULTS,
        numbers=seconds,
        is_open=disputes.is_open,
        **facts,
    )


def _newest(work: Work, kind: str) -> list[Json]:
    return list(work.every(kind))[: -SHOWN - 1 : -1]


def _deliveries(work: Work) -> list[dict[str, Any]]:
    query = (
        "select d.*, json_extract(o.body, '$.type') as type from deliveries d "
        "join objects o on o.id = d.event order by d.seq desc limit ?"
    )
    return [dict(row) for row in work.db.execute(query, (SHOWN,))]
