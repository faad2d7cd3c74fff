"""Which test asks which published case: every one of the figures that others have published.

The cases are in `cases/published.json` beside the test that asks them, under their own ids. A case
that no test asks yet is in `WAITING`, with what it waits for; whoever makes that moves its ids up.
`tests/architecture/test_published.py` holds this table to what is really collected.
"""

COVERED = {
    "tests.core.pricing.test_published": """
        lago-grad-01 lago-grad-03 lago-grad-05 lago-grad-07 om-grad-01 om-grad-03 om-grad-05
        om-grad-07 autumn-grad-01 polar-seat-01 stripe-grad-2 stripe-grad-4 om-vol-01
        om-vol-03 om-vol-05 om-vol-07 lago-vol-02 lago-vol-04 lago-vol-06 lago-vol-08
        autumn-vol-01 autumn-vol-03 zuplo-vol-01 stripe-vol-1 stripe-vol-3 stripe-vol-5
        om-vol-08 kb-block-01 kb-block-03 kb-block-05 kb-block-07 kb-block-09 kb-block-11
        kb-block-13 kb-block-15 kb-block-17 kb-capacity-1 package-01
        package-03 package-05 package-07 package-09 lago-gradpct-1 lago-gradpct-3
        lago-gradpct-5 lago-pct-01 lago-pct-03 lago-pct-05 lago-pct-06 lago-pct-08 lago-std-01
        lago-prorgrad-1 lago-prorgrad-3 lago-min-1 flex-commit-1
        flex-commit-3 flex-conv-1 flex-conv-3
    """,
    "tests.core.metering.test_published": """
        lago-agg-1 lago-agg-3 flex-agg-01 flex-agg-03 flex-agg-05 lago-wsum-01
        flex-wsum-01-corrected
    """,
    "tests.core.proration.test_published": """
        kb-cycles-01 kb-cycles-03 kb-cycles-05 kb-cycles-07 kb-cycles-09 kb-cycles-11
        kb-cycles-13 kb-cycles-15 kb-cycles-17 kb-cycles-19 kb-cycles-21 kb-cycles-23
        kb-cycles-25 kb-fixed30-1 kb-fixed30-3 kb-fixed30-5 kb-fixed30-amt-1 kb-fixed30-amt-3
        kb-align-1 kb-align-3 kb-align-5 kb-repair-01 flex-pror-2 flex-pror-4 flex-seat-2
        stripe-pror-1 polar-pror-1 meteroid-pror-1 meteroid-pror-3 meteroid-pror-9
        meteroid-pror-5 meteroid-pror-7 polar-cents-01 polar-cents-03 polar-cents-05
        polar-cents-07 polar-cents-09 polar-free-1 polar-disc-1 polar-disc-3 polar-disc-5
        polar-seats-1 polar-seats-3 polar-reset-1 lago-first-1 lago-dir-1 lago-dir-3 lago-cn-1
        lago-cn-3
    """,
    "tests.core.coupons.test_published": """
        flex-inv-2 flex-inv-4
    """,
    "tests.core.bills.test_published": """
        flex-inv-3 kb-balance-1 kb-balance-3 kb-balance-5 kb-balance-7 kong-credit-2
    """,
    "tests.core.arrears.test_published": """
        kb-late-usage-01 lago-prog-1 lago-prog-3
    """,
    "tests.core.subscriptions.test_published": """
        kb-life-01 kb-life-05 kb-life-11 kb-life-13 kb-catalog-01 kb-catalog-03
    """,
}
"""The ids of cases, by the module of the test that asks them."""

WAITING = {
    # One invoice and one day for several subscriptions, fixed terms, forbidden changes, add-ons.
    "subscriptions": """
        kb-life-03 kb-life-07 kb-life-09 kb-life-15 kb-align-phase-01
    """,
    # Grants that recur, roll over and carry an overage, and the order they burn in.
    "billing": """
        om-grant-01 om-grant-03 om-grant-05 om-grant-07 om-grant-09 om-grant-11 om-grant-13
        om-grant-15 autumn-roll-2 autumn-order-1 autumn-spend-1
    """,
}
"""The ids of cases that wait, by the slice that they wait for."""
