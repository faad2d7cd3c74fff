"""What happens when the sandbox's clock has moved on."""

from collections.abc import Callable
from typing import Any

from mcp_server.sandbox import charging, completing, paying, subscribing
from mcp_server.sandbox.resources import balance, charges, checkout, payouts, refunds
from mcp_server.sandbox.work import Work

DOES: dict[str, Callable[[Work, str], Any]] = {
    checkout.EXPIRE: checkout.expire_due,
    paying.SETTLE: completing.settle,
    paying.TELL_BALANCE: charges.balance_of,
    balance.PAY_OUT: payouts.pay_out,
    refunds.FINISH: refunds.finish,
    refunds.FAIL: refunds.fail,
    charging.FINALIZE: charging.finalize_due,
    charging.RETRY: charging.retry,
    subscribing.RENEW: subscribing.renew,
    subscribing.WARN: subscribing.warn,
    subscribing.REMIND: subscribing.remind,
    subscribing.END: subscribing.end_due,
    subscribing.GIVE_UP: subscribing.give_up,
    subscribing.RESUME: subscribing.resume_collection,
}


def do_due(work: Work, limit: int) -> int:
    """Do what is due, the earliest first, each at its own instant. Returns how many."""
    query = "select * from due where at <= ? order by at, seq limit ?"
    now, found = work.now, work.db.execute(query, (work.now, limit)).fetchall()
    for row in found:
        work.db.execute("delete from due where seq = ?", (row["seq"],))
        work.now = min(now, row["at"])
        DOES[row["what"]](work, row["id"])
    work.now = now
    return len(found)
