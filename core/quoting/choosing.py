"""Choose what to quote: a version of a plan, and the price book it is read in."""

from core import catalog
from core.catalog import PlanVersion, PriceBook
from core.db.work import Work
from core.kernel.money import Asset
from core.operations.errors import invalid


async def choose_version(
    work: Work, plan_key: str, number: int | None, *, draft: bool
) -> PlanVersion:
    """Find the version that is asked for: what is sold now, this one, or the draft.

    To projects there is no draft, and no version that has not taken effect.
    """
    staff = work.caller.is_platform
    if draft:
        if number is not None:
            raise invalid("version", "must be left out where the draft is meant")
        if not staff:
            raise catalog.PlanVersionNotFound(plan_key, "draft")
        return await catalog.draft_of(work, plan_key)
    version = await catalog.find_version(work, plan_key, number)
    if not staff and (version.effective_at is None or version.effective_at > work.now):
        raise catalog.PlanVersionNotFound(plan_key, str(number))
    return version


async def choose_book(
    work: Work, version: PlanVersion, currency: str | None, book_key: str | None
) -> PriceBook:
    """Find the price book that is asked for, or in which a new sale would be priced now.

    Without a word about it, the currency is the only one there is.
    """
    if book_key is not None:
        book = await catalog.find_book(work, book_key)
        if version.items and book_key not in version.books:
            priced = ", ".join(sorted(version.books)) or "none"
            raise invalid("price_book", f"must be one that prices the whole version: {priced}")
        if currency is not None and Asset.parse(currency) != book.asset:
            raise invalid("currency", f"must be the price book's, {book.asset}, or be left out")
        return book
    if currency is not None:
        return await catalog.choose_book(work, version, Asset.parse(currency), work.now)
    known = await catalog.books(work)
    sold = {
        each.asset
        for each in known.values()
        if catalog.book_for(version, known.values(), each.asset, work.now)
    }
    if len(sold) == 1:
        return await catalog.choose_book(work, version, sold.pop(), work.now)
    named = ", ".join(sorted(map(str, sold))) or "no currency"
    raise invalid("currency", f"is required: the version is priced in {named}")
