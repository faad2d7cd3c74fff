"""Tax rates: whole percentages, in the price or on top of it."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work


def create(work: Work, asked: Params) -> Json:
    asked.ignore("description", "jurisdiction", "state", "tax_type", "country", "active")
    percentage = asked.needed("percentage")
    whole, _, rest = percentage.partition(".")
    if not whole.isdigit() or rest.strip("0") or not 0 <= int(whole) <= 100:
        raise Refused("The sandbox has whole percentages only.", param="percentage")
    rate = work.new(
        "tax_rate",
        "txr",
        active=True,
        country=None,
        description=None,
        display_name=asked.needed("display_name"),
        effective_percentage=int(whole),
        flat_amount=None,
        inclusive=asked.flag("inclusive"),
        jurisdiction=None,
        jurisdiction_level=None,
        metadata=asked.mapping("metadata"),
        percentage=int(whole),
        rate_type="percentage",
        state=None,
        tax_type=None,
    )
    work.emit("tax_rate.created", rate)
    return rate


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("tax_rate", id)
