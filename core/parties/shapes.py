"""What is said of who sells and who buys, and what is answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core.operations.fields import Code, Email, Line, Memo, Name
from core.operations.operation import ProjectRequest, Request, Result

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Percent = Annotated[str, Line(10, r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
Short = Annotated[str, Line(40)]
Prefix = Annotated[str, Line(12, r"^[A-Z][A-Z0-9]*$")]


class AddressForm(Request):
    lines: list[Annotated[str, Line(100)]] = Field(max_length=4)
    postal_code: Short | None = None
    city: Annotated[str, Line(80)] | None = None
    region: Short | None = Field(None, description="State or province.")
    country: Country | None = Field(None, description="ISO 3166-1 alpha-2.")


class TaxRateForm(Request):
    name: Short
    percent: Percent


class TaxRuleForm(Request):
    country: Country
    region: Short | None = None
    category: Code | None = Field(None, description="Of what is sold; left out for the rest.")
    rates: list[TaxRateForm] = Field(max_length=5, description="None: nothing is charged there.")
    since: Day | None = None
    until: Day | None = Field(None, description="The first day on which it holds no more.")


class SetLegalEntity(Request):
    entity_key: Code = Field(
        examples=["default"], description="`default` issues what names no other."
    )
    name: Name
    address: AddressForm = Field(description="With its country.")
    vat_id: Short | None = None
    email: Email | None = None
    time_zone: Annotated[str, Line(64)] = Field("UTC", description="Whose years are counted.")
    invoice_prefix: Prefix = "INV"
    credit_note_prefix: Prefix = "CN"
    days_due: int = Field(14, ge=0, le=365)
    footer: Memo | None = None


class SetTaxRules(Request):
    entity_key: Code = Field(examples=["default"], description="Who charges them.")
    prices_include_tax: bool = False
    round_tax_on: Literal["line", "sum"] = "line"
    tax_rules: list[TaxRuleForm] = Field(max_length=200, description="All of them.")


class ListLegalEntities(Request):
    pass


class GetBillingDetails(ProjectRequest):
    pass


class UpdateBillingDetails(ProjectRequest):
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    email: Email | None = None
    language: Literal["en", "de", "fr", "es"] | None = None
    vat_id: Short | None = Field(None, description="Null takes it away. Checked by its digits.")
    address: AddressForm | None = None
    tax_exempt: bool | None = Field(None, description="Platform operators only.")


class BillingDetailsView(Result):
    project_id: str
    name: str | None
    email: str | None
    language: str
    vat_id: str | None
    address: dict[str, Any]
    tax_exempt: bool


class LegalEntityView(Result):
    entity_key: str
    name: str
    address: dict[str, Any]
    vat_id: str | None
    time_zone: str
    invoice_prefix: str
    credit_note_prefix: str
    days_due: int
    prices_include_tax: bool
    round_tax_on: Literal["line", "sum"]
    tax_rules: list[dict[str, Any]]


class LegalEntityList(Result):
    items: list[LegalEntityView]
