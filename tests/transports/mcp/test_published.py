"""What is published of every real operation: schemas that hold, and words a model can act on."""

from typing import Any

import jsonschema_rs
import orjson
import pytest

from core.operations.operation import Operation
from mcp_server.mcp_app import INSTRUCTIONS
from mcp_server.prompts import PROMPTS
from mcp_server.resources import TEMPLATES
from mcp_server.schemas import compact
from mcp_server.tools import tool
from mcp_server.toolsets import DEFAULT_TOOLS
from mcp_server.wiring import OPERATIONS

BY_NAME = {each.name: each for each in OPERATIONS}
SUSPICIOUS = {"important", "ignore", "override", "bypass", "critical", "urgent", "must always"}
"""Words by which scanners know a description that tries to steer the model that reads it."""

every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: str(each.name))


@every
def test_schemas_are_valid_closed_and_stand_alone(operation: Operation[Any, Any]) -> None:
    described = tool(operation)
    for schema in (described["inputSchema"], described["outputSchema"]):
        jsonschema_rs.meta.validate(schema)
        assert schema["type"] == "object"
        assert b'"$ref"' not in orjson.dumps(schema)
    assert described["inputSchema"]["additionalProperties"] is False


@every
def test_examples_are_calls_that_work(operation: Operation[Any, Any]) -> None:
    assert operation.examples, "a model learns a tool by an example"
    for example in operation.examples:
        operation.request.model_validate(dict(example.arguments))
        jsonschema_rs.validate(tool(operation)["inputSchema"], dict(example.arguments))


@every
def test_descriptions_are_plain_words(operation: Operation[Any, Any]) -> None:
    words = operation.description.lower()

    assert operation.description.isascii()
    assert operation.title
    assert 30 <= len(operation.description) <= 900
    assert not [each for each in SUSPICIOUS if each in words]


@every
def test_a_tool_costs_a_model_little(operation: Operation[Any, Any]) -> None:
    described = tool(operation)
    told = orjson.dumps([described["name"], described["description"], described["inputSchema"]])

    assert len(told) / 4 <= 650


def test_the_default_list_costs_a_model_little() -> None:
    sizes = []
    for name in DEFAULT_TOOLS:
        described = tool(BY_NAME[name])
        told = [described["name"], described["description"], described["inputSchema"]]
        sizes.append(len(orjson.dumps(told)) / 4)

    assert sum(sizes) / len(sizes) <= 320


def test_every_tool_of_the_default_list_exists() -> None:
    assert set(DEFAULT_TOOLS) <= BY_NAME.keys()


def test_every_resource_is_read_by_an_operation_that_takes_its_names() -> None:
    for template in TEMPLATES:
        operation = BY_NAME[template.operation]
        names = {each for each in ("project_id", "wallet_id") if f"{{{each}}}" in template.uri}
        assert operation.reads
        assert names <= operation.request.model_fields.keys()


def test_prompts_and_instructions_name_tools_that_exist() -> None:
    told = " ".join([INSTRUCTIONS, *(each.text for each in PROMPTS)])
    words = {each.strip('.,;:()"').split("(")[0] for each in told.split()}
    named = {each for each in words if "_" in each and not each.startswith("$")}

    assert named - BY_NAME.keys() == {"event_id", "idempotency_key"}
    assert told.isascii()
    assert not [each for each in SUSPICIOUS if each in told.lower()]


def test_a_field_that_is_called_title_stays() -> None:
    schema = {
        "type": "object",
        "title": "Book",
        "properties": {"title": {"type": "string", "title": "Title"}},
    }

    assert compact(schema) == {"type": "object", "properties": {"title": {"type": "string"}}}


def test_a_definition_is_put_where_it_is_used() -> None:
    schema = {
        "type": "object",
        "$defs": {"Size": {"title": "Size", "enum": ["s", "l"], "description": "Of all sizes."}},
        "properties": {
            "size": {"$ref": "#/$defs/Size", "description": "Of this one."},
            "other": {"anyOf": [{"$ref": "#/$defs/Size"}, {"type": "null"}], "default": None},
        },
    }

    assert compact(schema, is_input=True)["properties"] == {
        "size": {"enum": ["s", "l"], "description": "Of this one."},
        "other": {"enum": ["s", "l"]},
    }
