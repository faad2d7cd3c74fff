"""What is for sale to every customer of the doors' tests besides plans: a set, and a rule."""

DESK_SET = {
    "package_key": "desk_set",
    "name": "Desk set",
    "parts": [
        {
            "key": "desks",
            "product_key": "desk",
            "at_most": 9,
            "prices": {"desk_usd": {"model": "per_unit", "unit": "30"}},
        },
        {
            "key": "lamp",
            "product_key": "desk",
            "required": False,
            "prices": {"desk_usd": {"model": "flat", "amount": "5"}},
        },
    ],
    "discount_percent": "10",
}
LOYAL = {
    "rule_key": "loyal",
    "name": "Loyalty",
    "when": {"kind": "segment", "any_of": ["loyal"]},
    "adjust": {"kind": "percent", "percent": "-10"},
}
