"""Rules and facts, written down in few words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.kernel.money import Asset, Money
from core.pricing_facts import Known, Of, Property, ValueType, known
from core.pricing_rules import Adjusted, Context, Rule, Subject, adjust, read_terms

USD = Asset.parse("USD/2")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday."""


def a_property(
    name: str, kind: ValueType, of: Of = Of.PROJECT, values: tuple[str, ...] = ()
) -> Property:
    return Property(
        of=of, name=name, type=kind, description=None, values=values, created_at=LONG_AGO
    )


PROPERTIES = [
    a_property("tier", ValueType.TEXT, values=("gold", "silver")),
    a_property("note", ValueType.TEXT),
    a_property("seats", ValueType.NUMBER),
    a_property("beta", ValueType.BOOLEAN),
    a_property("model", ValueType.TEXT, Of.USAGE),
]
KNOWN: Known = known(PROPERTIES)


def rule(
    key: str, does: Mapping[str, Any], when: Mapping[str, Any] | None = None, **more: Any
) -> Rule:
    """Make a rule that has been in force for long: `rule("less", percent("-20"), …)`."""
    told = {"adjust": does, **({"when": when} if when else {}), **more}
    terms = read_terms(told, KNOWN)
    return Rule(key=key, name=key.title(), version=1, terms=terms, effective_at=LONG_AGO)


def percent(text: str, **more: Any) -> dict[str, Any]:
    return _in_dollars({"kind": "percent", "percent": text, **more})


def factor(text: str, **more: Any) -> dict[str, Any]:
    return _in_dollars({"kind": "factor", "factor": text, **more})


def each(amount: str, **more: Any) -> dict[str, Any]:
    return {"kind": "per_unit", "amount": amount, "currency": "USD/2", **more}


def once(amount: str, **more: Any) -> dict[str, Any]:
    return {"kind": "total", "amount": amount, "currency": "USD/2", **more}


def overall(**bounds: str) -> dict[str, Any]:
    return _in_dollars({"kind": "overall", **bounds})


def _in_dollars(does: dict[str, Any]) -> dict[str, Any]:
    return does | ({"currency": "USD/2"} if {"floor", "cap"} & does.keys() else {})


def usd(text: str) -> Money:
    return Money.of(text, USD)


def make(
    amount: str, *rules: Rule, context: Context | None = None, subject: Subject | None = None
) -> Adjusted:
    return adjust(rules, subject or Subject(), context or Context(at=NOON), usd(amount))


def charged(
    amount: str, *rules: Rule, context: Context | None = None, subject: Subject | None = None
) -> str:
    """Say what is charged, as people write it."""
    return make(amount, *rules, context=context, subject=subject).amount.decimal


def number(text: str) -> Decimal:
    return Decimal(text)
