"""Write a catalog as a document, always in the same way: what is nothing or usual is left out."""

from collections.abc import Mapping
from typing import Any

from core import catalog
from core.catalog import Terms
from core.catalog_files.contents import Contents, Sold, written
from core.catalog_files.document import FORMAT, BookForm, ProductForm
from core.catalog_files.yaml_text import write_yaml
from core.operations.operation import Request

Json = dict[str, Any]
HEAD = "# The catalog. See what would change with: bursar catalog plan FILE\n"


def write_document(contents: Contents) -> str:
    """Write the document of which `read_document` and `want` make the same contents."""
    told: Json = {
        "catalog": FORMAT,
        "price_books": {
            key: _plain(each, BookForm) for key, each in sorted(contents.price_books.items())
        },
        "features": {
            key: {name: value for name, value in each.items() if value is not None}
            for key, each in sorted(contents.features.items())
        },
        "products": {
            key: _plain(each, ProductForm) for key, each in sorted(contents.products.items())
        },
        "plans": {key: _plan(each) for key, each in sorted(contents.plans.items())},
    }
    return HEAD + write_yaml({name: value for name, value in told.items() if value})


def _plain(facts: Mapping[str, Any], form: type[Request]) -> Json:
    usual = {name: each.default for name, each in form.model_fields.items()}
    return {name: value for name, value in facts.items() if value != usual[name]}


def _plan(sold: Sold) -> Json:
    told: Json = {name: value for name, value in sold.facts.items() if value is not None}
    if sold.published:
        told["published"] = _terms(sold.published)
    if sold.scheduled:
        when = {"effective_at": written(sold.effective_at)}
        told["scheduled"] = when | _terms(sold.scheduled)
    if sold.draft:
        told["draft"] = _terms(sold.draft)
    return told


def _terms(terms: Terms) -> Json:
    told = catalog.write_terms(terms)
    for each in told["entitlements"]:
        del each["kind"]  # the feature says it
    usual = {name: each.get_default(call_default_factory=True) for name, each in _USUAL.items()}
    return {
        name: value for name, value in told.items() if name == "interval" or value != usual[name]
    }


_USUAL = catalog.TermsForm.model_fields
