"""What has to happen for a catalog to become another, by path. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson

from core import catalog
from core.catalog import Terms
from core.catalog_files.contents import Contents, Facts, Sold, written

Action = Literal["create", "update", "publish", "schedule", "draft", "archive"]
Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One difference. None stands for what is not there."""

    path: str
    action: Action
    before: Any
    after: Any


def differences(here: Contents, there: Contents) -> list[Step]:
    """Return what makes what is here what is there; nothing where they are equal."""
    return [
        *_things("price_books", here.price_books, there.price_books),
        *_things("features", here.features, there.features),
        *_things("products", here.products, there.products),
        *(step for key in sorted(there.plans) for step in _plan(key, here, there)),
        *_archived("plans", _facts(here.plans), there.plans),
        *_archived("features", here.features, there.features),
        *_archived("products", here.products, there.products),
    ]


def digest_of(steps: Sequence[Step]) -> str:
    """Name these differences, so that exactly these can be asked for."""
    told = orjson.dumps([asdict(each) for each in steps], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def impossible(here: Contents, there: Contents, archived: frozenset[str]) -> list[Problem]:
    """Say what of it cannot be done, by path, and what would be right."""
    return [
        *_taken(there, archived),
        *_fixed("features", here.features, there.features, ("name", "kind", "unit", "meter_key")),
        *_fixed("price_books", here.price_books, there.price_books, ("currency",)),
        *(
            (f"price_books.{key}", "must not be left out: a price book is not archived; end it")
            for key in sorted(here.price_books.keys() - there.price_books.keys())
        ),
        *_defaults(there.price_books),
        *(problem for key in sorted(there.plans) for problem in _plan_problems(key, here, there)),
    ]


# -- What differs ----------------------------------------------------------------------------------


def _things(kind: str, here: Mapping[str, Facts], there: Mapping[str, Facts]) -> Iterator[Step]:
    for key in sorted(there):
        path = f"{kind}.{key}"
        if key not in here:
            yield Step(path, "create", None, dict(there[key]))
        else:
            yield from _members(path, here[key], there[key])


def _members(path: str, here: Facts, there: Facts) -> Iterator[Step]:
    for name, after in there.items():
        if here[name] != after:
            yield Step(f"{path}.{name}", "update", here[name], after)


def _archived(kind: str, here: Mapping[str, Facts], there: Mapping[str, Any]) -> Iterator[Step]:
    for key in sorted(here.keys() - there.keys()):
        yield Step(f"{kind}.{key}", "archive", dict(here[key]), None)


def _plan(key: str, here: Contents, there: Contents) -> Iterator[Step]:
    path, after, before = f"plans.{key}", there.plans[key], here.plans.get(key)
    if before is None:
        yield Step(path, "create", None, dict(after.facts))
        before = Sold(product=after.product, name=after.name, description=after.description)
    else:
        yield from _members(path, before.facts, after.facts)
    yield from _terms(f"{path}.published", "publish", before.published, after.published)
    yield from _scheduled(f"{path}.scheduled", before, after)
    yield from _terms(f"{path}.draft", "draft", before.draft, after.draft)


def _scheduled(path: str, before: Sold, after: Sold) -> Iterator[Step]:
    if after.scheduled is None:
        return
    yield from _terms(path, "schedule", before.scheduled, after.scheduled)
    dates = written(before.effective_at), written(after.effective_at)
    if publishes(before, after):
        # What is published now takes the place of what was to come, which is published again.
        dates = None, dates[1]
    if dates[0] != dates[1]:
        yield Step(f"{path}.effective_at", "schedule", *dates)


def _terms(path: str, action: Action, before: Terms | None, after: Terms | None) -> Iterator[Step]:
    if after is not None:
        for each in catalog.compare(before, after):
            yield Step(f"{path}.{each.path}", action, each.before, each.after)


def publishes(before: Sold, after: Sold) -> bool:
    """Whether a version has to be published at once."""
    return _differ(before.published, after.published)


def schedules(before: Sold, after: Sold) -> bool:
    """Whether a version has to be published for later."""
    if after.scheduled is None:
        return False
    moved = before.effective_at != after.effective_at
    return publishes(before, after) or moved or _differ(before.scheduled, after.scheduled)


def drafts(before: Sold, after: Sold) -> bool:
    """Whether the draft has to be written: it is another, or publishing has used it up."""
    if after.draft is None:
        return False
    used = publishes(before, after) or schedules(before, after)
    return used or _differ(before.draft, after.draft)


def _differ(before: Terms | None, after: Terms | None) -> bool:
    return after is not None and bool(catalog.compare(before, after))


def _facts(plans: Mapping[str, Sold]) -> Mapping[str, Facts]:
    return {key: each.facts for key, each in plans.items()}


# -- What cannot be done ---------------------------------------------------------------------------


def _taken(there: Contents, archived: frozenset[str]) -> Iterator[Problem]:
    for kind in ("products", "features", "plans"):
        for key in sorted(getattr(there, kind)):
            if f"{kind}.{key}" in archived:
                what = "was archived here, and a key names one thing for ever; choose another key"
                yield f"{kind}.{key}", what


def _fixed(
    kind: str, here: Mapping[str, Facts], there: Mapping[str, Facts], names: Sequence[str]
) -> Iterator[Problem]:
    for key in sorted(here.keys() & there.keys()):
        for name in names:
            if here[key][name] != there[key][name]:
                yield f"{kind}.{key}.{name}", f"never changes: it is {here[key][name]}"


def _defaults(books: Mapping[str, Facts]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for key in sorted(books):
        if books[key]["is_default"]:
            currency = books[key]["currency"]
            if currency in first:
                what = f"must be false: price_books.{first[currency]} is the default of {currency}"
                yield f"price_books.{key}.is_default", what
            first.setdefault(currency, key)


def _plan_problems(key: str, here: Contents, there: Contents) -> Iterator[Problem]:
    path, after, before = f"plans.{key}", there.plans[key], here.plans.get(key)
    if after.product not in there.products:
        yield f"{path}.product", f"there is no product {after.product} in the document"
    if not (after.published or after.scheduled or after.draft):
        yield path, "needs published, scheduled or draft: what the plan says"
    if before is None:
        return
    if before.product != after.product and after.product in there.products:
        yield f"{path}.product", f"never changes: it is {before.product}"
    if before.published and not after.published:
        yield f"{path}.published", "cannot be taken back; leave the whole plan out to archive it"
    if before.scheduled and not after.scheduled:
        what = f"takes effect at {written(before.effective_at)} and cannot be taken back"
        yield f"{path}.scheduled", f"{what}; schedule another in its place"
    changes = publishes(before, after) or schedules(before, after)
    if before.draft and not after.draft and changes:
        what = "is being drafted here and would be lost; put it into the document, or publish it"
        yield f"{path}.draft", what
