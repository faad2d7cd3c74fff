"""The events that are sent: exactly one in twenty was sent before, to us and to the bare table."""

from itertools import chain

from benchmarks.events import Events
from benchmarks.tpcb import read

SAID = """
number of transactions actually processed: 3400
number of failed transactions: {failed} (0.000%)
latency average = 2.353 ms
tps = 1700.000000 (without initial connection time)
"""


def test_of_each_batch_exactly_one_event_in_twenty_was_sent_before() -> None:
    for size in (1_000, 100):
        events, seen = Events("a", size), set[str]()
        for _ in range(4):
            ids = [each["event_id"] for each in events.sent()]
            assert len(ids) == size
            assert len(set(ids) - seen) == events.accepted == size * 95 // 100
            seen.update(ids)


def test_some_of_them_come_from_the_batch_before() -> None:
    events = Events("a", 1_000)
    first, second = set(events.numbers()), events.numbers()

    assert len(first.intersection(second)) == 25
    assert len(second) - len(set(second)) == 25


def test_an_event_sent_again_is_the_same_event() -> None:
    events = Events("a", 100)
    sent = list(chain(events.sent(), events.sent()))
    by_id = {each["event_id"]: each for each in sent}

    assert all(by_id[each["event_id"]] == each for each in sent)


def test_a_run_of_pgbench_is_read_and_a_failed_transaction_is_an_error() -> None:
    fine, failed = read(SAID.format(failed=0), 0, 2.5), read(SAID.format(failed=1), 0, 2.5)

    assert (fine.count, fine.rate, fine.errors) == (3400, 1700.0, 0)
    assert (failed.count, failed.errors) == (0, 1)
    assert read("could not connect", 1, 2.5).problem == "could not connect"
