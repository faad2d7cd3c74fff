"""The mailer that speaks SMTP. One connection per mail: an installation sends few."""

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal

import aiosmtplib

from core.messaging import Mail, MailNotTaken, MailRefused

SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """Hands mails to one server, from one sender: `Bursar <bursar@example.com>`."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` is demanded, not hoped for: who could take it out of the line could read it."""
    username: str = ""
    password: str = field(default="", repr=False)

    async def deliver(self, mail: Mail) -> None:
        """Return once the server has taken the mail.

        A permanent refusal is MailRefused; whatever else the server says is MailNotTaken.
        """
        try:
            await aiosmtplib.send(
                self.message(mail),
                hostname=self.host,
                port=self.port,
                username=self.username or None,
                password=self.password or None,
                use_tls=self.tls == "tls",
                start_tls=self.tls == "starttls",
                timeout=SECONDS_MAX,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(_is_final(each.code) for each in error.recipients):
                raise MailRefused from error
            raise MailNotTaken(str(error)) from error
        except aiosmtplib.SMTPDataError as error:
            if _is_final(error.code):
                raise MailRefused from error
            raise MailNotTaken(str(error)) from error
        except aiosmtplib.SMTPException as error:
            raise MailNotTaken(str(error)) from error

    def message(self, mail: Mail) -> EmailMessage:
        """Write the mail as RFC 5322 says. Its id is stable, so a second copy can be told."""
        name, address = parseaddr(self.sender)
        message = EmailMessage()
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=mail.address)
        message["Subject"] = mail.subject
        message["Date"] = mail.created_at
        message["Message-ID"] = f"<{mail.id}@{address.rpartition('@')[2]}>"
        # RFC 3834: what a program sent needs no answer by another one, such as out-of-office.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return message


def _is_final(code: int) -> bool:
    """Replies of the five hundreds are permanent: RFC 5321, section 4.2.1."""
    return code >= 500
