"""The documentation pages: complete, self-contained, and without inline script."""

import hashlib
import re
from pathlib import Path

import pytest

from core.kernel.errors import EngineError
from mcp_server.http import docs
from mcp_server.problems import MEMBERS
from tests.transports.http.conftest import URL, Door

pytestmark = pytest.mark.anyio

STATIC = Path(docs.__file__).parent / "static"
PAGES = ["/docs", "/docs/oauth2-redirect", "/docs/errors", "/docs/errors/invalid_request"]


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_inline_script_or_style_and_its_policy_allows_none(
    door: Door, path: str
) -> None:
    answer = await door.as_(None, "GET", path)
    assert answer.status_code == 200
    assert re.findall(r"<script[^>]*>\s*[^\s<]", answer.text) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", answer.text) == []
    policy = answer.headers["Content-Security-Policy"]
    assert policy == docs.policy(URL)
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")


@pytest.mark.parametrize("path", PAGES)
async def test_everything_a_page_loads_comes_from_this_server(door: Door, path: str) -> None:
    page = (await door.as_(None, "GET", path)).text
    wanted = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', page)
    assert wanted
    for each in wanted:
        assert each.startswith("/docs/static/")
        assert (await door.as_(None, "GET", each)).status_code == 200


async def test_the_vendored_files_are_byte_for_byte_what_was_vendored() -> None:
    listed = (STATIC / "swagger.sha256").read_text().splitlines()
    expected = {name: digest for digest, name in (line.split() for line in listed)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "swagger").iterdir()
    }
    assert found == expected
    assert {"LICENSE", "NOTICE"} <= set(found)


@pytest.mark.parametrize("name", ["../docs.py", "..%2fdocs.py", "README.md", "swagger.sha256", ""])
async def test_nothing_but_the_pages_own_files_is_served(door: Door, name: str) -> None:
    answer = await door.as_(None, "GET", f"/docs/static/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")


async def test_every_error_has_a_page_at_its_type(door: Door) -> None:
    codes = {each.code for each in docs.errors_below(EngineError)}
    assert {"invalid_request", "rate_limited", "body_too_large", "internal_error"} <= codes
    for code in codes:
        page = await door.as_(None, "GET", f"/docs/errors/{code}")
        assert page.status_code == 200
        assert f"<code>{code}</code>" in page.text
    listing = (await door.as_(None, "GET", "/docs/errors")).text
    assert all(f'href="/docs/errors/{code}"' in listing for code in codes)


async def test_an_error_that_does_not_exist_has_no_page(door: Door) -> None:
    answer = await door.as_(None, "GET", "/docs/errors/<script>alert(1)</script>")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")
    assert "alert" not in answer.text


async def test_no_fact_of_any_error_hides_a_standard_member() -> None:
    hidden = {
        each.code: set(MEMBERS) & set(docs.described(each).facts)
        for each in docs.errors_below(EngineError)
    }
    assert {code: names for code, names in hidden.items() if names} == {}
