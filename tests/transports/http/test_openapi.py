"""The OpenAPI document says what the API does."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
import schemathesis
from schemathesis.core.result import Ok

from mcp_server.http import openapi
from tests.transports.http import small
from tests.transports.http.conftest import URL, Door, addresses

pytestmark = pytest.mark.anyio


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi.document(small.OPERATIONS, addresses(), version="1.2.3")


def references(part: Any) -> list[str]:
    """Return every reference in a document."""
    if isinstance(part, list):
        return [found for each in part for found in references(each)]
    if not isinstance(part, dict):
        return []
    here = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return here + [found for each in part.values() for found in references(each)]


def test_every_operation_is_in_it_under_its_own_name(document: dict[str, Any]) -> None:
    found = {
        (told["operationId"], method.upper(), path, told["tags"][0])
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    }
    assert found == {
        (each.name, each.method, each.path, str(each.toolset)) for each in small.OPERATIONS
    }


def test_every_reference_points_at_something(document: dict[str, Any]) -> None:
    found = references(document)
    assert found
    for each in found:
        part: Any = document
        for step in each.removeprefix("#/").split("/"):
            part = part[step]


def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_test_tool_reads_it_as_openapi(document: dict[str, Any]) -> None:
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.base_url = URL
    assert loaded.validate() is None
    found = [each.ok() for each in loaded.get_all_operations() if isinstance(each, Ok)]
    names = {each.definition.raw["operationId"] for each in found}
    assert names == {each.name for each in small.OPERATIONS}


def test_a_call_that_changes_something_may_carry_an_idempotency_key(
    document: dict[str, Any],
) -> None:
    for each in small.OPERATIONS:
        told = document["paths"][each.path][each.method.lower()]
        named = {parameter["name"] for parameter in told.get("parameters", [])}
        assert ("Idempotency-Key" in named) is not each.reads


def test_scopes_and_roles_are_named(document: dict[str, Any]) -> None:
    told = document["paths"]["/v1/things"]["post"]
    assert told["security"] == [{"oauth2": ["wallets:write"]}, {"api_key": []}]
    needs = "Needs the scope wallets:write, and the role member in the project."
    assert told["description"] == f"Make a thing and pay for it.\n\n{needs}"
    assert document["paths"]["/v1/things/peek"]["post"]["security"] == [{}]
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == f"{URL}/oauth/token"
    assert set(told["security"][0]["oauth2"]) <= set(flow["scopes"])


def test_every_declared_error_is_described_by_its_facts(document: dict[str, Any]) -> None:
    told = document["paths"]["/v1/things"]["post"]["responses"]
    assert set(told) == {
        *("201", "400", "401", "402", "403", "404"),
        *("408", "409", "413", "415", "429", "500", "503"),
    }
    assert told["402"]["content"]["application/problem+json"]["schema"] == {
        "$ref": "#/components/schemas/Problem_test_not_enough"
    }


async def test_what_is_answered_is_what_is_described(door: Door, document: dict[str, Any]) -> None:
    sent = {"name": "palace"}
    answer = await door.as_("member", "POST", "/v1/things", json=sent)
    schema = document["components"]["schemas"]["Problem_test_not_enough"]
    jsonschema.validate(answer.json(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**answer.json(), "shortfall": 7.5}, schema)


def test_a_field_of_the_path_is_not_asked_for_again_in_the_body(document: dict[str, Any]) -> None:
    told = document["paths"]["/v1/things/{thing_id}"]["patch"]
    assert [each["name"] for each in told["parameters"]] == ["thing_id", "Idempotency-Key"]
    body = document["components"]["schemas"]["RenameThingBody"]
    assert (set(body["properties"]), body["required"]) == ({"name"}, ["name"])


def test_examples_are_requests_that_would_be_accepted(document: dict[str, Any]) -> None:
    content = document["paths"]["/v1/things"]["post"]["requestBody"]["content"]
    told = content["application/json"]["examples"]
    assert told == {"example_1": {"summary": "A lamp", "value": {"name": "lamp", "amount": "2.50"}}}


async def test_the_served_document_is_the_made_one(door: Door) -> None:
    served = await door.as_(None, "GET", "/openapi.json")
    made = openapi.document(small.OPERATIONS, addresses(), version="0")
    assert served.json() == made
    assert served.headers["Cache-Control"] == "public, max-age=300"
