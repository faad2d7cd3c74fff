"""What the sandbox knows of currencies, and what it takes for a payment."""

from mcp_server.sandbox.errors import Refused

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905 - a list reads like a form
)
LEAST = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
AMOUNT_MAX = 99_999_999
FEE_PER_MILLE = 29
FEE_FIXED = 30
DISPUTE_FEE = 1500


def currency_of(given: str, param: str = "currency") -> str:
    code = given.lower()
    if code not in LEAST and code not in ZERO_DECIMAL:
        raise Refused(
            f"Invalid currency: {code}. Stripe currently supports these currencies: "
            f"{', '.join(sorted({*LEAST, *ZERO_DECIMAL}))}",
            param=param,
        )
    return code


def require_amount(amount: int, currency: str, param: str = "amount") -> int:
    """Refuse an amount that Stripe would refuse."""
    if amount < 1:
        raise Refused(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )
    if amount < LEAST.get(currency, 50):
        raise Refused(
            f"Amount must be at least {spelled(LEAST.get(currency, 50), currency)} {currency}",
            code="amount_too_small",
            param=param,
        )
    if amount > AMOUNT_MAX:
        raise Refused(
            f"Amount must be no more than {spelled(AMOUNT_MAX, currency)}",
            code="amount_too_large",
            param=param,
        )
    return amount


def fee(amount: int) -> int:
    """2.9 % rounded half up, and 30 of the smallest unit."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED


def share(amount: int, percent: str) -> int:
    """Return a percentage of an amount, rounded half up."""
    whole, _, part = percent.partition(".")
    scaled = int(whole or "0") * 10_000 + int((part + "0000")[:4])
    return (amount * scaled + 500_000) // 1_000_000


def spelled(amount: int, currency: str) -> str:
    """Write an amount for people: `$20.00`, `¥500`, `20.00 CHF`."""
    digits = f"{amount:,}" if currency in ZERO_DECIMAL else f"{amount // 100:,}.{amount % 100:02d}"
    signs = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
    return f"{signs[currency]}{digits}" if currency in signs else f"{digits} {currency.upper()}"
