"""What the adapter does when Stripe, or the way to it, fails."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stamina
import stripe
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from core.kernel.errors import EngineError
from core.kernel.money import Asset, Money
from core.payments import (
    CustomerDraft,
    OffSessionDraft,
    PaymentDeclined,
    ProviderFailed,
    ProviderKeyRefused,
    ProviderKeyReused,
    ProviderObjectMissing,
    ProviderRefused,
    ProviderUnavailable,
)
from mcp_server.adapters.stripe import StripeGateway, open_gateway
from mcp_server.adapters.stripe.wire import open_http
from tests.stripe.stub import (
    DROPPED,
    FAILED,
    HANGING,
    REQUEST_ID,
    RUBBISH,
    Answer,
    Impatient,
    Stub,
    refused,
    stubbed,
    told,
)

pytestmark = pytest.mark.anyio

SECRET = "sk_test_0123456789abcdef"
CUSTOMER = told(id="cus_1", object="customer", created=1, livemode=False)
LIMITED = refused(429, {"Retry-After": "0.01"}, type="invalid_request_error", code="rate_limit")
TEN = Money.of("10.00", Asset("USD", 2))


@dataclass
class Line:
    """The stub at one end and the adapter at the other."""

    stub: Stub
    gateway: StripeGateway
    waits: list[float] = field(default_factory=list)

    async def save(self, key: str = "k") -> Any:
        return await self.gateway.save_customer(CustomerDraft(name="Acme"), key=key)

    async def pay(self) -> Any:
        draft = OffSessionDraft(customer_id="cus_1", method_id="pm_1", amount=TEN)
        return await self.gateway.pay_off_session(draft, key="pay:1")

    async def fails(self, ask: Awaitable[Any]) -> EngineError:
        with pytest.raises(EngineError) as raised:
            await ask
        return raised.value


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with stubbed() as stub:
        http = Impatient(open_http(answer_seconds=0.3, use_proxies=False))
        gateway = open_gateway(SECRET, base=stub.base, http=http)
        yield Line(stub, gateway)
        await gateway.close()


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """How long the adapter waits before each further try after "too many requests"."""
    seen: list[float] = []

    def note(details: RetryDetails) -> None:
        seen.append(details.wait_for)

    set_on_retry_hooks([note])
    yield seen
    set_on_retry_hooks(None)


@pytest.mark.parametrize(
    "first",
    [DROPPED, HANGING, FAILED, refused(409, type="idempotency_error", code="key_in_use")],
    ids=["dropped", "hanging", "failed", "conflict"],
)
async def test_what_was_not_answered_is_asked_again_under_the_same_key(
    line: Line, first: Answer
) -> None:
    line.stub.will(first, CUSTOMER)

    assert (await line.save("cus:prj_1:1")).id == "cus_1"
    assert [each.key for each in line.stub.asked] == ["cus:prj_1:1", "cus:prj_1:1"]


@pytest.mark.parametrize(
    ("always", "expected"),
    [
        (DROPPED, ProviderUnavailable),
        (HANGING, ProviderUnavailable),
        (RUBBISH, ProviderUnavailable),
        (Answer(status=502, body=b"<html>Bad gateway</html>"), ProviderUnavailable),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}), ProviderUnavailable),
        (FAILED, ProviderFailed),
        (refused(409, type="idempotency_error", code="key_in_use"), ProviderUnavailable),
    ],
    ids=["dropped", "hanging", "rubbish", "bad gateway", "redirected", "failed", "conflict"],
)
async def test_a_stripe_that_stays_away_is_busy_and_not_a_bug(
    line: Line, always: Answer, expected: type[EngineError]
) -> None:
    line.stub.will(always)

    error = await line.fails(line.save())

    assert type(error) is expected
    assert len(line.stub.asked) <= 3


async def test_a_failure_of_stripes_own_says_that_the_key_is_spent(line: Line) -> None:
    line.stub.will(FAILED)

    error = await line.fails(line.pay())

    assert isinstance(error, ProviderUnavailable)  # whoever tries again later does so here too
    assert error.code == "provider_failed"


async def test_too_many_requests_are_asked_again_when_stripe_says(
    line: Line, waits: list[float]
) -> None:
    line.stub.will(LIMITED, LIMITED, CUSTOMER)

    await line.save("k")

    assert [each.key for each in line.stub.asked] == ["k", "k", "k"]
    assert len(waits) == 2
    assert all(0.01 <= each <= 0.0125 for each in waits)


async def test_too_many_requests_wait_longer_each_time_if_stripe_does_not_say(
    line: Line, waits: list[float]
) -> None:
    line.stub.will(refused(429, type="invalid_request_error", code="lock_timeout"), CUSTOMER)

    await line.save()

    assert 0.5 <= waits[0] <= 1.0


async def test_after_four_tries_too_many_requests_are_told(line: Line) -> None:
    line.stub.will(LIMITED)

    error = await line.fails(line.save())

    assert error.facts == {"retry_after": 1}
    assert len(line.stub.asked) == 4


async def test_whoever_is_told_to_wait_long_is_told_at_once(line: Line) -> None:
    line.stub.will(refused(429, {"Retry-After": "120"}, type="invalid_request_error"))

    error = await line.fails(line.save())

    assert error.facts == {"retry_after": 120}
    assert len(line.stub.asked) == 1


async def test_a_limited_stripe_is_not_a_stripe_that_is_down(line: Line) -> None:
    line.stub.will(LIMITED)
    with stamina.set_testing(True, attempts=1):
        for _ in range(6):
            await line.fails(line.save())

    assert line.gateway.circuits["api"].is_closed


async def test_a_decline_says_why_and_which_payment_it_was(line: Line) -> None:
    line.stub.will(
        refused(
            402,
            type="card_error",
            code="card_declined",
            decline_code="insufficient_funds",
            message="Your card has insufficient funds.",
            payment_intent={"id": "pi_1", "status": "requires_payment_method"},
            payment_method={"id": "pm_1"},
        )
    )

    error = await line.fails(line.pay())

    assert isinstance(error, PaymentDeclined)
    assert error.facts == {
        "reason": "Your card has insufficient funds.",
        "provider_code": "card_declined",
        "decline_code": "insufficient_funds",
        "payment_id": "pi_1",
        "method_id": "pm_1",
    }
    assert not error.needs_customer
    assert len(line.stub.asked) == 1


async def test_a_bank_that_asks_for_the_customer_is_told_apart(line: Line) -> None:
    code = {"code": "authentication_required", "message": "This payment needs the customer."}
    line.stub.will(refused(402, type="card_error", **code))

    error = await line.fails(line.pay())

    assert isinstance(error, PaymentDeclined)
    assert error.needs_customer


async def test_a_refusal_passes_on_stripes_words_and_the_field_it_means(line: Line) -> None:
    line.stub.will(
        refused(
            400,
            type="invalid_request_error",
            code="amount_too_small",
            param="amount",
            message="Amount must convert to at least 50 cents.",
        )
    )

    error = await line.fails(line.pay())

    assert isinstance(error, ProviderRefused)
    assert error.facts == {
        "reason": "Amount must convert to at least 50 cents.",
        "provider_code": "amount_too_small",
        "param": "amount",
    }
    assert len(line.stub.asked) == 1


async def test_what_stripe_does_not_know_is_named(line: Line) -> None:
    line.stub.will(
        refused(
            404,
            type="invalid_request_error",
            code="resource_missing",
            param="customer",
            message="No such customer: 'cus_1'",
        )
    )

    error = await line.fails(line.pay())

    assert isinstance(error, ProviderObjectMissing)
    assert error.facts == {"object_id": "cus_1", "param": "customer"}


async def test_a_key_with_other_contents_is_a_conflict(line: Line) -> None:
    line.stub.will(refused(400, type="idempotency_error", message="Keys for idempotent requests…"))

    assert isinstance(await line.fails(line.pay()), ProviderKeyReused)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_stripe_refuses_is_nowhere_to_be_read(
    line: Line, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    message = f"Invalid API Key provided: {SECRET[:8]}****{SECRET[-4:]}"
    line.stub.will(refused(status, type="invalid_request_error", message=message))

    with caplog.at_level(logging.DEBUG):
        error = await line.fails(line.save())

    assert isinstance(error, ProviderKeyRefused)
    said = caplog.text + str(error) + repr(error) + json.dumps(error.facts)
    assert SECRET[-4:] not in said
    assert error.__cause__ is None


async def test_the_log_names_stripes_request_and_nothing_that_was_sent(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    private = "The e-mail address someone@example.com is wrong."
    line.stub.will(refused(400, type="invalid_request_error", code="bad", message=private))

    with caplog.at_level(logging.DEBUG):
        await line.fails(line.save())

    assert REQUEST_ID in caplog.text
    assert not any(word in caplog.text for word in (SECRET, "Acme", "someone@example.com"))


async def test_after_some_failures_nobody_is_asked_until_one_probe_succeeds(line: Line) -> None:
    circuit = line.gateway.circuits["api"]
    circuit.failures_max, circuit.pause_seconds = 2, 0.05
    line.stub.will(RUBBISH)
    for _ in range(2):
        await line.fails(line.save())
    spared = len(line.stub.asked)

    error = await line.fails(line.save())

    assert error.facts == {"retry_after": 1}
    assert len(line.stub.asked) == spared
    line.stub.will(CUSTOMER)
    await asyncio.sleep(0.08)
    await line.save()
    assert circuit.is_closed


async def test_an_answer_that_says_no_does_not_open_the_circuit(line: Line) -> None:
    line.stub.will(refused(400, type="invalid_request_error", message="No."))
    for _ in range(6):
        await line.fails(line.save())

    assert len(line.stub.asked) == 6


async def test_a_call_that_is_cancelled_tells_nothing_of_stripe(line: Line) -> None:
    circuit = line.gateway.circuits["api"]
    circuit.failures_max = 1
    line.stub.will(HANGING)
    call = asyncio.create_task(line.save())
    await line.stub.hung.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert circuit.is_closed


async def test_stripe_is_told_one_version_and_nothing_about_this_machine(line: Line) -> None:
    line.stub.will(CUSTOMER)
    await line.save()
    await line.save("again")

    sent = line.stub.asked[-1].headers
    about = json.loads(sent["x-stripe-client-user-agent"])
    assert sent["stripe-version"] == stripe.api_version == "2026-10-28.endive"
    assert "x-stripe-client-telemetry" not in sent
    assert not {"telemetry_id", "platform"} & set(about)


async def test_a_notice_of_stripes_is_logged_and_does_no_harm(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.stub.will(Answer(body=CUSTOMER.body, headers={"Stripe-Notice": "Upgrade soon."}))

    await line.save()

    assert "Upgrade soon." in caplog.text


async def test_an_sdk_of_another_version_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stripe, "api_version", "2027-01-01.other")

    with pytest.raises(RuntimeError, match="2027-01-01"):
        open_gateway(SECRET)


async def test_a_redirect_is_not_followed(line: Line) -> None:
    line.stub.will(Answer(status=307, headers={"Location": f"{line.stub.base}/elsewhere"}))

    await line.fails(line.save())

    assert {each.path for each in line.stub.asked} == {"/v1/customers"}
