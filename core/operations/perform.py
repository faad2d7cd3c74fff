"""Perform an operation: the one path every call takes, whatever door it came in by.

Authorize, limit, validate, recall what is final or open the unit of work, claim the idempotency
key, handle, audit, commit. An effect's row in the trail commits with the effect. A refusal's row,
and a read's, is durable before the caller is answered. Calls of operations that are `batched` share
their units.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from core import audit
from core.audit import Decision, Invocation
from core.db.together import run_together
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM, Caller, CallerKind
from core.kernel.cards import without_cards
from core.kernel.clock import stopwatch
from core.kernel.errors import Busy, EngineError
from core.operations import idempotency, remembering
from core.operations.admitting import authorize, validate
from core.operations.cache import Cache
from core.operations.errors import ClockAdvancing, InvalidRequest, RateLimited, invalid
from core.operations.gathering import Queue, Waiting, divided, shielded
from core.operations.given import Given, giving
from core.operations.hastening import Afterwards, Hasten
from core.operations.limits import Rate, RateLimiter, Verdict
from core.operations.operation import (
    Operation,
    ProjectOrPlatformRequest,
    ProjectRequest,
    RateClass,
    Request,
)
from core.operations.screening import card_problems
from core.operations.trying import AlreadyCommitted, attempted


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, as a door received it."""

    caller: Caller
    arguments: Mapping[str, Any]
    door: str
    idempotency_key: str | None = None
    request_id: str = ""
    trace_id: str = ""
    unreadable: EngineError | None = None
    """Why the door could not read the arguments: refused, and written down, like a wrong one."""


@dataclass(slots=True)
class Outcome:
    """What came of a call: a body or an error, and what the doors tell beside it."""

    body: dict[str, Any] = field(default_factory=dict)
    error: EngineError | None = None
    replayed: bool = False
    limit: Verdict | None = None

    def unwrap(self) -> dict[str, Any]:
        """Return the body, or raise the error."""
        if self.error:
            raise self.error
        return self.body


class FindProject(Protocol):
    async def __call__(self, work: Work, project_id: str | None, external_key: str | None) -> str:
        """Return the id of the project named, if this caller may know that it exists.

        Raises the projects slice's own not-found error otherwise, which tells nothing more.
        """


@dataclass(slots=True)
class _Run:
    """One call on its way through the gate."""

    operation: Operation[Any, Any]
    call: Call
    outcome: Outcome
    invocation_id: str
    at: datetime
    started: float
    project_id: str | None
    request: Request | None = None
    is_apart: bool = False
    """Its project has a time of its own: it shares no unit, and leaves no row in one."""

    def invocation(
        self, decision: Decision, code: str | None = None, touched: tuple[str, ...] = ()
    ) -> Invocation:
        """Say what is to be written down of this call, as far as it has come."""
        operation, call = self.operation, self.call
        return Invocation(
            id=self.invocation_id,
            at=self.at,
            project_id=self.project_id,
            caller=call.caller,
            door=call.door,
            operation=operation.name,
            effect=operation.effect.value,
            decision=decision,
            error_code=code,
            replayed=self.outcome.replayed,
            duration_us=int((stopwatch() - self.started) * 1_000_000),
            request_id=call.request_id,
            trace_id=call.trace_id,
            arguments=call.arguments,
            touched=touched,
        )


@dataclass(frozen=True, slots=True)
class _Lanes:
    """Where calls wait to share a unit. Reads do not wait for the locks of those that write."""

    reads: Queue[_Run] = field(default_factory=Queue)
    writes: Queue[_Run] = field(default_factory=Queue)


