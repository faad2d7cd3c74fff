"""The document: a catalog as people write it and keep it beside their code.

Things are named by their keys. Numbers may stand without quotes: they are read as the text they
are written as, never as floats.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from core import catalog
from core.catalog_files.yaml_text import FIELD, read_yaml
from core.operations.errors import InvalidRequest, invalid
from core.operations.fields import AssetCode, Code, Line, Name, When
from core.operations.operation import Request

FORMAT = 1
THINGS_MAX = 500
PROBLEMS_MAX = 20
_COUNTED = frozenset(
    {"included", "at_least", "at_most", "max_blocks", "free_events", "trial_days", "priority"}
    | {"interval_count", "expires_after_days", "catalog"}
)
"""Members that are whole numbers; every other number is a decimal, which is text."""


Description = catalog.Description


class ProductForm(Request):
    name: Name
    description: Description | None = None


class FeatureForm(Request):
    name: Name
    kind: Literal["switch", "limit", "quota"]
    unit: Annotated[str, Line(40)] | None = None
    meter_key: Code | None = None


class BookForm(Request):
    name: Name
    currency: AssetCode
    starts_at: When | None = None
    ends_at: When | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    is_default: bool = False


class VersionForm(catalog.TermsForm):
    pass


class ScheduledForm(catalog.TermsForm):
    effective_at: When


class PlanForm(Request):
    product: Code
    name: Name
    description: Description | None = None
    published: VersionForm | None = None
    scheduled: ScheduledForm | None = None
    draft: VersionForm | None = None


def _known_format(value: int) -> int:
    if value != FORMAT:
        what = "must be {format}, the format this version reads"
        raise PydanticCustomError("format", what, {"format": FORMAT})
    return value


class Document(Request):
    catalog: Annotated[int, AfterValidator(_known_format)]
    products: Annotated[dict[Code, ProductForm], Field(max_length=THINGS_MAX)] = Field(
        default_factory=dict
    )
    features: Annotated[dict[Code, FeatureForm], Field(max_length=THINGS_MAX)] = Field(
        default_factory=dict
    )
    price_books: Annotated[dict[Code, BookForm], Field(max_length=THINGS_MAX)] = Field(
        default_factory=dict
    )
    plans: Annotated[dict[Code, PlanForm], Field(max_length=THINGS_MAX)] = Field(
        default_factory=dict
    )


def read_document(text: str) -> Document:
    """Read a catalog. Raises InvalidRequest with the path of everything that is wrong."""
    told = read_yaml(text)
    if not isinstance(told, Mapping):
        raise invalid(FIELD, "must be a mapping that begins with catalog: 1")
    try:
        return Document.model_validate(_texts(told))
    except ValidationError as error:
        problems = [
            {"field": ".".join(map(str, each["loc"])) or FIELD, "problem": each["msg"]}
            for each in error.errors(include_url=False, include_input=False)[:PROBLEMS_MAX]
        ]
        raise InvalidRequest(problems) from None


def _texts(told: Any, name: str = "") -> Any:
    """Make decimals of whole numbers, wherever the document does not count."""
    if isinstance(told, Mapping):
        return {key: _texts(value, key) for key, value in told.items()}
    if isinstance(told, list):
        return [_texts(each, name) for each in told]
    if isinstance(told, int) and not isinstance(told, bool) and name not in _COUNTED:
        return str(told)
    return told
