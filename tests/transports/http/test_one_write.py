"""An answer leaves in one piece, and nothing of it is ever kept back for long."""

import asyncio
from typing import cast

import pytest

from mcp_server.http.one_write import JoinedWrites

pytestmark = pytest.mark.anyio


class Wire:
    """A transport that remembers what was sent, and in how many pieces."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.sent.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def joined(wire: Wire) -> JoinedWrites:
    return JoinedWrites(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_a_head_and_its_body_leave_together() -> None:
    wire = Wire()
    transport = joined(wire)
    transport.write(b"head ")
    transport.write(b"body")
    assert wire.sent == [b"head body"]
    await asyncio.sleep(0)
    assert wire.sent == [b"head body"]


async def test_a_head_whose_body_is_not_there_yet_leaves_when_the_loop_comes_round() -> None:
    wire = Wire()
    transport = joined(wire)
    transport.write(b"head ")
    assert wire.sent == []
    await asyncio.sleep(0)
    transport.write(b"one ")
    await asyncio.sleep(0)
    transport.write(b"two")
    await asyncio.sleep(0)
    assert wire.sent == [b"head ", b"one ", b"two"]


async def test_a_connection_is_closed_after_everything_was_sent() -> None:
    wire = Wire()
    transport = joined(wire)
    transport.write(b"the last of it")
    transport.close()
    assert (wire.sent, transport.is_closing()) == ([b"the last of it"], True)
    await asyncio.sleep(0)
    assert wire.sent == [b"the last of it"]
