"""The mails of collection, to those who answer for the project's money: its owner and admins."""

from core import invoicing, projects
from core.collecting.model import Attempt
from core.db.work import Work
from core.messaging import mailing

PURPOSE = "collection"

_ASKED = """Your bank wants to see you before it pays invoice {number}.

The payment is {amount}. To make it, open this page of the payment provider, until {until} UTC:

{link}

Nothing is wrong with your payment method: the bank only asks who you are.
"""

_DUE = """Invoice {number} is due, and there is no payment method that pays it by itself.

The payment is {amount}. To make it, open this page of the payment provider, until {until} UTC:

{link}
"""


async def send_link(
    work: Work, invoice: invoicing.Invoice, attempt: Attempt, link: str, until: str
) -> None:
    """Ask for somebody who pays in person."""
    asked = attempt.asked_at is not None
    text = (_ASKED if asked else _DUE).format(
        number=invoice.number, amount=attempt.amount, until=until, link=link
    )
    what = "Your bank asks for you" if asked else f"Invoice {invoice.number} is due"
    project = await projects.get_project(work)
    for person in await projects.people_in_charge(work):
        subject = f"{project.name}: {what}"
        await mailing.send(work, person.email, subject=subject, text=text, purpose=PURPOSE)
