"""Read what a document wants: terms, and whether they can be published.

Terms that are here already are not asked anything again: what was published stays as it is though a
feature of it was archived since.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from core import catalog, pricing
from core.catalog import Feature, FeatureKind, Known, PriceBook, Terms, TermsForm
from core.catalog_files.contents import Contents, Sold, written
from core.catalog_files.differing import Problem
from core.catalog_files.document import BookForm, Document, FeatureForm, PlanForm
from core.catalog_files.taking import Stock
from core.db.work import Work
from core.kernel.money import Asset
from core.operations.errors import InvalidRequest, invalid

Forms = Iterator[tuple[str, TermsForm]]


async def want(work: Work, document: Document, stock: Stock) -> Contents:
    """Return what the document wants. Raises for everything in it that no catalog can hold."""
    known = await _known(work, document, stock)
    plans = {
        key: _sold(f"plans.{key}", form, known, work.now)
        for key, form in sorted(document.plans.items())
    }
    wanted = Contents(
        products={key: each.model_dump() for key, each in sorted(document.products.items())},
        features={key: each.model_dump() for key, each in sorted(document.features.items())},
        price_books={key: _book_facts(each) for key, each in sorted(document.price_books.items())},
        plans=plans,
    )
    for key, form in sorted(document.plans.items()):
        here = stock.contents.plans.get(key)
        _check(f"plans.{key}", form, plans[key], here=here, known=known, now=work.now)
    return wanted


def forms_of(form: PlanForm, now: datetime) -> Forms:
    """Yield what is published, scheduled and drafted.

    What was to come when the document was written, and has come since, is what is published.
    """
    has_come = form.scheduled is not None and form.scheduled.effective_at <= now
    told = {
        "published": form.scheduled if has_come else form.published,
        "scheduled": None if has_come else form.scheduled,
        "draft": form.draft,
    }
    yield from ((name, each) for name, each in told.items() if each is not None)


async def _known(work: Work, document: Document, stock: Stock) -> Known:
    """Look up what plans may name: what is here, and what the document makes."""
    terms = [each for plan in document.plans.values() for _, each in forms_of(plan, work.now)]
    meters = [item.meter_key for each in terms for item in each.items]
    meters += [each.meter_key for each in document.features.values()]
    here = await catalog.known(work, meters, sorted(stock.features))
    features = {**here.features}
    for key, each in document.features.items():
        features.setdefault(key, _feature(work, key, each))
    made = {key: _book(work, key, each) for key, each in document.price_books.items()}
    return Known({**here.books, **made}, features, here.meters)


def _feature(work: Work, key: str, form: FeatureForm) -> Feature:
    return Feature(
        id=work.ids.new("ftr"),
        key=key,
        name=form.name,
        kind=FeatureKind(form.kind),
        unit=form.unit,
        meter_key=form.meter_key,
        created_at=work.now,
    )


def _book(work: Work, key: str, form: BookForm) -> PriceBook:
    return PriceBook(
        id=work.ids.new("pbk"),
        key=key,
        name=form.name,
        asset=Asset.parse(form.currency),
        starts_at=form.starts_at,
        ends_at=form.ends_at,
        priority=form.priority,
        is_default=form.is_default,
        revision=1,
        created_at=work.now,
        updated_at=work.now,
    )


def _book_facts(form: BookForm) -> dict[str, Any]:
    dates = {"starts_at": written(form.starts_at), "ends_at": written(form.ends_at)}
    return form.model_dump() | dates


def _sold(path: str, form: PlanForm, known: Known, now: datetime) -> Sold:
    read = {name: _terms(f"{path}.{name}", each, known) for name, each in forms_of(form, now)}
    effective_at = form.scheduled.effective_at if form.scheduled and "scheduled" in read else None
    return Sold(
        product=form.product,
        name=form.name,
        description=form.description,
        published=read.get("published"),
        scheduled=read.get("scheduled"),
        effective_at=effective_at,
        draft=read.get("draft"),
    )


def _terms(path: str, form: TermsForm, known: Known) -> Terms:
    """Read terms as they are written, without asking whether all that they name can be sold."""
    told = form.model_dump(include={*TermsForm.model_fields}, exclude_none=True)
    with _within(path):
        included = catalog.read_included(form.included_credits)
        for n, each in enumerate(told["entitlements"]):
            feature = known.features.get(each["feature_key"])
            if feature is None:
                what = f"there is no feature {each['feature_key']}, here or in the document"
                raise invalid(f"entitlements.{n}.feature_key", what)
            each["kind"] = feature.kind.value
        for n, each in enumerate(told["items"]):
            for key, price in each["prices"].items():
                price.pop("currency", None)
                with _within(f"items.{n}.prices.{key}", whole="price"):
                    pricing.read_price(price)
    empty = {"included_credits": None, "notes": None}
    return catalog.replace_terms(catalog.read_terms(empty | told), {"included": included})


def _check(
    path: str, form: PlanForm, wanted: Sold, *, here: Sold | None, known: Known, now: datetime
) -> None:
    """Refuse terms that are not here yet and could not be."""
    for name, each in forms_of(form, now):
        terms = getattr(wanted, name)
        if here and _is_there(terms, getattr(here, name)):
            continue
        with _within(f"{path}.{name}"):
            items = catalog.read_items(each.items, known)
            entitled = catalog.read_entitlements(each.entitlements, known)
            read = catalog.replace_terms(terms, {"items": items, "entitlements": entitled})
            if name != "draft":
                since = wanted.effective_at if name == "scheduled" else None
                _refuse(catalog.unready(read, known, since or now))


def _is_there(terms: Terms, here: Terms | None) -> bool:
    return here is not None and not catalog.compare(here, terms)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidRequest([{"field": field, "problem": what} for field, what in problems])


@contextmanager
def _within(path: str, *, whole: str | None = None) -> Iterator[None]:
    """Have whatever is refused say where in the document it stands."""
    try:
        yield
    except (InvalidRequest, pricing.PriceNotReadable) as error:
        error.problems = [
            {**each, "field": _joined(path, each["field"], whole)} for each in error.problems
        ]
        raise
    except pricing.PriceRefused as error:
        error.field = _joined(path, error.field, whole)
        raise


def _joined(path: str, field: str, whole: str | None) -> str:
    return path if field == whole else f"{path}.{field}"
