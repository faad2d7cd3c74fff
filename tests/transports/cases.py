"""One call of every operation that works, about one customer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.catalog_files.differing import Step, digest_of
from core.kernel.caller import Role
from tests.transports.plans import MIGRATION
from tests.transports.tenant import PLAN, RECONCILIATION, STRIPE_EVENT, Tenant, use

Arguments = Callable[[Tenant], dict[str, Any]]
RENAMED = Step("products.app.name", "update", "App", "The app")
"""What the tenant's document changes of the catalog."""


@dataclass(frozen=True)
class Case:
    """What to send, and who sends it: an operator, or the person who was invited."""

    arguments: Arguments
    who: str = "operator"


def here(**more: Any) -> Case:
    """About the project; a value that is an attribute's name in braces is the tenant's."""
    return about(project_id="{project_id}", **more)


def about(*, who: str = "operator", **more: Any) -> Case:
    def arguments(tenant: Tenant) -> dict[str, Any]:
        return {name: filled(value, tenant) for name, value in more.items()}

    return Case(arguments, who)


def filled(value: Any, tenant: Tenant) -> Any:
    if isinstance(value, Role):
        return tenant.people[value]
    if isinstance(value, str) and value.startswith("{"):
        return getattr(tenant, value.strip("{}"))
    return value


