"""Reading what a rule says from how it is written, and writing it back.

A rule is read whole or not at all; whatever is wrong is told at once, each with the path of the
field. What it asks of properties is held against those that are known.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.pricing_facts import Known, Of, Property
from core.pricing_rules.adjustments import ADJUSTMENTS
from core.pricing_rules.conditions import (
    CONDITIONS_MAX,
    KINDS,
    LEVELS_MAX,
    Boolean,
    Number,
    Text,
    leaves,
    wanted,
)
from core.pricing_rules.errors import RuleNotReadable
from core.pricing_rules.model import Terms
from core.pricing_rules.written import STORED

PROBLEMS_MAX = 20
_JSON_LEVELS_MAX = 24
_ADAPTER: TypeAdapter[Terms] = TypeAdapter(Terms)
# Where one of several forms may stand, its name follows in a path, and nobody wrote that.
_UNIONS = {"when": KINDS, "that": KINDS, "of": KINDS, "adjust": ADJUSTMENTS}
_PLAIN = {
    "missing": "is required",
    "too_short": "must not be empty",
    "extra_forbidden": "is no member of this; leave it out",
    "unexpected_keyword_argument": "is no member of this; leave it out",
    "no_such_attribute": "is no member of this; leave it out",
}


def read_terms(written: Mapping[str, Any], properties: Known) -> Terms:
    """Read what a rule says. Raises RuleNotReadable with the path of every field that is wrong."""
    if _levels(written, _JSON_LEVELS_MAX) or _nested(written.get("when")) > LEVELS_MAX:
        what = f"must not hold conditions within conditions more than {LEVELS_MAX} deep"
        raise RuleNotReadable([{"field": "when", "problem": what}])
    try:
        terms = _ADAPTER.validate_json(json.dumps(written))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:PROBLEMS_MAX]
        raise RuleNotReadable([*_first_causes(map(_problem, found))]) from None
    asked = [*leaves(terms.when)] if terms.when else []
    problems = [*_of_properties(asked, properties)][:PROBLEMS_MAX]
    if len(asked) > CONDITIONS_MAX:
        what = f"must not hold more than {CONDITIONS_MAX} conditions"
        problems.append({"field": "when", "problem": what})
    if problems:
        raise RuleNotReadable(problems)
    return terms


def restore_terms(written: Mapping[str, Any]) -> Terms:
    """Read what was accepted when it was written, whatever is known by now."""
    return _ADAPTER.validate_json(json.dumps(written), context=STORED)


def write_terms(terms: Terms) -> dict[str, Any]:
    """Write what a rule says as it is read. What is left to its default is left out."""
    told: dict[str, Any] = _ADAPTER.dump_python(terms, mode="json", exclude_none=True)
    for name, idle in (("applies_to", {}), ("stops", False)):
        if told[name] == idle:
            del told[name]
    written: dict[str, Any] = _without_empty(told)
    return written


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        told = {name: _without_empty(each) for name, each in value.items() if each != []}
        # What it is comes first, as people write it.
        return {"kind": told.pop("kind"), **told} if "kind" in told else told
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


def _of_properties(
    asked_for: Iterable[tuple[str, Any]], properties: Known
) -> Iterator[dict[str, str]]:
    for path, leaf in asked_for:
        if not isinstance(leaf, Text | Number | Boolean):
            continue
        asked = properties.get((Of(leaf.of), leaf.property))
        if asked is None:
            names = ", ".join(sorted(name for of, name in properties if of == leaf.of))
            what = f"must be a property that is defined for {leaf.of}: {names or 'there is none'}"
            yield {"field": f"{path}.property", "problem": what}
        elif asked.type != leaf.kind:
            yield {"field": f"{path}.kind", "problem": f"must be {asked.type}, as its values are"}
        elif isinstance(leaf, Text):
            yield from _of_values(path, leaf, asked)


def _of_values(path: str, leaf: Text, asked: Property) -> Iterator[dict[str, str]]:
    if not asked.values:
        return
    for n, each in enumerate(wanted(leaf)):
        if each not in asked.values:
            field = f"{path}.one_of.{n}" if leaf.one_of else f"{path}.equals"
            yield {"field": field, "problem": f"must be one of {', '.join(asked.values)}"}


def _problem(error: Any) -> dict[str, str]:
    context = error.get("ctx", {})
    path = [*_path(error["loc"])]
    if "field" in context:
        path.append(context["field"])
    message = _PLAIN.get(error["type"], error["msg"])
    if error["type"] == "too_long":
        message = f"must not have more than {context['max_length']}"
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        # In its own words it repeats what was sent.
        kinds = ADJUSTMENTS if path[-1:] == ["adjust"] else KINDS
        path.append("kind")
        message = f"must be one of {', '.join(kinds)}"
    return {"field": ".".join(path) or "rule", "problem": message}


def _first_causes(problems: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Leave out what is empty only because everything in it is wrong."""
    found = [*problems]
    for each in found:
        within = f"{each['field']}."
        if not any(other["field"].startswith(within) for other in found):
            yield each


def _path(location: tuple[int | str, ...]) -> Iterator[str]:
    where: str | int = ""
    for n, each in enumerate(location):
        holder = location[n - 2] if n > 1 and isinstance(where, int) else where
        if each in _UNIONS.get(str(holder), ()):
            where = ""
            continue
        yield str(each)
        where = each


def _nested(condition: Any) -> int:
    """Count how deep conditions stand within each other, whatever else is wrong with them."""
    if not isinstance(condition, Mapping):
        return 0
    inner = [condition.get("that"), *_listed(condition.get("of"))]
    return 1 + max(map(_nested, inner))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _levels(value: Any, levels_max: int) -> bool:
    """Tell whether JSON is deeper than this, level by level: there may be no end to it."""
    level = [value]
    for _ in range(levels_max):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    return bool(level)
