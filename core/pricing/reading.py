"""Reading a price from how it is written, and writing it back.

A form and the value it is read into have the same members, so that one walk does for all of them.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from core.pricing import form
from core.pricing.blocks import Blocks, BlockTier
from core.pricing.capacity import Capacity, CapacityTier
from core.pricing.commitment import Commitment
from core.pricing.credits import Credits
from core.pricing.errors import PriceNotReadable, PriceRefused
from core.pricing.flat import Flat
from core.pricing.graduated import Graduated
from core.pricing.graduated_percentage import GraduatedPercentage, PercentTier
from core.pricing.line import text
from core.pricing.matrix import Cell, Matrix
from core.pricing.model import Model
from core.pricing.package import Package
from core.pricing.per_unit import PerUnit
from core.pricing.percentage import Percentage
from core.pricing.price import Price
from core.pricing.seats import Seats
from core.pricing.tiers import Tier
from core.pricing.volume import Volume

DEPTH_MAX = 24
PROBLEMS_MAX = 20

_ADAPTER: TypeAdapter[form.PriceForm] = TypeAdapter(form.PriceForm)
_MODELS: dict[type[BaseModel], type[Model]] = {
    form.FlatForm: Flat,
    form.PerUnitForm: PerUnit,
    form.PackageForm: Package,
    form.GraduatedForm: Graduated,
    form.VolumeForm: Volume,
    form.GraduatedPercentageForm: GraduatedPercentage,
    form.PercentageForm: Percentage,
    form.BlocksForm: Blocks,
    form.CapacityForm: Capacity,
    form.SeatsForm: Seats,
    form.MatrixForm: Matrix,
    form.CreditsForm: Credits,
}
_PARTS: dict[type[BaseModel], type] = {
    form.TierForm: Tier,
    form.PercentTierForm: PercentTier,
    form.BlockTierForm: BlockTier,
    form.CapacityTierForm: CapacityTier,
    form.CommitmentForm: Commitment,
}
_TERMS = {field.name for field in fields(Price)} - {"model"}
_PRICES_WITHIN = {"price", "otherwise"}


def read_price(written: Mapping[str, Any]) -> Price:
    """Read a price. Whatever is wrong with it is said with the path of the field.

    Raises PriceNotReadable for its shape, and a PriceRefused for figures that do not fit together.
    """
    if _is_deeper(written, DEPTH_MAX):
        what = "must not hold prices within prices without end"
        raise PriceNotReadable([{"field": "price", "problem": what}])
    try:
        told = _ADAPTER.validate_python(dict(written))
    except ValidationError as error:
        raise PriceNotReadable(
            [
                _problem(each["type"], each["loc"], each["msg"])
                for each in error.errors(include_url=False, include_input=False)[:PROBLEMS_MAX]
            ]
        ) from None
    return price_of(told)


def price_of(told: form.PriceForm) -> Price:
    """Make the price that a form tells of; a PriceRefused names the field that does not fit."""
    given = _members(told)
    terms = {name: given.pop(name) for name in sorted(_TERMS & given.keys())}
    return Price(_MODELS[type(told)](**given), **terms)


def write_price(price: Price) -> dict[str, Any]:
    """Write a price as it is read. What is left to its default is left out."""
    terms = _told(price)
    return {"model": price.model.name, **terms.pop("model"), **terms}


def _members(told: BaseModel) -> dict[str, Any]:
    # What is null says no more than what is left out: the value knows its own default.
    return {
        name: _value(name, value)
        for name in type(told).model_fields
        if name != "model" and (value := getattr(told, name)) is not None
    }


def _value(path: str, told: Any) -> Any:
    if isinstance(told, tuple):
        return tuple(_value(f"{path}.{n}", each) for n, each in enumerate(told))
    if isinstance(told, form.CellForm):
        return Cell(tuple(sorted(told.when.items())), _within(f"{path}.price", told.price))
    if type(told) in _MODELS:
        return _within(path, told)
    if isinstance(told, BaseModel):
        return _PARTS[type(told)](**_members(told))
    return told


def _within(path: str, told: form.PriceForm) -> Price:
    try:
        return price_of(told)
    except PriceRefused as error:
        error.field = f"{path}.{error.field}"
        raise


def _told(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if isinstance(value, Cell):
        return {"when": dict(value.when), "price": write_price(value.price)}
    if is_dataclass(value):
        return {
            field.name: write_price(own) if isinstance(own, Price) else _told(own)
            for field in fields(value)
            if field.init
            and (own := getattr(value, field.name)) is not None
            and (field.default is MISSING or own != field.default)
        }
    return value


def _problem(kind: str, location: tuple[int | str, ...], message: str) -> dict[str, str]:
    # Wherever a price may stand, the name of its form follows, which nobody wrote.
    named = [
        str(each) for n, each in enumerate(location) if n and location[n - 1] not in _PRICES_WITHIN
    ]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        # In its own words it repeats what was sent.
        message = f"must be one of {', '.join(model.name for model in _MODELS.values())}"
        named.append("model")
    return {"field": ".".join(named) or "price", "problem": message}


def _is_deeper(value: Any, depth_max: int) -> bool:
    level = [value]
    for _ in range(depth_max):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    return bool(level)
