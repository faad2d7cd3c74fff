"""A batch says how far it has come to whoever listens, and to nobody else."""

import pytest

from core.metering import operations
from core.operations.progress import reporting_to
from tests.core.metering.shop import Shop, use

pytestmark = pytest.mark.anyio


async def test_a_batch_reports_each_of_its_steps(shop: Shop) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    def note(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    with reporting_to(note):
        await shop.ask(operations.record_usage, events=[use("a"), use("b")])
    await shop.ask(operations.record_usage, events=[use("c")])

    assert heard == [
        (1, 3, "read 2 events"),
        (2, 3, "recorded 2 events"),
        (3, 3, "compared the others with what was recorded before"),
    ]
