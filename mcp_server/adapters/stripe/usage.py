"""Export of usage to Stripe's billing meters: one event at a time, or a stream of many.

The ledger is the meter; this is a copy. An event is known to Stripe by our own id of it, so that
sending it again within a day changes nothing.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.kernel.clock import Clock, SystemClock
from core.payments import (
    Meter,
    MeterDraft,
    ProviderKeyRefused,
    ProviderRefused,
    UsageDraft,
)
from mcp_server.adapters.stripe.calling import Calls, Part, Told, options

CUSTOMER_FIELD = "stripe_customer_id"
VALUE_FIELD = "value"
STREAM_MAX = 100
SESSION_MARGIN = timedelta(minutes=1)
_DUPLICATE = {"duplicate_meter_event", "resource_already_exists"}


@dataclass(frozen=True, slots=True)
class _Session:
    token: str
    expires_at: datetime


class UsageAtStripe(Part):
    def __init__(self, calls: Calls, clock: Clock | None = None) -> None:
        super().__init__(calls)
        self._clock = clock or SystemClock()
        self._session: _Session | None = None

    async def save_meter(self, draft: MeterDraft, *, key: str) -> Meter:
        meters = self._v1.billing.meters

        def listed(place: Told) -> Awaitable[Any]:
            page: Awaitable[Any] = meters.list_async({"status": "active", **place})
            return page

        async for told in self._calls.pages("list meters", listed):
            if told["event_name"] == draft.event_name:
                return self._read.meter(told)
        fields = {
            "display_name": draft.name,
            "event_name": draft.event_name,
            "default_aggregation": {"formula": draft.formula},
            "customer_mapping": {"type": "by_id", "event_payload_key": CUSTOMER_FIELD},
            "value_settings": {"event_payload_key": VALUE_FIELD},
        }
        told = await self._calls.ask(
            "make a meter", lambda: meters.create_async(fields, options(key))
        )
        return self._read.meter(told)

    async def send_usage(self, usage: UsageDraft) -> None:
        fields = _event(usage) | {"timestamp": int(usage.occurred_at.timestamp())}
        try:
            await self._calls.ask(
                "export usage",
                lambda: self._v1.billing.meter_events.create_async(
                    fields, options(f"usage:{usage.id}")
                ),
            )
        except ProviderRefused as refused:
            if refused.provider_code not in _DUPLICATE:
                raise

    async def stream_usage(self, usage: Sequence[UsageDraft]) -> None:
        if len(usage) > STREAM_MAX:
            raise ValueError(f"at most {STREAM_MAX} events can be streamed at once")
        if not usage:
            return
        fields = {
            "events": [
                _event(each)
                | {"timestamp": each.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds")}
                for each in usage
            ]
        }
        try:
            await self._stream(fields)
        except ProviderKeyRefused:
            # A session can end before its time, and is then begun anew, once.
            self._session = None
            await self._stream(fields)

    async def withdraw_usage(self, event_name: str, usage_id: str, *, key: str) -> None:
        fields = {"event_name": event_name, "type": "cancel", "cancel": {"identifier": usage_id}}
        adjustments = self._v1.billing.meter_event_adjustments
        await self._calls.ask(
            "withdraw usage", lambda: adjustments.create_async(fields, options(key))
        )

    async def _stream(self, fields: Told) -> None:
        token = (await self._open_session()).token
        stream = self._calls.sdk.v2.billing.meter_event_stream
        await self._calls.ask(
            "stream usage",
            lambda: stream.create_async(fields, {"api_key": token}),  # type: ignore[arg-type]
            circuit=self._calls.meter_events,
        )

    async def _open_session(self) -> _Session:
        session = self._session
        if session is None or session.expires_at - SESSION_MARGIN <= self._clock.now():
            sessions = self._calls.sdk.v2.billing.meter_event_session
            told = await self._calls.ask("open a stream", sessions.create_async)
            session = _Session(
                told["authentication_token"], datetime.fromisoformat(told["expires_at"])
            )
            self._session = session
        return session


def _event(usage: UsageDraft) -> dict[str, Any]:
    return {
        "event_name": usage.event_name,
        "identifier": usage.id,
        "payload": {CUSTOMER_FIELD: usage.customer_id, VALUE_FIELD: usage.quantity},
    }
