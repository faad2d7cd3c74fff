"""What pricing rules tell: each change once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.pricing_rules.model import Rule
from core.pricing_rules.reading import write_terms

RULE_CREATED = "pricing_rule.created"
RULE_UPDATED = "pricing_rule.updated"
RULE_ARCHIVED = "pricing_rule.archived"


def facts_of(rule: Rule) -> dict[str, Any]:
    return {
        "rule_key": rule.key,
        "name": rule.name,
        "version": rule.version,
        **write_terms(rule.terms),
        "effective_at": rule.effective_at.isoformat(),
        "ends_at": rule.ends_at and rule.ends_at.isoformat(),
    }


async def tell(work: Work, happened: str, rule_id: str, *rules: Rule) -> None:
    """Publish what happened to the rule, and note it in the trail: before and after, or after."""
    *before, after = rules
    told = {"before": facts_of(before[0]) if before else None, "after": facts_of(after)}
    await messaging.publish(work, happened, rule_id, told)
    await audit.record(work, happened, rule_id, **told)
