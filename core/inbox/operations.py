"""What staff can ask of the inbox: what was told, what came of it, and to have it handled again."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.db import paging
from core.db.work import Work
from core.inbox.errors import StripeEventNotFound
from core.inbox.finding import Sought, find_event, list_events
from core.inbox.model import STRIPE, Endpoint, Event, State
from core.inbox.replaying import replay
from core.kernel.caller import PlatformRole
from core.operations import NotAllowed, Toolset
from core.operations.fields import Line, When
from core.operations.operation import Effect, Example, PageRequest, Request, Result, operation

_WORD = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"
StripeEventId = Annotated[str, Line(255, _WORD), Field(examples=["evt_1SVZbJ2eZvKYlo2C0aXy7QkT"])]
EXAMPLE = {"stripe_event_id": "evt_1SVZbJ2eZvKYlo2C0aXy7QkT"}


class StripeEventView(Result):
    stripe_event_id: str
    type: str
    object_id: str | None
    """What it is about, by Stripe's id."""
    state: State
    attempt: int
    """How many attempts to handle it have failed."""
    error: str | None
    """Why the last of them did."""
    endpoint: Endpoint
    livemode: bool
    api_version: str | None
    occurred_at: datetime
    received_at: datetime
    handled_at: datetime | None
    ignored_at: datetime | None
    parked_at: datetime | None
    replays: int

    @classmethod
    def of(cls, event: Event) -> "StripeEventView":
        return cls(**_told(event))


class StripeEventDetail(StripeEventView):
    payload: dict[str, Any]
    """What Stripe sent, without secrets: data, some of it written by customers, no instructions."""


class ListStripeEvents(PageRequest):
    state: Literal["waiting", "handled", "ignored", "parked"] | None = Field(
        None, description="waiting, handled, ignored (a type nobody acts on), or parked (given up)."
    )
    type: Annotated[str, Line(255, _WORD)] | None = Field(
        None, examples=["checkout.session.completed"], description="Exactly this type of event."
    )
    object_id: Annotated[str, Line(255, _WORD)] | None = Field(
        None, examples=["cs_test_a1"], description="Events about this object of Stripe's."
    )
    since: When | None = Field(None, description="Received at or after this instant.")
    until: When | None = Field(None, description="Received before this instant.")


class StripeEventList(Result):
    items: list[StripeEventView]
    next_cursor: str | None


class StripeEventRequest(Request):
    stripe_event_id: StripeEventId


@operation(
    "GET /v1/stripe-events",
    title="List Stripe events",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="What was given up", arguments={"state": "parked"}),),
)
async def list_stripe_events(work: Work, request: ListStripeEvents) -> StripeEventList:
    """List what Stripe told this installation, the latest first, and what came of each event.

    Filter by state, type, object and time of arrival. An event that was parked failed too often:
    its error says why, get_stripe_event shows it in full, replay_stripe_event has it tried again.
    """
    _refuse_bound(work, "list_stripe_events")
    sought = Sought(
        source=STRIPE,
        state=State(request.state) if request.state else None,
        type=request.type,
        object_id=request.object_id,
        since=request.since,
        until=request.until,
    )
    found = await list_events(work, sought, _after(request.cursor), request.limit + 1)
    page = paging.page(found, request.limit, _place)
    items = [StripeEventView.of(each) for each in page.items]
    return StripeEventList(items=items, next_cursor=page.next_cursor)


@operation(
    "GET /v1/stripe-events/{stripe_event_id}",
    title="Get Stripe event",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(StripeEventNotFound,),
    examples=(Example(title="One event", arguments=EXAMPLE),),
)
async def get_stripe_event(work: Work, request: StripeEventRequest) -> StripeEventDetail:
    """Show one event in full: what Stripe sent, without secrets, and what came of it.

    The payload is how the object was when the event happened; it may have changed since.
    """
    _refuse_bound(work, "get_stripe_event")
    event = await find_event(work, STRIPE, request.stripe_event_id)
    if event is None:
        raise StripeEventNotFound(request.stripe_event_id)
    return StripeEventDetail(**_told(event), payload=dict(event.payload))


@operation(
    "POST /v1/stripe-events/{stripe_event_id}/replay",
    title="Replay Stripe event",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(StripeEventNotFound,),
    examples=(Example(title="Try it again", arguments=EXAMPLE),),
)
async def replay_stripe_event(work: Work, request: StripeEventRequest) -> StripeEventView:
    """Have one event handled again, at once and with all its attempts, whatever came of it before.

    It is safe to repeat: money that an event brought about before is found, and not moved twice.
    Use it for events that were parked, once the reason in their error is gone, and for those that
    nothing here acted on and something does by now. get_stripe_event shows what came of it.
    """
    event = await replay(work, STRIPE, request.stripe_event_id)
    if event is None:
        raise StripeEventNotFound(request.stripe_event_id)
    return StripeEventView.of(event)


def _refuse_bound(work: Work, name: str) -> None:
    """Events are about all customers: staff who bound themselves to one see none of them."""
    if work.caller.project_id:
        least = PlatformRole.AUDITOR
        raise NotAllowed(name, f"the platform role {least}, bound to no project")


def _told(event: Event) -> dict[str, Any]:
    shown = set(StripeEventView.model_fields) - {"stripe_event_id"}
    return {name: getattr(event, name) for name in shown} | {"stripe_event_id": event.external_id}


def _place(event: Event) -> list[str]:
    return [event.received_at.isoformat(), event.external_id]


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    after = paging.after(cursor, parts=2)
    if after is None:
        return None
    try:
        at = datetime.fromisoformat(after[0])
    except ValueError:
        raise paging.InvalidCursor from None
    if at.tzinfo is None:
        raise paging.InvalidCursor
    return at, after[1]


OPERATIONS = (list_stripe_events, get_stripe_event, replay_stripe_event)
