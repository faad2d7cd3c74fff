"""The OpenAPI document, tried by a machine: calls made from it, right ones and wrong ones.

Every answer must be one that the document describes: its status, its media type, its headers and
its whole body. What the document forbids must be refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mcp_server.wiring import OPERATIONS
from tests.transports.http.served import URL, Served, product

EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@dataclass(frozen=True)
class Tried:
    """The product in an event loop of its own, and the document that it serves."""

    portal: BlockingPortal
    served: Served
    operations: dict[str, APIOperation[Any, Any, Any, Any]]

    def send(self, case: Case[Any], key: str) -> httpx2.Response:
        sent = case.as_transport_kwargs(base_url=URL, headers={"Authorization": f"Bearer {key}"})
        # This API reads no cookies.
        sent.pop("cookies", None)
        if isinstance(sent.get("data"), bytes | str):
            sent["content"] = sent.pop("data")
        answer: httpx2.Response = self.portal.call(self._request, sent)
        return answer

    async def _request(self, sent: dict[str, Any]) -> httpx2.Response:
        return await self.served.http.request(**sent)


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(product(tmp_path_factory.mktemp("product"))) as served,
    ):
        document = portal.call(served.http.get, "/openapi.json").json()
        schema = schemathesis.openapi.from_dict(document)
        schema.config.base_url = URL
        found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
        yield Tried(portal, served, {each.definition.raw["operationId"]: each for each in found})


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("name", [each.name for each in OPERATIONS])
def test_every_answer_is_one_that_the_document_describes(
    tried: Tried, name: str, mode: GenerationMode
) -> None:
    operation = tried.operations[name]
    ids = {"project_id": tried.served.ours.project_id, "wallet_id": tried.served.ours.wallet_id}
    known = {key: value for key, value in ids.items() if f"{{{key}}}" in operation.path}
    right = mode is GenerationMode.POSITIVE
    cases = operation.as_strategy(mode, path_parameters=known if right else None)

    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def try_it(case: Case[Any]) -> None:
        response = tried.send(case, tried.served.operator_key)
        case.validate_response(response, checks=CHECKS)

    try_it()
