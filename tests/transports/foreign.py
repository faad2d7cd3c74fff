"""Every way to name what is another customer's, found in the requests of all operations."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

import orjson
from pydantic import BaseModel

from core.kernel.caller import Role
from core.kernel.ids import compose, number_of, renamed
from core.operations.operation import Operation
from tests.transports.cases import CASES
from tests.transports.tenant import Tenant

Theirs = Callable[[Tenant], list[str]]

THEIRS: dict[str, Theirs] = {
    "project_id": lambda them: [them.project_id],
    "external_key": lambda them: [them.key],
    "wallet_id": lambda them: [them.wallet_id],
    "from_wallet_id": lambda them: [them.wallet_id],
    "to_wallet_id": lambda them: [them.wallet_id],
    "transaction_id": lambda them: [them.transaction_id],
    "hold_id": lambda them: [them.hold_id],
    "user_id": lambda them: [them.people[Role.OWNER], them.people[Role.VIEWER], them.invited],
    "owner_user_id": lambda them: [them.people[Role.OWNER]],
    "email": lambda them: [f"owner@{them.key}.example", f"new@{them.key}.example"],
    "owner_email": lambda them: [f"owner@{them.key}.example"],
    "invitation_id": lambda them: [them.invitation_id],
    "key_id": lambda them: [them.key_id],
    "invocation_id": lambda them: [them.invocation_id],
    "event_id": lambda them: [them.event_id, them.charged_event_id],
    "new_external_key": lambda them: [them.key],
    "object_id": lambda them: [them.wallet_id, them.key_id, them.project_id],
    "client_id": lambda them: [f"cli_{them.key}"],
    "checkout_id": lambda them: [them.checkout_id],
    "payment_id": lambda them: [them.payment_id],
    "refund_id": lambda them: [them.refund_id, them.asked_refund_id],
    "dispute_id": lambda them: [them.dispute_id],
    "method_id": lambda them: [them.method_id],
    "code": lambda them: [them.promotion_code],
    "promotion_code": lambda them: [them.promotion_code],
    "promotion_code_id": lambda them: [them.promotion_code_id],
    "for_project_id": lambda them: [them.project_id],
    "discount_id": lambda them: [them.discount_id],
    "subscription_id": lambda them: [them.subscription_id, them.paused_subscription_id],
    "visible_to": lambda them: [them.project_id],
    "invoice_id": lambda them: [them.invoice_id, them.draft_id],
    "document_id": lambda them: [them.invoice_id, them.draft_id],
    "run_id": lambda them: [them.run_id],
    "wallet_ids": lambda them: [them.wallet_id],
    "cursor": lambda them: [cursor(*each) for each in _places(them)],
}
"""Fields that name something of a customer's, and what another customer has to put there."""

HARMLESS = {
    *("name", "amount", "asset", "memo", "floor", "role", "scopes", "expires_in_days"),
    *("overlap_hours", "include_inactive", "limit", "time_zone", "currency", "locale"),
    *("key", "meter_key", "aggregation", "unit", "property", "price", "quantity", "properties"),
    *("occurred_at", "start_at", "end_at", "since", "until", "window", "group_by", "days"),
    *("operation", "decision", "action", "events", "source", "priority", "expires_at"),
    *("capture_max", "expires_in_seconds", "state", "type", "stripe_event_id"),
    *("reason", "reconciliation_id", "provider_id", "unmatched"),
    *("threshold", "monthly_spend_max", "daily_spend_max", "monthly_count_max", "daily_count_max"),
    *("pack_key", "credits", "bonus_credits", "description", "expires_after_days", "visibility"),
    *("include_archived", "success_url", "cancel_url", "return_url", "keep_payment_method"),
    *("product_key", "feature_key", "book_key", "plan_key", "kind", "starts_at", "ends_at"),
    *("is_default", "interval", "interval_count", "trial_days", "items", "entitlements"),
    *("included_credits", "notes", "version", "revision", "effective_at", "from_version"),
    *("to_version", "prices", "enabled", "unlimited", "per", "document", "expected_digest"),
    *("status", "event_name", "tiers"),
    *("coupon_key", "kind", "percent", "trial_days", "duration", "periods", "product_keys"),
    *("credits_expire_after_days", "minimum_amount", "stackable"),
    *("first_purchase_only", "redemptions_max", "redemptions_per_project", "redeem_by"),
    *("include_ended", "per_window"),
    *("rule_key", "applies_to", "when", "adjust", "stops", "effective_at", "ends_at", "version"),
    *("of", "values", "country", "region", "segments", "usage_properties", "suppose"),
    *("plan_key", "product_key", "item_key", "at"),
    *("package_key", "parts", "prices", "discount_percent", "discount_amounts", "options"),
    *("quantities", "count", "book_key", "required", "at_least", "at_most"),
    *(
        "feature_key",
        "mode",
        "override_limit",
        "per",
        "per_window",
        "plan_key",
        "version",
        "anchor_at",
        "ends_at",
    ),
    *("product_key", "include_closed", "to_plan_key", "to_version", "migration_id"),
    *("amounts", "groups", "windows", "closed", "round_on", "rounding"),
    *("trial_price", "at_trial_end", "needs_method", "begins", "effective", "proration"),
    *("credit_unused", "resumes_at", "subscription_state"),
    *("draft", "price_book", "seats", "from_version"),
    *("entity_key", "address", "vat_id", "invoice_prefix", "credit_note_prefix", "days_due"),
    *("footer", "prices_include_tax", "round_tax_on", "tax_rules", "rates", "category"),
    *("language", "tax_exempt", "lines", "postal_code", "city", "reference", "use_discounts"),
    *("refund", "unit_amount", "tax_category", "payment_reference", "to", "by"),
    *("scope", "scope_key", "draft_minutes", "thresholds"),
    *("months", "hours"),
    *("start_on", "end_on", "granularity"),
    *("run_state", "why", "campaign_key", "attempt_days", "jitter_percent", "lasts_days"),
    *("permanent_days", "campaign_notices", "hours_before", "tone", "at_end", "afterwards"),
    *("afterwards_days", "renewal_notice_days", "renewal_interval_days_min"),
}
"""Fields that name nothing: values of the caller's own, and what all customers share."""