MONTH = {"start_at": "2026-10-20T00:00:00Z", "end_at": "2026-11-20T00:00:00Z"}
FLAT = {"model": "flat", "amount": "10"}
FEE = {"description": "Set-up", "amount": "250.00"}
CASES: dict[str, Case] = {
    "whoami": about(),
    "create_project": about(name="Brand new", external_key="brand-new", owner_user_id="{stranger}"),
    "get_project": here(),
    "list_projects": about(limit=10),
    "update_project": here(name="Renamed", locale="de-DE"),
    "create_test_clock": here(),
    "get_test_clock": about(project_id="{clocked_project_id}"),
    "advance_test_clock": about(project_id="{clocked_project_id}", by={"days": 1}),
    "delete_test_clock": about(project_id="{clocked_project_id}"),
    "add_member": here(user_id="{stranger}", role="viewer"),
    "list_members": here(limit=2),
    "change_member_role": here(user_id=Role.MEMBER, role="admin"),
    "remove_member": here(user_id=Role.VIEWER),
    "transfer_ownership": here(user_id=Role.ADMIN),
    "invite_member": here(email="somebody@else.example", role="viewer"),
    "list_invitations": here(),
    "resend_invitation": here(invitation_id="{invitation_id}"),
    "revoke_invitation": here(invitation_id="{invitation_id}"),
    "peek_invitation": about(token="{token}"),
    "accept_invitation": about(token="{token}", who="invitee"),
    "create_api_key": here(name="Backend", role="member", scopes=["metering:write"]),
    "list_api_keys": here(include_inactive=True),
    "rotate_api_key": here(key_id="{key_id}", overlap_hours=1),
    "revoke_api_key": here(key_id="{key_id}"),
    "create_wallet": here(name="Dollars", asset="USD/2", user_id=Role.MEMBER),
    "list_wallets": here(),
    "check_balance": here(wallet_id="{wallet_id}"),
    "list_transactions": here(wallet_id="{wallet_id}"),
    "grant_credits": here(
        wallet_id="{wallet_id}",
        amount="2.50",
        source="goodwill",
        priority=10,
        expires_at="2027-01-01T00:00:00Z",
        memo="Thank you",
    ),
    "list_grants": here(wallet_id="{wallet_id}"),
    "transfer_credits": here(
        from_wallet_id="{wallet_id}", to_wallet_id="{team_wallet_id}", amount="10"
    ),
    "reverse_transaction": here(transaction_id="{transaction_id}", memo="A mistake"),
    "hold_credits": here(wallet_id="{wallet_id}", amount="2", capture_max="3", memo="A big model"),
    "capture_hold": here(hold_id="{hold_id}", amount="0.25"),
    "release_hold": here(hold_id="{hold_id}"),
    "list_holds": here(wallet_id="{wallet_id}", state="open"),
    "create_meter": about(
        key="calls", name="Calls", aggregation="count", unit="call", price="1", asset="CREDIT/6"
    ),
    "list_meters": about(),
    "record_usage": here(events=[use("new-1", "new"), use("new-1", "other")]),
    "charge_usage": here(wallet_id="{wallet_id}", **use("new-2", "new")),
    "summarize_usage": here(meter_key="tokens", window="day", group_by="model"),
    "list_usage_events": here(event_id="{charged_event_id}"),
    "start_usage_export": about(
        meter_key="tokens",
        event_name="tokens",
    ),
    "stop_usage_export": about(meter_key="tokens"),
    "list_usage_exports": about(limit=5),
    "list_usage_export_errors": here(meter_key="tokens"),
    "check_entitlement": here(feature_key="desk_tokens", quantity="5"),
    "list_entitlements": here(limit=2),
    "use_entitlement": here(
        feature_key="desk_tokens", event_id="new-3", properties={"tokens": 7, "model": "new"}
    ),
    "set_entitlement_override": here(
        feature_key="desk_tokens", mode="limit", override_limit="5", per="day", reason="A test"
    ),
    "remove_entitlement_override": here(feature_key="desk_seats"),
    "assign_plan": here(
        plan_key="desk_plus",
        version=1,
        anchor_at="2026-11-01T00:00:00Z",
        ends_at="2027-11-01T00:00:00Z",
    ),
    "withdraw_plan": here(product_key="desk"),
    "list_plan_assignments": here(plan_key="desk_basic", include_closed=True),
    "preview_plan_migration": about(
        plan_key="desk_basic", version=1, to_plan_key="desk_plus", to_version=1
    ),
    "migrate_plan": about(plan_key="desk_basic", version=1),
    "get_plan_migration": about(migration_id=MIGRATION),
    "create_subscription": here(plan_key="gym_pass", currency="USD/2", quantities={"fee": 2}),
    "preview_subscription": here(plan_key="desk_plus", trial_days=14, trial_price="1.00"),
    "change_plan": here(
        subscription_id="{subscription_id}", plan_key="pro", effective="renewal", revision=1
    ),
    "preview_plan_change": here(
        subscription_id="{subscription_id}", quantities={"fee": 2}, effective="now"
    ),
    "get_subscription": here(subscription_id="{ended_subscription_id}"),
    "list_subscriptions": here(product_key="app", subscription_state="active"),
    "preview_invoice": here(subscription_id="{subscription_id}"),
    "cancel_subscription": here(
        subscription_id="{subscription_id}",
        effective="now",
        credit_unused=True,
        reason="Moving",
    ),
    "pause_subscription": here(
        subscription_id="{subscription_id}", resumes_at="2027-03-01T00:00:00Z"
    ),
    "resume_subscription": here(subscription_id="{paused_subscription_id}"),
    "reactivate_subscription": here(subscription_id="{ended_subscription_id}"),
    "create_product": about(product_key="studio", name="Studio"),
    "update_product": about(product_key="app", name="The app"),
    "archive_product": about(product_key="old"),
    "list_products": about(limit=1),
    "create_feature": about(
        feature_key="tokens", name="Tokens", kind="quota", unit="token", meter_key="tokens"
    ),
    "list_features": about(include_archived=True),
    "archive_feature": about(feature_key="seats"),
    "create_price_book": about(
        book_key="launch",
        name="Launch",
        currency="USD/2",
        starts_at="2026-12-01T00:00:00Z",
        ends_at="2027-01-01T00:00:00Z",
        priority=10,
    ),
    "update_price_book": about(book_key="usd", priority=5),
    "list_price_books": about(),
    "create_plan": about(**PLAN | {"plan_key": "team", "name": "Team"}),
    "update_plan": about(plan_key="pro", trial_days=30, items=PLAN["items"], revision=1),
    "publish_plan": about(plan_key="pro", version=2, effective_at="2027-01-01T00:00:00Z"),
    "archive_plan": about(plan_key="pro"),
    "list_plans": about(product_key="app"),
    "get_plan": about(plan_key="pro", version=1),
    "compare_plan_versions": about(plan_key="pro", from_version=1, quantity="1000"),
    "get_plan_sync": about(plan_key="pro"),
    "resync_plan": about(plan_key="pro"),
    "export_catalog": about(),
    "plan_catalog": about(document="{document}"),
    "apply_catalog": about(document="{document}", expected_digest=digest_of([RENAMED])),
    "create_credit_pack": about(
        pack_key="yearly",
        name="Yearly",
        credits="5000",
        bonus_credits="100",
        asset="CREDIT/6",
        price="40.00",
        currency="USD/2",
        expires_after_days=365,
    ),
    "update_credit_pack": about(pack_key="starter", price="12.00"),
    "archive_credit_pack": about(pack_key="starter"),
    "list_credit_packs": here(limit=10),
    "create_checkout": here(pack_key="starter", quantity=2, wallet_id="{team_wallet_id}"),
    "get_checkout": here(checkout_id="{checkout_id}"),
    "create_payment_method_setup": here(currency="USD/2"),
    "create_portal_session": here(),
    "list_payment_methods": here(),
    "set_default_payment_method": here(method_id="{method_id}"),
    "detach_payment_method": here(method_id="{method_id}"),
    "list_payments": here(status="succeeded"),
    "get_payment": here(payment_id="{payment_id}"),
    "refund_payment": here(payment_id="{payment_id}", amount="2.50", reason="duplicate"),
    "retry_refund": here(refund_id="{asked_refund_id}"),
    "list_refunds": here(payment_id="{payment_id}"),
    "get_refund": here(refund_id="{refund_id}"),
    "list_disputes": here(),
    "get_dispute": here(dispute_id="{dispute_id}"),
    "list_provider_subscriptions": about(unmatched=True),
    "apply_provider_subscription": about(provider_id="sub_stray"),
    "reconcile_payments": about(start_at="2026-11-19T00:00:00Z", end_at="2026-11-20T00:00:00Z"),
    "list_reconciliations": about(limit=5),
    "get_reconciliation": about(reconciliation_id=RECONCILIATION),
    "list_reconciliation_differences": about(reconciliation_id=RECONCILIATION),
    "enable_auto_top_up": here(
        wallet_id="{team_wallet_id}",
        threshold="5",
        pack_key="starter",
        quantity=2,
        monthly_spend_max="100.00",
        daily_spend_max="50.00",
        method_id="{method_id}",
    ),
    "get_auto_top_up": here(wallet_id="{wallet_id}"),
    "disable_auto_top_up": here(wallet_id="{wallet_id}"),
    "list_top_ups": here(wallet_id="{wallet_id}", state="paying"),
    "preview_usage_cost": here(plan_key="desk_basic", version=1, **MONTH),
    "simulate_price_change": about(plan_key="desk_basic", from_version=1, to_version=2, **MONTH),
    "explain_charge": here(transaction_id="{transaction_id}"),
    "create_package": about(
        package_key="team",
        name="Team",
        parts=[{"key": "desks", "product_key": "desk", "prices": {"desk_usd": FLAT}}],
        discount_amounts={"desk_usd": "1.50"},
    ),
    "update_package": about(package_key="desk_set", discount_percent="20"),
    "archive_package": about(package_key="desk_set"),
    "list_packages": about(limit=5),
    "get_package": about(package_key="desk_set"),
    "preview_package": about(
        package_key="desk_set", options=["lamp"], quantities={"desks": 3}, currency="USD/2"
    ),
    "create_pricing_rule": about(
        rule_key="weekends",
        name="Weekends",
        applies_to={"meters": ["tokens"]},
        when={"kind": "time_of_day", "time_zone": "Europe/Berlin", "days": ["sat", "sun"]},
        adjust={"kind": "percent", "percent": "-10"},
        ends_at="2027-01-01T00:00:00Z",
    ),
    "update_pricing_rule": about(rule_key="loyal", priority=5, stops=True),
    "archive_pricing_rule": about(rule_key="loyal"),
    "list_pricing_rules": about(limit=5),
    "get_pricing_rule": about(rule_key="loyal", version=1),
    "evaluate_pricing_rules": here(amount="10.00", asset="USD/2", meter_key="tokens"),
    "define_pricing_property": about(of="usage", property="model", type="text"),
    "list_pricing_properties": about(),
    "record_pricing_facts": here(country="US", region="US-CA", segments=["edu"]),
    "get_pricing_facts": here(),
    "preview_price": about(price={"model": "per_unit", "unit": "0.25"}, quantity="12"),
    "create_coupon": about(
        coupon_key="spring",
        name="Spring",
        kind="amount",
        amount="5.00",
        asset="USD/2",
        duration="repeating",
        periods=3,
        minimum_amount="20.00",
        redemptions_max=100,
        redeem_by="2027-01-01T00:00:00Z",
    ),
    "update_coupon": about(coupon_key="launch", redemptions_per_project=9),
    "archive_coupon": about(coupon_key="launch"),
    "list_coupons": about(include_archived=True),
    "get_coupon": about(coupon_key="launch"),
    "create_promotion_code": about(
        coupon_key="launch",
        code="FOR-YOU",
        for_project_id="{project_id}",
        redemptions_max=1,
        first_purchase_only=True,
    ),
    "deactivate_promotion_code": about(promotion_code_id="{promotion_code_id}"),
    "list_promotion_codes": about(coupon_key="launch", include_inactive=True),
    "redeem_promotion_code": here(code="{promotion_code}", wallet_id="{wallet_id}"),
    "check_promotion_code": here(code="{promotion_code}"),
    "list_discounts": here(include_ended=True),
    "remove_discount": here(discount_id="{discount_id}"),
    "set_legal_entity": about(
        entity_key="branch",
        name="Acme AG",
        address={"lines": ["Main Street 1"], "city": "Bern", "country": "CH"},
    ),
    "set_tax_rules": about(
        entity_key="default",
        prices_include_tax=True,
        tax_rules=[{"country": "DE", "rates": [{"name": "USt", "percent": "16"}]}],
    ),
    "list_legal_entities": about(),
    "set_usage_billing": about(
        scope="plan",
        scope_key="pro",
        draft_minutes=90,
        thresholds=[{"currency": "USD/2", "amounts": ["100.00"], "every": "1000.00"}],
    ),
    "list_usage_billing": about(),
    "get_billing_details": here(),
    "update_billing_details": here(name="Ada SARL", vat_id="FR 40303265045", language="fr"),
    "create_invoice": here(reference="setup", currency="USD/2", lines=[FEE], memo="Welcome"),
    "update_invoice": here(invoice_id="{draft_id}", lines=[FEE], version=1),
    "list_invoices": here(state="open"),
    "get_invoice": here(invoice_id="{invoice_id}"),
    "finalize_invoice": here(invoice_id="{draft_id}", version=1),
    "void_invoice": here(invoice_id="{invoice_id}", reason="Billed twice"),
    "create_credit_note": here(invoice_id="{invoice_id}", reason="Goodwill"),
    "get_invoice_pdf": here(document_id="{invoice_id}"),
    "pay_invoice": here(invoice_id="{invoice_id}", amount="1.00", payment_reference="bank 17"),
    "collect_invoice": here(invoice_id="{invoice_id}", method_id="{method_id}"),
    "create_invoice_checkout": here(invoice_id="{invoice_id}"),
    "list_collection_attempts": here(state="paying", limit=2),
    "get_billing_status": here(),
    "list_dunning_runs": here(run_state="open"),
    "get_dunning_run": here(run_id="{run_id}"),
    "stop_dunning": here(run_id="{run_id}", why="They pay by bank"),
    "set_dunning_campaign": about(
        campaign_key="default",
        attempt_days=[2, 5],
        jitter_percent=10,
        lasts_days=7,
        permanent_days=3,
        campaign_notices=[{"hours_before": 72, "tone": "final"}],
        at_end="suspend",
        afterwards="cancel",
        afterwards_days=9,
        renewal_notice_days=3,
        renewal_interval_days_min=300,
    ),
    "list_dunning_campaigns": about(),
    "open_card_update": about(token="{card_token}"),
    "get_project_overview": here(days=3),
    "get_revenue_report": about(currency="USD/2", time_zone="Europe/Berlin"),
    "list_mrr_movements": about(currency="USD/2", start_on="2026-11-01", limit=1),
    "get_receivables_report": about(currency="USD/2"),
    "get_conversion_report": about(currency="USD/2", granularity="quarter"),
    "list_stripe_events": about(state="waiting", type="payment_intent.succeeded"),
    "get_stripe_event": about(stripe_event_id=STRIPE_EVENT),
    "replay_stripe_event": about(stripe_event_id=STRIPE_EVENT),
    "list_tool_invocations": here(),
    "get_tool_invocation": about(invocation_id="{invocation_id}"),
    "list_audit_events": here(),
}
MONEY = (
    *("grant_credits", "transfer_credits", "hold_credits", "capture_hold", "charge_usage"),
    *("record_usage", "reverse_transaction", "create_checkout", "enable_auto_top_up"),
    *("refund_payment", "retry_refund"),
    *("redeem_promotion_code", "use_entitlement"),
    *("finalize_invoice", "void_invoice", "create_credit_note", "pay_invoice"),
    *("collect_invoice", "create_invoice_checkout"),
)
"""What moves value or is the cause of it."""