@dataclass(frozen=True, slots=True)
class Gate:
    """The one way in. `perform` answers with an Outcome; only our own bugs are raised."""

    database: Database
    trail: audit.Trail
    limiter: RateLimiter
    rates: Mapping[RateClass, Rate]
    find_project: FindProject
    cache: Cache | None = field(default=None, kw_only=True)
    """Where the answers of `remembered` reads are kept. Without one, nothing is."""
    hasten: Hasten | None = field(default=None, kw_only=True)
    """Has a job done while its caller waits. Without it the answer tells how far it is."""
    given: Given = field(default_factory=dict, kw_only=True)
    """What operations may know of the installation, by its type."""
    _lanes: _Lanes = field(default_factory=_Lanes, kw_only=True, repr=False)

    async def perform(self, operation: Operation[Any, Any], call: Call) -> Outcome:
        """Do what is asked, at most once, and write it down. See the module's first paragraph.

        A caller who goes away does not stop what was begun: it is finished, and whoever asks again
        under the same idempotency key gets its result.
        """
        if operation.batched:
            return await self._perform(operation, call)
        return await shielded(self._perform(operation, call))

    async def _perform(self, operation: Operation[Any, Any], call: Call) -> Outcome:
        with giving(self.given):
            return await self._perform_one(self._run(operation, call))

    async def _perform_one(self, run: _Run) -> Outcome:
        operation, call = run.operation, run.call
        try:
            # Limited first: what is forbidden is written down, and must not fill the trail either.
            run.outcome.limit = await self._limit(operation, call.caller)
            authorize(operation, call.caller)
            run.request = _read_request(operation, call)
            if operation.guesses and operation.guesses(run.request):
                await self._limit(operation, call.caller, RateClass.STRICT)
            if operation.batched:
                await self._share(run)
                return run.outcome
            await self._recall_or_attempt(run, run.request)
            if operation.afterwards and self.hasten:
                await self._finish(run, operation.afterwards, self.hasten)
        except RateLimited as error:
            # A flood must not be able to fill the trail: it is counted, and told once a minute.
            self.trail.count_flood(call.caller.subject, operation.name, error.code)
            run.outcome.error = error
        except EngineError as error:
            run.outcome.body, run.outcome.error = {}, error
            await self._write_down(run, Decision.REFUSED, error.code)
        except asyncio.CancelledError:
            # Only what may still be done, and written down, by a unit that others share ends here.
            raise
        except BaseException:
            with suppress(Exception):
                await self._write_down(run, Decision.FAILED, "internal_error")
            raise
        else:
            if operation.reads:
                await self._write_down(run, Decision.ALLOWED)
        return run.outcome

    async def _write_down(self, run: _Run, decision: Decision, code: str | None = None) -> None:
        """Make the row durable. What cannot be written down is not answered either: it is Busy."""
        try:
            await self.trail.record(run.invocation(decision, code))
        except Busy as busy:
            run.outcome.body, run.outcome.error = {}, busy

    async def _limit(
        self, operation: Operation[Any, Any], caller: Caller, rate: RateClass | None = None
    ) -> Verdict | None:
        nobody = caller.kind is CallerKind.ANONYMOUS and not operation.public
        if nobody or caller.kind is CallerKind.SYSTEM:
            return None
        key, rate = f"{caller.subject}:{operation.name}", rate or operation.rate
        if rate is RateClass.STRICT:
            # More keys must not be more guesses: for these a project has one bucket.
            key = f"{caller.project_id or caller.subject}:{operation.name}:{rate}"
        verdict = await self.limiter.hit(key, self.rates[rate])
        if not verdict.allowed:
            raise RateLimited(operation.name, max(1, int(verdict.retry_after + 0.999)))
        return verdict

    async def _recall_or_attempt(self, run: _Run, request: Request) -> None:
        """Tell what is remembered, or find out. The cache is outside: no unit is open meanwhile."""
        at, caller = run.at, run.call.caller
        place = remembering.place_of(run.operation, request, caller, at=at) if self.cache else None
        if self.cache is None or place is None:
            await self._attempt(run)
            return
        kept = await remembering.recall(self.cache, place)
        if kept is not None:
            run.outcome.body, run.project_id = kept, place.project_id
            return
        await self._attempt(run)
        await remembering.keep(self.cache, place, run.outcome.body)

    async def _finish(self, run: _Run, afterwards: Afterwards, hasten: Hasten) -> None:
        """Have done outside what the call has left for it, and answer as the rows stand then.

        What was written down stays so whatever comes of it; a refusal from outside is an answer.
        """
        result = run.operation.result.model_validate(run.outcome.body)
        if errand := afterwards.errand(result, self.database.clock.now()):
            await hasten(errand)

        async def tell(_attempt: int) -> None:
            async with self.database.read(run.call.caller) as work:
                work.found_project_id = run.project_id
                await work.keep_time()
                answered = await afterwards.answer(work, result)
                run.outcome.body = answered.model_dump(mode="json")

        await attempted(tell)

    async def _attempt(self, run: _Run) -> None:
        """Run the call in a unit of its own."""
        await attempted(partial(self._read if run.operation.reads else self._write, run))

    async def _share(self, run: _Run) -> None:
        """Run the call in the next unit of its lane, with whoever else waits there; or apart."""
        key, names = run.call.idempotency_key, run.operation.names
        own = set(names(run.request)) if names else set()
        if own and (project := _named_project(run)):
            # Another project's events have nothing to do with ours, whatever they are called.
            own = {f"{project} {name}" for name in own}
        if key is not None:
            own.add(f"{run.call.caller.subject} {key}")
        lane = self._lanes.reads if run.operation.reads else self._lanes.writes
        await lane.join(run, frozenset(own), self._together)
        if run.is_apart:
            await shielded(self._attempt(run))
            if run.operation.reads:
                await self._write_down(run, Decision.ALLOWED)

    async def _together(self, batch: Sequence[Waiting[_Run]]) -> None:
        """Run these calls in one unit, and tell each of them.

        Busy or collided, the unit is run again; for any other reason it is divided.
        """
        await divided(batch, lambda part: attempted(partial(self._commit_together, part)))

    async def _commit_together(self, batch: Sequence[Waiting[_Run]], attempt: int) -> None:
        async with self.database.begin(SYSTEM) as unit:
            here = [
                each.call.invocation(Decision.FAILED) for each in batch if not each.call.is_apart
            ]
            if attempt > 1 and here and await audit.was_recorded(unit, here[0]):
                raise AlreadyCommitted
            calls = []
            for each in batch:
                run = each.call
                work = unit.shared_by(run.call.caller, run.invocation_id)
                calls.append((each.context, self._one_of_many(work, run)))
            await run_together(calls)

    async def _one_of_many(self, work: Work, run: _Run) -> None:
        """Do one call's part of a shared unit. A refusal is its own, and leaves nothing else."""
        outcome = run.outcome
        try:
            await self._find_project(work, run)
            if run.is_apart or work.own_time is not None:
                run.is_apart = True
                return
            outcome.body, outcome.replayed = await self._handle_among_others(work, run)
            outcome.error = None
            row = run.invocation(Decision.ALLOWED, touched=_touched(work))
        except EngineError as error:
            outcome.body, outcome.error, outcome.replayed = {}, error, False
            row = run.invocation(Decision.REFUSED, error.code)
        await work.leave(audit.RECORD, row)

    async def _handle_among_others(self, work: Work, run: _Run) -> tuple[dict[str, Any], bool]:
        key, operation = run.call.idempotency_key, run.operation
        if key is None or operation.reads:
            return (await operation(work, run.request)).model_dump(mode="json"), False
        sent = idempotency.hash_of(operation, run.call.arguments)
        use = idempotency.Use(operation, key, sent)
        first = await work.together(idempotency.FIND, use)
        if first is not None:
            return first, True
        result = await operation(work, run.request)
        body = result.model_dump(mode="json")
        kept = replace(use, result=result.without_secrets(body))
        await work.leave(idempotency.KEEP, kept)
        return body, False

    async def _read(self, run: _Run, _attempt: int) -> None:
        async with self.database.read(run.call.caller) as work:
            await self._find_project(work, run)
            await work.keep_time()
            result = await run.operation(work, run.request)
            run.outcome.body = result.model_dump(mode="json")

    async def _write(self, run: _Run, attempt: int) -> None:
        """Do it and say so in one unit.

        When the connection is lost during COMMIT nobody knows whether it happened. The unit is
        then run again under the same invocation: if that has its row, the first run was committed,
        and what it answered stands.
        """
        async with self.database.begin(run.call.caller) as work:
            recorded = run.invocation(Decision.FAILED)
            if attempt > 1 and await audit.was_recorded(work, recorded):
                raise AlreadyCommitted
            await self._find_project(work, run)
            await work.keep_time()
            body, replayed = await self._handle_once(work, run)
            run.outcome.body, run.outcome.replayed = body, replayed
            row = run.invocation(Decision.ALLOWED, touched=_touched(work))
            await audit.record_invocation(work, row)

    async def _handle_once(self, work: Work, run: _Run) -> tuple[dict[str, Any], bool]:
        key, operation = run.call.idempotency_key, run.operation
        if key is not None:
            first = await idempotency.claim(work, operation, key, run.call.arguments)
            if first is not None:
                return first, True
        if work.own_time is not None and work.own_time.is_moving:
            raise ClockAdvancing(work.project_id)
        result = await operation(work, run.request)
        body = result.model_dump(mode="json")
        if key is not None:
            await idempotency.keep(work, key, result.without_secrets(body))
        return body, False

    async def _find_project(self, work: Work, run: _Run) -> None:
        """Bind the unit to the project it is about. What is bound to another finds nothing."""
        work.invocation_id, request = run.invocation_id, run.request
        if not isinstance(request, ProjectRequest):
            return
        bound = work.caller.project_id
        if bound and request.external_key is None and request.project_id in {None, bound}:
            work.found_project_id = bound
        elif not bound and request.project_id is None and request.external_key is None:
            if work.caller.is_platform and isinstance(request, ProjectOrPlatformRequest):
                return
            raise invalid("project_id", "is required, because you are not bound to one project")
        else:
            named = request.project_id, request.external_key
            work.found_project_id = await self.find_project(work, *named)
        run.project_id = work.found_project_id

    def _run(self, operation: Operation[Any, Any], call: Call) -> _Run:
        invocation_id, at = self.database.ids.new("inv"), self.database.clock.now()
        project_id = call.caller.project_id
        if problems := card_problems(call.arguments, call.idempotency_key):
            why = call.unreadable or InvalidRequest(problems)
            kept = without_cards(call.arguments)
            call = replace(call, arguments=kept, idempotency_key=None, unreadable=why)
        return _Run(operation, call, Outcome(), invocation_id, at, stopwatch(), project_id)


def _read_request(operation: Operation[Any, Any], call: Call) -> Request:
    if call.unreadable:
        raise call.unreadable
    return validate(operation, call.arguments, call.idempotency_key)


def _named_project(run: _Run) -> str | None:
    request, bound = run.request, run.call.caller.project_id
    if bound or not isinstance(request, ProjectRequest):
        return bound
    return request.project_id or request.external_key


def _touched(work: Work) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.object_id for each in work.effects))
