from __future__ import annotations

import math
import threading

import pytest

from core.deadline import Deadline
from core.errors import Cancelled, DeadlineReached


def test_without_a_deadline_there_is_always_time():
    assert Deadline.never().left() == math.inf
    Deadline.never().require()


def test_a_deadline_that_has_passed_leaves_nothing():
    over = Deadline.within(-1)
    assert (over.left(), over.cancelled) == (0, False)
    with pytest.raises(DeadlineReached):
        over.require()


def test_the_earlier_of_two_deadlines_holds():
    assert Deadline.within(10).sooner(1000).left() <= 10
    assert Deadline.never().sooner(10).left() <= 10


def test_calling_off_reaches_every_part_of_the_work_once():
    until = Deadline.within(100)
    part, told = until.sooner(10), []
    with part.calling(lambda: told.append("a")):
        with until.calling(lambda: told.append("left before")):
            pass
        until.cancel()
        until.cancel()
    assert told == ["a"]
    assert part.cancelled
    assert part.left() == 0
    with pytest.raises(Cancelled):
        part.require()


def test_what_begins_after_the_order_is_stopped_at_once():
    until, told = Deadline.never(), threading.Event()
    until.cancel()
    with until.calling(told.set):
        assert told.is_set()


def test_two_that_never_end_are_not_called_off_together():
    first, second = Deadline.never(), Deadline.never()
    first.cancel()
    assert not second.cancelled
