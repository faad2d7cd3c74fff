"""A mail goes out once its cause is committed, and its words are gone when nobody needs them."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.audit.tables import events as trail
from core.messaging import mail_delivery, mailing
from core.messaging.mail_tables import mails
from core.messaging.mailing import Kept, MailRefused
from tests.fakes.mailer import FakeMailer
from tests.world import OPERATOR, PROJECT, START, World

pytestmark = pytest.mark.anyio

URL = "https://bursar.test"
LETTER = f"Open {mailing.PUBLIC_URL}/invitation/secret-token"
HTML = f'<a href="{mailing.PUBLIC_URL}/invitation/secret-token">Open</a>'


async def write(world: World, *, expires_at: datetime | None = None) -> str:
    async with world.database.begin(OPERATOR) as work:
        return await mailing.send(
            work.within(PROJECT),
            "ada@example.com",
            subject="Come in",
            text=LETTER,
            html=HTML,
            purpose="invitation",
            expires_at=expires_at,
        )


async def deliver(world: World, mailer: FakeMailer | None) -> int:
    return await mail_delivery.deliver_due(world.database, mailer, URL)


async def kept(world: World) -> list[Kept]:
    async with world.database.read(OPERATOR) as work:
        return list(await mailing.kept(work, URL))


async def stored(world: World) -> Any:
    async with world.database.read(OPERATOR) as work:
        return (await work.execute(select(mails))).one()


async def test_a_mail_is_sent_once_with_its_links_made_whole(world: World) -> None:
    mail_id = await write(world)
    mailer = FakeMailer()

    assert [await deliver(world, mailer), await deliver(world, mailer)] == [1, 0]

    [mail] = mailer.taken
    assert (mail.id, mail.address, mail.subject) == (mail_id, "ada@example.com", "Come in")
    assert mail.text == f"Open {URL}/invitation/secret-token"
    assert mail.html == f'<a href="{URL}/invitation/secret-token">Open</a>'


async def test_what_a_sent_mail_said_is_not_kept(world: World) -> None:
    await write(world)

    await deliver(world, FakeMailer())

    row = await stored(world)
    assert (row.text, row.html, row.sent_at) == (None, None, START)
    assert "secret-token" not in repr(row)
    assert await kept(world) == []


async def test_a_mail_whose_cause_is_undone_is_never_sent(world: World) -> None:
    mailer = FakeMailer()

    async def write_and_fail() -> None:
        async with world.database.begin(OPERATOR) as work:
            await mailing.send(work, "ada@example.com", subject="S", text="T", purpose="test")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()

    assert (await deliver(world, mailer), mailer.taken) == (0, [])


async def test_without_a_mailer_mails_are_kept_and_shown_whole(world: World) -> None:
    mail_id = await write(world)

    assert await deliver(world, None) == 0

    [shown] = await kept(world)
    assert shown == Kept(
        id=mail_id,
        purpose="invitation",
        address="ada@example.com",
        subject="Come in",
        text=f"Open {URL}/invitation/secret-token",
        created_at=START,
        buried_at=None,
        error=None,
    )


async def test_a_mail_that_failed_is_tried_again_later_under_the_same_id(world: World) -> None:
    mail_id = await write(world)
    mailer = FakeMailer(failures=[ConnectionError("the server is away")])

    first = await deliver(world, mailer)
    too_early = await deliver(world, mailer)
    world.clock.advance(mail_delivery.PAUSES[0])
    second = await deliver(world, mailer)

    assert (first, too_early, second) == (0, 0, 1)
    assert [mail.id for mail in mailer.taken] == [mail_id]


async def test_a_mail_that_always_fails_is_buried_where_it_can_be_seen(world: World) -> None:
    mail_id = await write(world)
    mailer = FakeMailer(failures=[ConnectionError("ada@example.com")] * 100)

    for pause in (*mail_delivery.PAUSES, timedelta(days=1), timedelta(days=1)):
        assert await deliver(world, mailer) == 0
        world.clock.advance(pause)

    assert len(mailer.failures) == 100 - mail_delivery.ATTEMPTS
    [buried] = await kept(world)
    assert (buried.error, buried.text) == ("ConnectionError", None)
    async with world.database.read(OPERATOR) as work:
        query = select(trail.c.project_id, trail.c.object_id, trail.c.details)
        [event] = (await work.execute(query.where(trail.c.action == "mail.buried"))).all()
    assert tuple(event) == (PROJECT, mail_id, {"error": "ConnectionError"})


async def test_a_mail_the_server_will_never_take_is_buried_at_once(world: World) -> None:
    await write(world)

    await deliver(world, FakeMailer(failures=[MailRefused()]))

    [buried] = await kept(world)
    assert (buried.buried_at, buried.error, buried.text) == (START, "MailRefused", None)


@pytest.mark.parametrize("has_mailer", [True, False])
async def test_a_mail_is_not_sent_at_or_after_the_second_it_expires(
    world: World, *, has_mailer: bool
) -> None:
    await write(world, expires_at=START + timedelta(days=7))
    mailer = FakeMailer()

    world.clock.advance(days=7)
    await deliver(world, mailer if has_mailer else None)

    assert mailer.taken == []
    [buried] = await kept(world)
    assert (buried.error, buried.text) == ("expired", None)


async def test_one_mail_that_fails_does_not_hold_up_the_others(world: World) -> None:
    for _ in range(12):
        await write(world)
    mailer = FakeMailer(failures=[ConnectionError()])

    assert await deliver(world, mailer) == 11


async def test_ten_who_deliver_at_once_send_each_mail_once(world: World) -> None:
    for _ in range(20):
        await write(world)
    mailer = FakeMailer()

    sent = await asyncio.gather(*(deliver(world, mailer) for _ in range(10)))

    assert len({mail.id for mail in mailer.taken}) == len(mailer.taken) == sum(sent) == 20


async def test_a_mail_taken_by_someone_who_died_goes_out_again_with_the_same_id(
    world: World,
) -> None:
    mail_id = await write(world)
    async with world.database.begin(OPERATOR) as work:
        await mail_delivery.claim(work, URL)  # and then the process is gone
    mailer = FakeMailer()

    early = await deliver(world, mailer)
    world.clock.advance(mail_delivery.LEASE)
    late = await deliver(world, mailer)

    assert (early, late, [mail.id for mail in mailer.taken]) == (0, 1, [mail_id])


async def test_a_mail_that_kills_whoever_sends_it_is_buried_in_the_end(world: World) -> None:
    await write(world)
    for _ in range(mail_delivery.ATTEMPTS):
        async with world.database.begin(OPERATOR) as work:
            assert len(await mail_delivery.claim(work, URL)) == 1
        world.clock.advance(mail_delivery.LEASE)

    assert await deliver(world, FakeMailer()) == 0

    [buried] = await kept(world)
    assert (buried.error, buried.text) == ("never_taken", None)


async def test_a_late_failure_does_not_take_the_mail_from_who_has_it_now(world: World) -> None:
    await write(world)
    async with world.database.begin(OPERATOR) as work:
        [slow] = await mail_delivery.claim(work, URL)
    world.clock.advance(mail_delivery.LEASE)
    async with world.database.begin(OPERATOR) as work:
        await mail_delivery.claim(work, URL)
    held_until = (await stored(world)).due_at

    async with world.database.begin(OPERATOR) as work:
        await mail_delivery.write_failure(work, slow, ConnectionError())

    row = await stored(world)
    assert (row.due_at, row.attempt, row.error) == (held_until, 2, None)


async def test_the_database_itself_keeps_no_words_of_a_mail_that_ended(world: World) -> None:
    await write(world)
    row = dict((await stored(world))._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it

    with pytest.raises(Exception, match="is_blank_once_it_ends"):
        async with world.database.begin(OPERATOR) as work:
            await work.execute(insert(mails), row | {"id": "mal_" + "0" * 26, "sent_at": START})


async def test_delivering_goes_on_until_told_to_stop(world: World) -> None:
    mailer, stop = FakeMailer(failures=[ConnectionError()]), asyncio.Event()
    running = asyncio.create_task(mail_delivery.run(world.database, mailer, URL, stop=stop))

    await write(world)
    await write(world)
    await asyncio.wait_for(mailer.took.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)

    assert len(mailer.taken) == 1


async def test_a_database_that_was_away_does_not_end_the_delivering(world: World) -> None:
    mailer, stop, clock = FakeMailer(), asyncio.Event(), StumblingClock(world)
    database = replace(world.database, clock=clock)
    running = asyncio.create_task(mail_delivery.run(database, mailer, URL, stop=stop))
    await asyncio.wait_for(clock.stumbled.wait(), 10)

    await write(world)
    await asyncio.wait_for(mailer.took.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)

    assert len(mailer.taken) == 1


@dataclass
class StumblingClock:
    """Fails the first time it is asked, as a database does that is away."""

    world: World
    stumbled: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        if not self.stumbled.is_set():
            self.stumbled.set()
            raise ConnectionError
        return self.world.clock.now()
