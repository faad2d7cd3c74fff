"""The mails of dunning, to those who answer for the project's money, as text and as a page.

They are written in the language of the project's invoices, and name no more than their reader
needs: what is owed, until when, and where to leave a card.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from core import invoicing, parties, printing, projects
from core.campaigns import WORDS, AtEnd, Tone, Words
from core.db.work import Work
from core.dunning import links
from core.dunning.keeping import Run
from core.kernel.money import Asset, Money
from core.messaging import mailing

PURPOSE = "dunning"
RENEWAL = "renewal_notice"
LINK_DAYS = 14
STALE = timedelta(days=2)
"""What could not be sent for so long says something that is true no more."""

_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family:sans-serif;line-height:1.5;max-width:36em;margin:2em auto;padding:0 1em">
{paragraphs}
<p><a href="{link}" style="display:inline-block;padding:.6em 1.2em;background:#1d4ed8;color:#fff;\
border-radius:.4em;text-decoration:none">{button}</a></p>
<p style="color:#555;font-size:.9em">{fine}</p>
</body></html>
"""


class Desk:
    """Writes to the people of one project, in its language and by its clocks."""

    def __init__(self, project: projects.Project, language: str, addresses: Sequence[str]) -> None:
        code = language if language in WORDS else "en"
        self.project, self.addresses, self.code = project, addresses, code
        self.words: Words = WORDS[code]
        self._told = printing.LANGUAGES[code]
        self._zone = ZoneInfo(project.time_zone)

    @classmethod
    async def of(cls, work: Work) -> "Desk":
        details = await parties.details(work)
        people = [each.email for each in await projects.people_in_charge(work)]
        # Whom invoices name may be somebody who has no place here, such as the bookkeeping.
        addresses = dict.fromkeys([*people, *([details.email] if details.email else [])])
        return cls(await projects.get_project(work), details.language, list(addresses))

    def amount(self, money: Money) -> str:
        return f"{self._told.number(money.decimal)} {money.asset.code}"

    def day(self, at: datetime) -> str:
        return self._told.day(at.astimezone(self._zone).date())

    async def send(
        self, work: Work, subject: str, lines: Sequence[str], *, asset: Asset, purpose: str
    ) -> int:
        """Have it sent to each of them with a link, once this unit is committed. Say how many."""
        until = work.real_now + timedelta(days=LINK_DAYS)
        path = links.path_of(work, links.Link(work.project_id, asset, until))
        link, fine = mailing.PUBLIC_URL + path, self.words.link.format(until=self.day(until))
        button = self.words.button
        text = "\n\n".join([*lines, f"{button}:\n{link}", fine]) + "\n"
        page = _PAGE.format(
            lang=self.code,
            subject=escape(subject),
            paragraphs="\n".join(f"<p>{escape(each)}</p>" for each in lines),
            link=escape(link),
            button=escape(button),
            fine=escape(fine),
        )
        for address in self.addresses:
            await mailing.send(
                work,
                address,
                subject=subject,
                text=text,
                html=page,
                purpose=purpose,
                expires_at=work.real_now + STALE,
            )
        return len(self.addresses)


async def send_notice(work: Work, run: Run, invoice: invoicing.Invoice, tone: Tone) -> int:
    """Say that it is unpaid still, as urgently as that is by now."""
    desk = await Desk.of(work)
    which = {Tone.GENTLE: desk.words.gentle, Tone.URGENT: desk.words.urgent}
    more = [desk.words.for_good] if run.refused_at else []
    if run.campaign.at_end is AtEnd.SUSPEND and run.subscription_id:
        more.append(desk.words.until.format(day=desk.day(run.ends_at)))
    return await _send_about(work, desk, invoice, which.get(tone, desk.words.final), more)


async def send_suspended(work: Work, invoice: invoicing.Invoice) -> int:
    desk = await Desk.of(work)
    return await _send_about(work, desk, invoice, desk.words.suspended, [])


async def _send_about(
    work: Work,
    desk: Desk,
    invoice: invoicing.Invoice,
    written: tuple[str, str],
    more: Sequence[str],
) -> int:
    due = Money(invoice.figures.due, invoice.asset)
    told = {
        "project": desk.project.name,
        "amount": desk.amount(due),
        "number": invoice.number or invoice.id,
    }
    subject, text = (each.format(**told) for each in written)
    return await desk.send(work, subject, [text, *more], asset=invoice.asset, purpose=PURPOSE)


async def send_renewal(work: Work, plan: str, renews_at: datetime, amount: Money) -> int:
    """Say what will be collected, and when, while there is time to change it."""
    desk = await Desk.of(work)
    told = {
        "project": desk.project.name,
        "plan": plan,
        "day": desk.day(renews_at),
        "amount": desk.amount(amount),
    }
    subject, text = (each.format(**told) for each in desk.words.renewal)
    lines = [text, desk.words.used]
    return await desk.send(work, subject, lines, asset=amount.asset, purpose=RENEWAL)