LISTS = {"visible_to", "wallet_ids"}
"""Of those, fields that name several at once."""

AUTHORITY = {"token"}
"""Fields whose value is itself the right to see what it names, and that nobody can guess."""


@dataclass(frozen=True)
class Attack:
    """A call that works, with one thing of another customer's in it; and with nobody's."""

    operation: str
    field: str
    value: str
    theirs: dict[str, Any]
    nobodys: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.operation} with another's {self.field}"


def attacks(operation: Operation[Any, Any], us: Tenant, them: Tenant) -> Iterator[Attack]:
    """Put each of their things into each field of our call that could name it.

    Where the path does not name the project the call does not either: a caller who is bound to one
    may leave it out, and must not get another one's for it.
    """
    call = CASES[operation.name].arguments(us)
    if "{project_id}" not in operation.path:
        call.pop("project_id", None)
    yield Attack(operation.name, "nothing", them.key, call, call)
    for name in fields_of(operation.request):
        for value in THEIRS[name](them) if name in THEIRS else ():
            theirs, nothing = _with(call, name, value), _with(call, name, nobodys(value))
            yield Attack(operation.name, name, value, theirs, nothing)


def fields_of(request: type[BaseModel]) -> set[str]:
    """Return the names of every field of a request, those of lists inside it too."""
    names: set[str] = set()
    for name, field in request.model_fields.items():
        names.add(name)
        for inner in get_args(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                names |= fields_of(inner)
    return names


def _with(call: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    if "events" in call and name == "event_id":
        return call | {"events": [each | {name: value} for each in call["events"][:1]]}
    return call | {name: [value] if name in LISTS else value}


def nobodys(value: str) -> str:
    """Return a value of the same shape that names nothing at all."""
    if value.startswith(cursor("")[:2]):
        return cursor(*map(nobodys, orjson.loads(base64.urlsafe_b64decode(value + "=="))))
    if value[0].isdigit():
        return value  # an instant is nobody's already
    prefix, _, body = value.partition("_")
    if len(body) == 26:
        return compose(prefix, number_of(value) + 10**9)
    return f"nobody-{value.replace('heron', 'nowhere')}"


def cursor(*parts: str) -> str:
    """Write a cursor as a list of theirs would give it."""
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode().rstrip("=")


def _places(them: Tenant) -> list[tuple[str, ...]]:
    """Where a list of theirs could have been left."""
    ids = (them.project_id, them.wallet_id, them.people[Role.ADMIN], them.invitation_id)
    more = (them.key_id, them.invocation_id, them.hold_id, renamed(them.transaction_id, "grt"))
    paid = (them.payment_id, them.method_id, them.checkout_id, them.top_up_id)
    went_back = (them.refund_id, them.dispute_id)
    offered = (them.promotion_code_id, them.discount_id, them.invoice_id, them.attempt_id)
    left_at = ("2026-11-20T09:00:00+00:00", them.project_id, them.charged_event_id)
    held = (them.project_id, them.assignment_id)
    paying = (them.project_id, them.subscription_id)
    dunned = (them.project_id, them.run_id)
    return [
        *((each,) for each in (*ids, *more, *paid, *went_back, *offered)),
        left_at,
        held,
        paying,
        dunned,
    ]
