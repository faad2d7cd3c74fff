"""Products: what is for sale."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import prices
from mcp_server.sandbox.work import Json, Work, with_metadata

TEXTS = ("description", "name", "statement_descriptor", "tax_code", "unit_label", "url")


def create(work: Work, asked: Params) -> Json:
    chosen = asked.text("id")
    if chosen and work.any(chosen):
        raise Refused(f"Product already exists: {chosen}", code="resource_already_exists")
    product = work.new(
        "product",
        "prod",
        id=chosen,
        active=asked.flag("active", default=True),
        default_price=None,
        description=None,
        images=[],
        marketing_features=[],
        metadata={},
        name=asked.needed("name"),
        package_dimensions=None,
        shippable=None,
        statement_descriptor=None,
        tax_code=None,
        type="service",
        unit_label=None,
        updated=work.now,
        url=None,
    )
    data = asked.part("default_price_data")
    product = work.save(product | _fields(product, asked))
    work.emit("product.created", product)
    if data:
        data.values["product"] = product["id"]
        product["default_price"] = prices.create(work, data)["id"]
        work.save(product)
    return product


def _fields(product: Json, asked: Params) -> Json:
    asked.ignore("package_dimensions", "tax_details", "type", "expand")
    fields: Json = {name: asked.text(name) for name in TEXTS if asked.given(name)}
    if asked.given("active"):
        fields["active"] = asked.flag("active")
    if asked.given("images"):
        fields["images"] = asked.texts("images")
    if asked.given("marketing_features"):
        fields["marketing_features"] = [
            {"name": each.needed("name")} for each in asked.parts("marketing_features")
        ]
    if asked.given("metadata"):
        fields["metadata"] = with_metadata(product, asked.mapping("metadata"))
    if asked.given("shippable"):
        fields["shippable"] = asked.flag("shippable")
    return fields


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("product", id)


def update(work: Work, asked: Params, id: str) -> Json:
    product = work.get("product", id)
    fields = _fields(product, asked)
    if asked.given("default_price"):
        price = asked.text("default_price")
        fields["default_price"] = work.get("price", price, "default_price")["id"] if price else None
    return work.change(product, "product.updated", **fields, updated=work.now)


def delete(work: Work, asked: Params, id: str) -> Json:
    if next(work.every("price", product=id), None):
        raise Refused(
            "This product cannot be deleted because it has one or more user-created prices.",
        )
    return work.delete("product", id)


def find(work: Work, asked: Params) -> Json:
    asked.ignore("shippable", "type")
    active = asked.flag("active") if asked.given("active") else None
    where = {"active": active, "url": asked.text("url")}
    ids = ("id", asked.texts("ids"))
    return page(work, asked, "product", "/v1/products", where, one_of=ids)
