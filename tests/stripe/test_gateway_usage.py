"""The export of usage, as far as only the wire can show it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from core.payments import ProviderKeyRefused, ProviderRefused, UsageDraft
from mcp_server.adapters.stripe import StripeGateway, open_gateway
from mcp_server.adapters.stripe.wire import open_http
from tests.stripe.people import AtTheSandbox
from tests.stripe.stub import Answer, Impatient, Stub, refused, stubbed, told
from tests.world import FrozenClock

pytestmark = pytest.mark.anyio

KEY = "sk_test_1"
CLOCK = FrozenClock()
USAGE = UsageDraft(
    id="use_1",
    event_name="tokens",
    customer_id="cus_1",
    quantity="2.5",
    occurred_at=CLOCK.now() + timedelta(milliseconds=250),
)
DONE = told()
DENIED = refused(401, type="invalid_request_error", message="This session is over.")


def session(token: str, minutes: int = 15) -> Answer:
    until = CLOCK.now() + timedelta(minutes=minutes)
    return told(
        object="v2.billing.meter_event_session",
        id="mes_1",
        authentication_token=token,
        expires_at=until.isoformat(),
    )


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with stubbed() as stub:
        yield stub


@pytest.fixture
async def gateway(stub: Stub) -> AsyncIterator[StripeGateway]:
    http = Impatient(open_http(use_proxies=False))
    gateway = open_gateway(KEY, base=stub.base, http=http, clock=CLOCK)
    yield gateway
    await gateway.close()


def keys(stub: Stub) -> list[str]:
    return [each.headers["authorization"].removeprefix("Bearer ") for each in stub.asked]


async def test_one_event_is_sent_under_the_id_it_has_here(
    stub: Stub, gateway: StripeGateway
) -> None:
    stub.will(told(object="billing.meter_event", identifier="use_1"))

    await gateway.send_usage(USAGE)

    [asked] = stub.asked
    assert asked.path == "/v1/billing/meter_events"
    assert asked.key == "usage:use_1"
    assert b"identifier=use_1" in asked.body
    assert b"payload[value]=2.5" in asked.body


@pytest.mark.parametrize("code", ["duplicate_meter_event", "resource_already_exists"])
async def test_an_event_that_is_there_already_was_sent(
    stub: Stub, gateway: StripeGateway, code: str
) -> None:
    stub.will(refused(400, type="invalid_request_error", code=code, message="It exists."))

    await gateway.send_usage(USAGE)

    assert len(stub.asked) == 1


async def test_an_event_that_is_refused_is_told(stub: Stub, gateway: StripeGateway) -> None:
    stub.will(refused(400, type="invalid_request_error", code="timestamp_in_future", message="No."))

    with pytest.raises(ProviderRefused):
        await gateway.send_usage(USAGE)


async def test_a_stream_is_authenticated_once_and_carries_its_own_token(
    stub: Stub, gateway: StripeGateway
) -> None:
    stub.will(session("token_1"), DONE)

    await gateway.stream_usage([USAGE, USAGE])
    await gateway.stream_usage([USAGE])

    assert keys(stub) == [KEY, "token_1", "token_1"]
    sent = json.loads(stub.asked[1].body)
    assert [each["identifier"] for each in sent["events"]] == ["use_1", "use_1"]
    assert sent["events"][0]["timestamp"] == "2026-11-20T09:00:00.250+00:00"


async def test_a_session_that_is_about_to_end_is_not_used(
    stub: Stub, gateway: StripeGateway
) -> None:
    stub.will(session("token_1", minutes=1), DONE)
    await gateway.stream_usage([USAGE])
    stub.will(session("token_2"), DONE)
    await gateway.stream_usage([USAGE])

    assert keys(stub) == [KEY, "token_1", KEY, "token_2"]


async def test_a_session_that_ended_early_is_begun_anew_once(
    stub: Stub, gateway: StripeGateway
) -> None:
    stub.will(session("token_1"), DENIED, session("token_2"), DONE)
    await gateway.stream_usage([USAGE])
    assert keys(stub) == [KEY, "token_1", KEY, "token_2"]

    stub.will(DENIED, session("token_3"), DENIED)
    with pytest.raises(ProviderKeyRefused):
        await gateway.stream_usage([USAGE])
    assert keys(stub)[4:] == ["token_2", KEY, "token_3"]


async def test_a_stream_that_is_down_does_not_stop_payments(
    stub: Stub, gateway: StripeGateway
) -> None:
    circuits = gateway.circuits
    circuits["meter events"].failed(0, probe=True, jitter=0)

    assert not circuits["meter events"].is_closed
    assert circuits["api"].is_closed


async def test_a_report_of_wrong_usage_is_read_by_its_id_and_nothing_else() -> None:
    there = AtTheSandbox()
    nobody = UsageDraft(
        id="use_9",
        event_name="nobody_meters_this",
        customer_id="cus_1",
        quantity="1",
        occurred_at=there.clock.now(),
    )
    await there.gateway.send_usage(nobody)
    listed = await there.get("/v2/core/events")
    [thin] = listed.json()["data"]

    report = await there.gateway.read_thin_event(thin["id"])

    assert report.type == "v1.billing.meter.no_meter_found"
    assert report.occurred_at == there.clock.now().replace(microsecond=0)
    [error] = report.payload["data"]["reason"]["error_types"]
    assert error["sample_errors"][0]["request"]["identifier"] == "use_9"
    assert there.asked[-1].endswith(f"/v2/core/events/{thin['id']}")
    await there.close()


def test_the_wire_is_httpx2_and_follows_no_redirect() -> None:
    http = open_http()

    assert isinstance(http, httpx2.AsyncClient)
    assert http.follow_redirects is False
