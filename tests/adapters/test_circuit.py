"""The circuit breaker, at instants that a test chooses."""

import pytest

from mcp_server.adapters.circuit import Circuit, CircuitOpen


def failing(circuit: Circuit, *, times: int, now: float = 0) -> None:
    for _ in range(times):
        circuit.failed(now, probe=circuit.admit(now), jitter=0)


def test_four_failures_in_a_row_change_nothing() -> None:
    circuit = Circuit()
    failing(circuit, times=4)

    assert circuit.is_closed
    assert circuit.admit(0) is False


def test_a_success_between_failures_starts_the_count_anew() -> None:
    circuit = Circuit()
    failing(circuit, times=4)
    circuit.succeeded(probe=circuit.admit(0))
    failing(circuit, times=4)

    assert circuit.is_closed


def test_after_five_failures_calls_fail_at_once_and_say_for_how_long() -> None:
    circuit = Circuit()
    failing(circuit, times=5)

    with pytest.raises(CircuitOpen) as refused:
        circuit.admit(0.5)

    assert refused.value.seconds == 2


def test_one_call_probes_and_the_others_do_not_wait_for_it() -> None:
    circuit = Circuit()
    failing(circuit, times=5)

    assert circuit.admit(2.0) is True
    with pytest.raises(CircuitOpen):
        circuit.admit(2.0)


def test_a_probe_that_is_answered_closes_the_circuit() -> None:
    circuit = Circuit()
    failing(circuit, times=5)
    circuit.succeeded(probe=circuit.admit(2.0))

    assert circuit.is_closed
    failing(circuit, times=4, now=2)
    assert circuit.is_closed


def test_each_probe_that_fails_doubles_the_pause_up_to_a_minute() -> None:
    circuit = Circuit()
    failing(circuit, times=5)
    now, pauses = 2.0, []
    for _ in range(7):
        failing(circuit, times=1, now=now)
        with pytest.raises(CircuitOpen) as refused:
            circuit.admit(now)
        pauses.append(refused.value.seconds)
        now += refused.value.seconds

    assert pauses == [4, 8, 16, 32, 60, 60, 60]


def test_the_answer_to_a_call_from_before_does_not_close_it() -> None:
    circuit = Circuit()
    early = circuit.admit(0)
    failing(circuit, times=5)
    circuit.succeeded(probe=early)

    assert not circuit.is_closed


def test_the_failure_of_a_call_from_before_does_not_lengthen_the_pause() -> None:
    circuit = Circuit()
    early = circuit.admit(0)
    failing(circuit, times=5)
    circuit.failed(1.9, probe=early, jitter=0)

    assert circuit.admit(2.0) is True


def test_a_probe_nobody_waits_for_leaves_room_for_another() -> None:
    circuit = Circuit()
    failing(circuit, times=5)
    circuit.abandoned(probe=circuit.admit(2.0))

    assert circuit.admit(2.0) is True


def test_jitter_makes_a_pause_up_to_half_as_long_again() -> None:
    circuit = Circuit()
    failing(circuit, times=4)
    circuit.failed(0, probe=circuit.admit(0), jitter=1)

    with pytest.raises(CircuitOpen):
        circuit.admit(2.9)
    assert circuit.admit(3.0) is True
