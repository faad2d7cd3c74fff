"""How rates, addresses and parties are written as JSON and read again."""

from datetime import date
from typing import Any

from core import taxing
from core.bills import Address, BillingDetails, LegalEntity, rate, rate_of
from core.kernel.rounding import Rounding

Json = dict[str, Any]


def _rule(rule: taxing.Rule) -> Json:
    return {
        "country": rule.country,
        "region": rule.region,
        "category": rule.category,
        "rates": [*map(rate, rule.rates)],
        "since": rule.since and rule.since.isoformat(),
        "until": rule.until and rule.until.isoformat(),
    }


def _read_rule(written: Json) -> taxing.Rule:
    days = {each: written[each] and date.fromisoformat(written[each]) for each in _DAYS}
    return taxing.Rule(**written | days | {"rates": tuple(map(rate_of, written["rates"]))})


_DAYS = ("since", "until")


def _address(address: Address) -> Json:
    told = {name: getattr(address, name) for name in Address.__slots__}
    return told | {"lines": list(address.lines)}


def _read_address(written: Json) -> Address:
    return Address(**written | {"lines": tuple(written["lines"])})


def details(told: BillingDetails) -> Json:
    values = {name: getattr(told, name) for name in BillingDetails.__slots__}
    return values | {"address": _address(told.address)}


def details_of(written: Json) -> BillingDetails:
    return BillingDetails(**written | {"address": _read_address(written["address"])})


def entity(told: LegalEntity) -> Json:
    values = {name: getattr(told, name) for name in LegalEntity.__slots__}
    policy = told.policy
    return values | {
        "address": _address(told.address),
        "policy": [str(policy.behaviour), str(policy.on), str(policy.rule)],
        "rules": [*map(_rule, told.rules)],
    }


def entity_of(written: Json) -> LegalEntity:
    behaviour, on, rule = written["policy"]
    policy = taxing.Policy(taxing.Behaviour(behaviour), taxing.TaxOn(on), Rounding(rule))
    return LegalEntity(
        **written
        | {
            "address": _read_address(written["address"]),
            "policy": policy,
            "rules": tuple(map(_read_rule, written["rules"])),
        }
    )


def seller(told: LegalEntity) -> Json:
    """Return what an invoice keeps of who issued it: not how it is taxed."""
    kept = ("key", "name", "vat_id", "email", "zone", "footer")
    values = {name: getattr(told, name) for name in kept}
    return values | {"address": _address(told.address), "behaviour": str(told.policy.behaviour)}
