"""Every mailer keeps one contract: a mail is taken, is refused for good, or may be tried again."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any, Protocol, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from core.messaging.mailing import Mail, Mailer, MailNotTaken, MailRefused
from mcp_server.adapters.smtp_mailer import SmtpMailer
from tests.fakes.mailer import FakeMailer
from tests.world import START

pytestmark = pytest.mark.anyio

MAIL = Mail(
    id="mal_01jd3x8k5vq2m7r9t4w6y0z1ab",
    address="ada@example.com",
    subject="Ada, komm zu “Bücher & Söhne”",
    text="Open https://bursar.test/invitation/" + "x" * 100 + "\n",
    html="<p>Open</p>",
    created_at=START,
)


@dataclass
class Inbox:
    """What the server took, and the reply it gives to the next mails."""

    envelopes: list[Envelope] = field(default_factory=list)
    reply_to_address: str = "250 OK"
    reply_to_data: str = "250 OK"

    async def handle_RCPT(self, _: Any, __: Any, envelope: Envelope, *more: Any) -> str:  # noqa: N802 - aiosmtpd asks for this name
        if self.reply_to_address.startswith("250"):
            envelope.rcpt_tos.append(more[0])
        return self.reply_to_address

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd asks for this name
        if self.reply_to_data.startswith("250"):
            self.envelopes.append(envelope)
        return self.reply_to_data


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def smtp(inbox: Inbox) -> AsyncIterator[SmtpMailer]:
    """A mailer that hands in at a real SMTP server on this machine."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield SmtpMailer(host="127.0.0.1", port=port, sender="Bursar <hi@bursar.test>", tls="none")
    server.close()
    await server.wait_closed()


class Difficult(Protocol):
    """A mailer and how to make its next mail fail, for good or for now."""

    @property
    def mailer(self) -> Mailer: ...

    def fail(self, *, for_good: bool) -> None: ...


@dataclass
class DifficultFake:
    mailer: FakeMailer = field(default_factory=FakeMailer)

    def fail(self, *, for_good: bool) -> None:
        self.mailer.failures.append(MailRefused() if for_good else ConnectionError())


@dataclass
class DifficultServer:
    mailer: SmtpMailer
    inbox: Inbox

    def fail(self, *, for_good: bool) -> None:
        self.inbox.reply_to_address = "550 no such user" if for_good else "451 greylisted"


@pytest.fixture(params=["fake", "smtp"])
def difficult(request: pytest.FixtureRequest, smtp: SmtpMailer, inbox: Inbox) -> Difficult:
    return DifficultFake() if request.param == "fake" else DifficultServer(smtp, inbox)


async def test_a_mailer_takes_a_mail(difficult: Difficult) -> None:
    await difficult.mailer.deliver(MAIL)


async def test_a_mailer_says_when_a_mail_is_refused_for_good(difficult: Difficult) -> None:
    difficult.fail(for_good=True)

    with pytest.raises(MailRefused):
        await difficult.mailer.deliver(MAIL)


async def test_a_mailer_says_otherwise_when_it_may_be_tried_again(difficult: Difficult) -> None:
    difficult.fail(for_good=False)

    with pytest.raises((MailNotTaken, ConnectionError)) as failure:
        await difficult.mailer.deliver(MAIL)

    assert not isinstance(failure.value, MailRefused)


async def test_a_mail_arrives_as_it_was_written(smtp: SmtpMailer, inbox: Inbox) -> None:
    await smtp.deliver(MAIL)

    [envelope] = inbox.envelopes
    arrived = message_from_bytes(cast("bytes", envelope.content), policy=default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hi@bursar.test", ["ada@example.com"])
    assert {name: arrived[name] for name in ("From", "To", "Subject", "Message-ID", "Date")} == {
        "From": "Bursar <hi@bursar.test>",
        "To": "ada@example.com",
        "Subject": MAIL.subject,
        "Message-ID": f"<{MAIL.id}@bursar.test>",
        "Date": "Fri, 20 Nov 2026 09:00:00 +0000",
    }
    text, html = (arrived.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == MAIL.text.splitlines()
    assert html.get_content().strip() == MAIL.html


async def test_a_mail_refused_for_what_it_says_is_refused_for_good(
    smtp: SmtpMailer, inbox: Inbox
) -> None:
    inbox.reply_to_data = "554 looks like spam"

    with pytest.raises(MailRefused):
        await smtp.deliver(MAIL)


async def test_a_line_that_cannot_be_encrypted_is_not_used_when_it_must_be(
    smtp: SmtpMailer, inbox: Inbox
) -> None:
    strict = SmtpMailer(host=smtp.host, port=smtp.port, sender=smtp.sender, tls="starttls")

    with pytest.raises(Exception, match="STARTTLS"):
        await strict.deliver(MAIL)

    assert inbox.envelopes == []


async def test_a_server_that_is_away_is_not_a_refusal() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        away = SmtpMailer(
            host="127.0.0.1", port=taken.getsockname()[1], sender="hi@bursar.test", tls="none"
        )

        with pytest.raises(OSError, match="connect") as failure:
            await away.deliver(MAIL)

    assert not isinstance(failure.value, MailRefused)


@pytest.mark.parametrize("subject", ["Hello\nBcc: eve@example.com", "Hello\r\n\r\nbody"])
def test_a_subject_cannot_add_a_header(subject: str) -> None:
    mailer = SmtpMailer(host="127.0.0.1", port=1, sender="hi@bursar.test")
    fields = {name: getattr(MAIL, name) for name in Mail.__slots__}

    with pytest.raises(ValueError, match="Header values"):
        mailer.message(Mail(**{**fields, "subject": subject}))


def test_the_password_is_not_shown_with_the_mailer() -> None:
    mailer = SmtpMailer(host="h", port=1, sender="s", username="u", password="pa55word")

    assert "pa55word" not in repr(mailer)
