"""Usage by the batch: through our HTTP API and through MCP. Bodies are made before they are timed.

What is sent over one connection is a line of bodies that waits there from round to round.
"""

from collections import deque
from dataclasses import dataclass, field
from math import ceil

import orjson

from benchmarks.calls import NUMBER, Tool, Wire, check_each, told
from benchmarks.client import Answer, Lane, head_of
from benchmarks.events import Events
from benchmarks.load import Load

HTTP_BATCH, HTTP_CONNECTIONS = 1_000, 4
MCP_BATCH, MCP_CONNECTIONS = 100, 32
EVENTS_A_SECOND = 60_000
"""For how many a second bodies are prepared; a server that is faster waits for more to be made."""


@dataclass(slots=True)
class Bodies:
    """The bodies that wait for one connection, in the order in which they must be sent."""

    events: Events
    around: tuple[bytes, bytes]
    ready: deque[bytes] = field(default_factory=deque)
    late: int = 0
    """How many had to be made while the time was running."""

    def prepare(self, count: int) -> None:
        while len(self.ready) < count:
            self.ready.append(self._new())

    def next(self) -> bytes:
        if self.ready:
            return self.ready.popleft()
        self.late += 1
        return self._new()

    def _new(self) -> bytes:
        before, after = self.around
        return before + orjson.dumps(self.events.sent()) + after


def through_http(port: int, project_id: str, key: str, name: str) -> Load:
    """Send events to `record_usage` over the HTTP API."""
    head = head_of(
        port,
        f"/v1/projects/{project_id}/usage",
        authorization=f"Bearer {key}",
        accept="application/json",
    )
    lines = [
        Bodies(Events(f"{name}{n}", HTTP_BATCH), (b'{"events":', b"}"))
        for n in range(HTTP_CONNECTIONS)
    ]
    counts = f'"accepted":{lines[0].events.accepted},"duplicate":{lines[0].events.duplicates},'

    def check(answer: Answer) -> str:
        fine = answer.status == 202 and counts.encode() in answer.body
        return "" if fine else told(answer)

    return Load(
        lanes=[Lane(port, head, line.next) for line in lines],
        check=check,
        worth=HTTP_BATCH,
        prepare=lambda seconds: _prepare(lines, seconds),
    )


def through_mcp(port: int, project_id: str, key: str, name: str) -> Load:
    """Send events to the `record_usage` tool."""
    arguments = {"project_id": project_id, "events": NUMBER}
    tool = Tool(port=port, name="record_usage", arguments=arguments, key=key)
    # The id of a request may be any text; only the events differ from call to call.
    whole = tool.bodies(Wire.ALONE, iter([0]))().replace(b'"id":"000000000000"', b'"id":1')
    before, after = whole.split(b'"000000000000"')
    lines = [
        Bodies(Events(f"{name}{n}", MCP_BATCH), (before, after)) for n in range(MCP_CONNECTIONS)
    ]
    accepted, duplicates = lines[0].events.accepted, lines[0].events.duplicates
    return Load(
        lanes=[tool.lane(Wire.ALONE, line.next) for line in lines],
        check=check_each(
            rb'"accepted"\s*:\s*%d\b' % accepted, rb'"duplicate"\s*:\s*%d\b' % duplicates
        ),
        worth=MCP_BATCH,
        prepare=lambda seconds: _prepare(lines, seconds),
    )


def _prepare(lines: list[Bodies], seconds: float) -> None:
    size = lines[0].events.size
    for line in lines:
        line.prepare(ceil(EVENTS_A_SECOND * seconds / size / len(lines)) + 1)
