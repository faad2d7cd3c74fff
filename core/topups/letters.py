"""The mails of auto top-up, to those who answer for the project's money: its owner and admins."""

from core import projects, wallets
from core.db.work import Work
from core.messaging import mailing
from core.topups.model import Attempt

PURPOSE = "auto_top_up"

_LINK = """Your bank wants to see you before it pays for more credits in {wallet}.

The payment is {price}. To make it, open this page of the payment provider, until {until} UTC:

{link}

Until then this wallet is not topped up.
"""

_PAUSED = """Auto top-up of {wallet} is paused, and will not be tried again: {reason}

The wallet is not topped up until somebody sets auto top-up again, with a payment method that works.
"""

_CAPPED = """Auto top-up of {wallet} has reached what it may spend or do in a {window}.

It goes on at {until} UTC. If the wallet needs more credits before, buy some, or raise the cap.
"""


async def send_link(work: Work, attempt: Attempt, link: str, until: str) -> None:
    """Ask for somebody who pays in person."""
    text = _LINK.format(
        wallet=await _wallet(work, attempt.wallet_id), price=attempt.price, until=until, link=link
    )
    await _send(work, "Your bank asks for you, to pay for credits", text)


async def send_paused(work: Work, wallet_id: str, reason: str) -> None:
    text = _PAUSED.format(wallet=await _wallet(work, wallet_id), reason=reason)
    await _send(work, "Auto top-up is paused", text)


async def send_capped(work: Work, wallet_id: str, window: str, until: str) -> None:
    name = await _wallet(work, wallet_id)
    text = _CAPPED.format(wallet=name, window=window, until=until)
    await _send(work, "Auto top-up has reached its cap", text)


async def _wallet(work: Work, wallet_id: str) -> str:
    return f"the wallet “{(await wallets.find(work, wallet_id)).name}”"


async def _send(work: Work, what: str, text: str) -> None:
    project = await projects.get_project(work)
    for person in await projects.people_in_charge(work):
        subject = f"{project.name}: {what}"
        await mailing.send(work, person.email, subject=subject, text=text, purpose=PURPOSE)
