"""Whatever dies, is lost or races: money is asked for once, and booked once."""

import anyio
import pytest

from core import collecting, payers, payments
from core.collecting import concluding
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.payments import Payment
from tests.core.collecting.till import FAILED, NEEDS_ACTION, SUCCEEDED, Till, open_till
from tests.core.ledger.books import unit
from tests.core.topups.pump import ASKS
from tests.world import World

pytestmark = pytest.mark.anyio


class Killed(Exception):
    """What a process that is killed does not live to see."""


async def paid_once(till: Till, invoice_id: str) -> None:
    assert str((await till.invoice(invoice_id)).state) == "paid"
    assert [each.received.amount for each in till.paid()] == [10000]
    assert await till.accounts() == {"clearing USD/2": 10000, "revenue USD/2": 10000}
    assert await till.happened(SUCCEEDED, FAILED) == [SUCCEEDED]
    await till.must_agree()


async def test_a_lost_answer_is_looked_for_and_not_asked_for_again(world: World) -> None:
    till = await open_till(world)
    till.gateway.lost_answers = 1

    invoice = await till.collect()
    assert str((await till.invoice(invoice.id)).state) == "open"
    till.gateway.forget_keys()
    world.clock.advance(minutes=1)
    await till.work_off()

    await paid_once(till, invoice.id)
    assert len(till.asked_to_pay()) == 1


@pytest.mark.parametrize("cut", ["before the provider", "before the record"])
async def test_killed_at_any_step_it_is_paid_once_and_recorded_once_afterwards(
    world: World, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    till = await open_till(world)
    issued = await till.issue()
    with monkeypatch.context() as patched:
        if cut == "before the provider":
            patched.setattr(payers, "charge", _killed)
        else:
            patched.setattr(concluding, "apply", _killed)
        await till.work_off()
    # The money may be there already, and nothing of it is known here.
    assert len(till.paid()) == (cut == "before the record")
    assert str((await till.invoice(issued.id)).state) == "open"

    till.gateway.forget_keys()
    world.clock.advance(minutes=1)
    await till.work_off()

    await paid_once(till, issued.id)


async def test_killed_between_payment_and_record_the_webhook_records_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await open_till(world)
    issued = await till.issue()
    with monkeypatch.context() as patched:
        patched.setattr(concluding, "apply", _killed)
        await till.work_off()

    await till.hear()
    await till.relay()

    await paid_once(till, issued.id)
    world.clock.advance(minutes=5)
    await till.work_off()
    await paid_once(till, issued.id)


async def _killed(*_: object) -> None:
    raise Killed


async def test_an_event_that_is_heard_again_after_a_kill_begins_no_second_attempt(
    world: World,
) -> None:
    till = await open_till(world)
    issued = await till.issue()

    with pytest.raises(Killed):
        await _begin_and_die(till, issued.id)
    assert await till.attempts() == []
    await till.work_off()

    assert len(await till.attempts()) == 1
    await paid_once(till, issued.id)


async def _begin_and_die(till: Till, invoice_id: str) -> None:
    async with unit(till.world, till.project) as work:
        await collecting.collect(work, invoice_id)
        raise Killed


async def test_of_ten_who_tell_of_the_outcome_at_once_one_books_it(world: World) -> None:
    till = await open_till(world)
    issued = await till.issue()
    async with unit(world, till.project) as work:
        attempt = await collecting.collect(work, issued.id)
    draft = payments.OffSessionDraft(
        customer_id=(await _customer(till)).external_id,
        method_id=next(till.provider.all(payments.Method)).id,
        amount=attempt.amount,
        metadata={"project_id": till.project, "payment_id": attempt.payment_id},
    )
    made = await till.gateway.pay_off_session(draft, key=f"{attempt.id}:pay")
    told = payments.Told.of_payment(made)
    answer = payers.Answer(verdict=payers.Verdict.PAID, told=told)

    async def tell(n: int) -> None:
        async def here(work: Work) -> None:
            if n % 2:
                await concluding.apply(work, attempt.id, answer, None)  # type: ignore[arg-type] # No page is opened for what is paid.
            else:
                await payments.fulfil(work, attempt.payment_id, told)

        async with world.database.begin(SYSTEM) as work:
            await here(work.within(till.project))

    async with anyio.create_task_group() as group:
        for n in range(10):
            group.start_soon(tell, n)
    await till.work_off()

    await paid_once(till, issued.id)


async def test_of_ten_who_collect_at_once_one_attempt_is_begun(world: World) -> None:
    till = await open_till(world)
    issued = await till.issue()
    begun: set[str] = set()

    async def collect() -> None:
        async with unit(world, till.project) as work:
            begun.add((await collecting.collect(work, issued.id)).id)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(collect)
    await till.work_off()

    assert len(begun) == 1
    await paid_once(till, issued.id)


async def test_a_link_is_sent_once_however_often_its_page_is_told_of(world: World) -> None:
    till = await open_till(world, decline=ASKS)
    await till.collect()

    for _ in range(2):
        await till.hear(again=True)
        await till.work_off()

    assert await till.happened(NEEDS_ACTION) == [NEEDS_ACTION]
    assert len(await till.mails()) == 1
    assert len([*till.provider.all(Payment)]) == 1


async def _customer(till: Till) -> payers.CustomerRecord:
    async with unit(till.world, till.project) as work:
        known = await payers.customer_of(work)
    assert known
    return known
