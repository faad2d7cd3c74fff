"""What a caller can say of who sells and who buys: what invoices say from then on."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from core import projects, taxing
from core.bills import Address, BillingDetails, LegalEntity, LegalEntityNotFound
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.parties import finding, setting, writing
from core.parties.shapes import (
    AddressForm,
    BillingDetailsView,
    GetBillingDetails,
    LegalEntityList,
    LegalEntityView,
    ListLegalEntities,
    SetLegalEntity,
    SetTaxRules,
    TaxRuleForm,
    UpdateBillingDetails,
)

ACME = {
    "entity_key": "default",
    "name": "Acme GmbH",
    "address": {
        "lines": ["Hauptstr. 1"],
        "postal_code": "10115",
        "city": "Berlin",
        "country": "DE",
    },
    "vat_id": "DE136695976",
    "time_zone": "Europe/Berlin",
}
GERMAN = {"country": "DE", "rates": [{"name": "USt", "percent": "19"}]}


@operation(
    "PUT /v1/legal-entities/{entity_key}",
    title="Set legal entity",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    examples=(Example(title="A company in Germany", arguments=ACME),),
)
async def set_legal_entity(work: Work, request: SetLegalEntity) -> LegalEntityView:
    """Say who issues invoices. Platform operators only. Its taxes are said with set_tax_rules.

    What was issued stays as it was. Setting it again replaces it; its tax rules stay.
    """
    if request.address.country is None:
        raise invalid("address.country", "is required of who issues invoices")
    if request.time_zone not in projects.time_zones():
        raise invalid("time_zone", "must be an IANA time zone, as in Europe/Berlin")
    before = await setting.known(work, request.entity_key)
    entity = LegalEntity(
        key=request.entity_key,
        name=request.name,
        address=_address(request.address),
        vat_id=_vat_id(request.vat_id),
        email=request.email,
        zone=request.time_zone,
        invoice_prefix=request.invoice_prefix,
        note_prefix=request.credit_note_prefix,
        days_due=request.days_due,
        footer=request.footer,
        policy=before.policy if before else taxing.PER_LINE,
        rules=before.rules if before else (),
    )
    return _entity_view(await setting.set_entity(work, entity))


@operation(
    "PUT /v1/legal-entities/{entity_key}/tax-rules",
    title="Set tax rules",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(LegalEntityNotFound,),
    examples=(
        Example(title="VAT at home", arguments={"entity_key": "default", "tax_rules": [GERMAN]}),
    ),
)
async def set_tax_rules(work: Work, request: SetTaxRules) -> LegalEntityView:
    """Say which taxes a legal entity charges, for what is issued from now on. Operators only.

    The most particular rule counts: region before country, a category before none. A business in
    another member state of the EU owes the tax itself, if its VAT id passes the check.
    """
    before = await setting.known(work, request.entity_key)
    if before is None:
        raise LegalEntityNotFound(request.entity_key)
    policy = taxing.Policy(
        taxing.Behaviour.INCLUSIVE if request.prices_include_tax else taxing.Behaviour.EXCLUSIVE,
        taxing.TaxOn(request.round_tax_on),
    )
    rules = tuple(_rule(n, each) for n, each in enumerate(request.tax_rules))
    after = replace(before, policy=policy, rules=rules)
    return _entity_view(await setting.set_entity(work, after))


@operation(
    "GET /v1/legal-entities",
    title="List legal entities",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    examples=(Example(title="Who issues invoices", arguments={}),),
)
async def list_legal_entities(work: Work, request: ListLegalEntities) -> LegalEntityList:
    """List who issues invoices, with their taxes. Platform staff only."""
    return LegalEntityList(items=[_entity_view(each) for each in await setting.entities(work)])


@operation(
    "GET /v1/projects/{project_id}/billing-details",
    title="Get billing details",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound,),
    examples=(Example(title="What invoices say of us", arguments={}),),
)
async def get_billing_details(work: Work, request: GetBillingDetails) -> BillingDetailsView:
    """Tell what the next invoice says of the project: name, address, VAT id, language."""
    return _details_view(work, await finding.details(work))


@operation(
    "PATCH /v1/projects/{project_id}/billing-details",
    title="Update billing details",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound,),
    examples=(Example(title="A new name", arguments={"name": "Ada SARL"}),),
)
async def update_billing_details(work: Work, request: UpdateBillingDetails) -> BillingDetailsView:
    """Correct what invoices say of the project. Its admins and owner may.

    What was issued stays as it was. A VAT id of the EU is checked by its digits.
    """
    sent, changes = request.model_fields_set, dict[str, Any]()
    for name in ("name", "email", "language"):
        if name in sent and (value := getattr(request, name)) is not None:
            changes[name] = value
    if "vat_id" in sent:
        changes["vat_id"] = _vat_id(request.vat_id)
    if request.address is not None:
        changes["address"] = _address(request.address)
    if request.tax_exempt is not None:
        if not work.caller.is_platform:
            raise invalid("tax_exempt", "only a platform operator says so; leave it out")
        changes["is_tax_exempt"] = request.tax_exempt
    return _details_view(work, await setting.set_details(work, changes))


def _vat_id(told: str | None) -> str | None:
    """Write a VAT id as it is kept. Of the EU's its digits are checked; others are not known."""
    if told is None:
        return None
    vat_id = taxing.normalized(told)
    of_union = vat_id[:2] in {"EL"} | taxing.MEMBER_STATES - {"GR"}
    if of_union and (problem := taxing.problem_of(vat_id)):
        raise invalid("vat_id", problem)
    return vat_id


def _address(form: AddressForm) -> Address:
    return Address(**form.model_dump(exclude={"lines"}), lines=tuple(form.lines))


def _rule(place: int, form: TaxRuleForm) -> taxing.Rule:
    rates = []
    for n, each in enumerate(form.rates):
        try:
            rates.append(taxing.Rate(each.name, Decimal(each.percent)))
        except ValueError as error:
            raise invalid(f"tax_rules.{place}.rates.{n}.percent", str(error)) from None
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        told = getattr(form, name)
        try:
            days[name] = told and date.fromisoformat(told)
        except ValueError:
            raise invalid(f"tax_rules.{place}.{name}", "must be a day that there is") from None
    return taxing.Rule(
        country=form.country,
        region=form.region,
        category=form.category,
        rates=tuple(rates),
        since=days["since"],
        until=days["until"],
    )


def _entity_view(entity: LegalEntity) -> LegalEntityView:
    written = writing.entity(entity)
    return LegalEntityView(
        entity_key=entity.key,
        name=entity.name,
        address=written["address"],
        vat_id=entity.vat_id,
        time_zone=entity.zone,
        invoice_prefix=entity.invoice_prefix,
        credit_note_prefix=entity.note_prefix,
        days_due=entity.days_due,
        prices_include_tax=entity.policy.behaviour is taxing.Behaviour.INCLUSIVE,
        round_tax_on=entity.policy.on.value,
        tax_rules=written["rules"],
    )


def _details_view(work: Work, details: BillingDetails) -> BillingDetailsView:
    return BillingDetailsView(
        project_id=work.project_id,
        name=details.name,
        email=details.email,
        language=details.language,
        vat_id=details.vat_id,
        address=writing.details(details)["address"],
        tax_exempt=details.is_tax_exempt,
    )


OPERATIONS = (
    set_legal_entity,
    set_tax_rules,
    list_legal_entities,
    get_billing_details,
    update_billing_details,
)
