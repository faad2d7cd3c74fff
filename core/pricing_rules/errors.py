"""Why a rule is not made, changed, found or applied."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class RuleNotReadable(EngineError):
    """The rule is not written as a rule is: {summary}."""

    code = "pricing_rule_not_readable"
    kind = Kind.INVALID
    problems: list[dict[str, str]]
    """One `{"field": …, "problem": …}` for each thing that is wrong, never with its value."""

    @property
    def summary(self) -> str:
        return "; ".join(f"{each['field']}: {each['problem']}" for each in self.problems)

    def __str__(self) -> str:
        return f"The rule is not written as a rule is: {self.summary}."


@dataclass(eq=False)
class AmountBelowZero(EngineError):
    """{field} must not be below zero: rules adjust what is charged, not what is given back."""

    code = "amount_below_zero"
    kind = Kind.INVALID
    field: str


@dataclass(eq=False)
class TooManyRules(EngineError):
    """There are more {field} at one time than {rules_max}. Archive some, or join them by any."""

    code = "too_many_pricing_rules"
    kind = Kind.REFUSED
    field: str
    rules_max: int


@dataclass(eq=False)
class RuleNotFound(EngineError):
    """There is no pricing rule {rule_key}. Call list_pricing_rules to see which there are."""

    code = "pricing_rule_not_found"
    kind = Kind.NOT_FOUND
    rule_key: str


@dataclass(eq=False)
class RuleKeyTaken(EngineError):
    """There is a pricing rule {rule_key} already, perhaps an archived one. Choose another key."""

    code = "pricing_rule_key_taken"
    kind = Kind.CONFLICT
    rule_key: str


@dataclass(eq=False)
class RuleArchived(EngineError):
    """The pricing rule {rule_key} was archived and does not change any more. Make another one."""

    code = "pricing_rule_archived"
    kind = Kind.REFUSED
    rule_key: str


@dataclass(eq=False)
class FactNotYours(EngineError):
    """{field} is for the operator to say, not for you. Leave it out: what is known counts."""

    code = "fact_not_yours"
    kind = Kind.FORBIDDEN
    field: str
