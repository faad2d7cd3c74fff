"""`bursar rate`, and the page whose examples are what it prints."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.pricing import Price
from core.pricing.reading import _MODELS
from mcp_server.cli.program import program

PAGE = Path(__file__).parents[2] / "docs" / "pricing.md"
EXAMPLES = re.findall(
    r"^(## \w+\n(?:(?!^## ).)*?)?^```json\n(.*?)```\n\n```text\n(.*?)```$",
    PAGE.read_text("utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
TWELVE = {
    "model": "graduated",
    "tiers": [{"up_to": "10", "unit": "0.50", "flat": "2"}, {"unit": "0.30"}],
}


def rate(file: Any, *words: str) -> Result:
    """Run the command with this on standard input."""
    body = file if isinstance(file, bytes) else json.dumps(file).encode()
    return CliRunner().invoke(program, ["rate", "-", *words], input=body)


@pytest.mark.parametrize(("written", "printed"), [each[1:] for each in EXAMPLES])
def test_an_example_of_the_page_comes_to_what_the_page_says(written: str, printed: str) -> None:
    ended = rate(written.encode())

    assert (ended.exit_code, ended.stdout) == (0, printed)


def test_the_page_has_an_example_of_every_model_and_of_every_term() -> None:
    assert PAGE.read_text("utf-8").count("```json") == len(EXAMPLES)
    prices = [json.loads(written) for _, written, _ in EXAMPLES]
    named = {re.match(r"## (\w+)", head)[1] for head, *_ in EXAMPLES if head}  # type: ignore[index] # the pattern above begins so

    assert {each["model"] for each in prices} == {model.name for model in _MODELS.values()}
    assert named == {each["model"] for each in prices} | {"Terms"}
    assert {field.name for field in fields(Price)} <= {name for each in prices for name in each}


def test_a_file_tells_the_price_alone_or_the_whole_call(tmp_path: Path) -> None:
    whole = {"price": TWELVE, "quantity": "12"}
    file = tmp_path / "price.json"
    file.write_text(json.dumps(TWELVE))

    beside = rate({**TWELVE, "quantity": "12"}, "--json")
    options = CliRunner().invoke(program, ["rate", str(file), "--quantity", "12", "--json"])

    assert json.loads(rate(whole, "--json").stdout) == {
        "asset": "USD/2",
        "lines": [
            {
                "path": "tiers.0",
                "note": "up to 10",
                "quantity": "10",
                "unit": "0.5",
                "flat": "2",
                "exact": "7",
                "amount": "7.00",
            },
            {
                "path": "tiers.1",
                "note": "more than 10",
                "quantity": "2",
                "unit": "0.3",
                "flat": "0",
                "exact": "0.6",
                "amount": "0.60",
            },
        ],
        "exact": "7.6",
        "total": "7.60",
    }
    assert beside.stdout == options.stdout == rate(whole, "--json").stdout


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (
            {"model": "volume", "tiers": [{"up_to": "5", "unit": "1"}, {"up_to": "2"}]},
            "tiers.1.up_to must be greater than 5",
        ),
        (
            {"model": "seats", "price": {"model": "per_unit", "unit": 2.5}},
            "price.unit: must be a decimal number in quotes",
        ),
        (
            {"price": {"model": "per_unit", "unit": "1", "colour": "red"}, "quantity": "1"},
            "price.colour: Extra inputs are not permitted",
        ),
        ({"model": "per_unit", "unit": "1"}, "quantity: is required"),
        ({"price": {"model": "free"}, "quantity": "1"}, "price.model: must be one of flat,"),
    ],
)
def test_what_is_wrong_is_named_as_it_stands_in_the_file(file: Any, told: str) -> None:
    ended = rate(file)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr


def test_a_refusal_in_json_is_the_problem_that_the_api_answers() -> None:
    ended = rate({"model": "package", "amount": "1", "size": "0", "quantity": "3"}, "--json")

    assert ended.exit_code == 2
    assert json.loads(ended.stdout) == {
        "field": "size",
        "type": "/docs/errors/price_not_positive",
        "title": "Price not positive",
        "status": 400,
        "code": "price_not_positive",
        "detail": "size must be greater than zero.",
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"model": "flat", "model": "flat"}', "a name appears twice"),
        (b"[]", "must hold an object"),
        (b"{", "not JSON at line 1"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(body: bytes, told: str) -> None:
    ended = rate(body)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    ended = CliRunner().invoke(program, ["rate", str(tmp_path / "none.json")])

    assert ended.exit_code == 2
    assert "none.json cannot be read: No such file or directory" in ended.stderr
