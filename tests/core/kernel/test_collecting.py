"""A process that serves does not look again and again through what it has for good."""

import gc

from core.kernel import collecting


def test_what_was_made_before_serving_is_left_alone_by_the_collector() -> None:
    before = gc.get_threshold()
    try:
        collecting.settle()
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold() == collecting.THRESHOLDS
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
