"""What is remembered of texts, and that looking for garbage goes on as it was."""

import gc
import os
import threading

import pytest

from intune_scep.graph.answers import parse_answer
from intune_scep.memory import collector_paused, once, remembered


@pytest.fixture(autouse=True)
def collecting():
    assert gc.isenabled()
    yield
    gc.enable()


class RefusedError(Exception):
    pass


def fail():
    with collector_paused():
        assert not gc.isenabled()
        raise RefusedError


def fail_inside_another():
    with collector_paused():
        fail()


def fail_in_a_generator():
    def items():
        with collector_paused():
            yield 1
            raise RefusedError

    list(items())


def fail_while_another_goes_on():
    with collector_paused():
        with pytest.raises(RefusedError):
            fail()
        assert not gc.isenabled()
        raise RefusedError


@pytest.mark.parametrize(
    "work", [fail, fail_inside_another, fail_in_a_generator, fail_while_another_goes_on]
)
def test_the_collector_goes_on_after_a_failure(work):
    with pytest.raises(RefusedError):
        work()
    assert gc.isenabled()


def test_a_generator_that_nobody_finishes_lets_it_go_on():
    def items():
        with collector_paused():
            yield 1

    waiting = items()
    next(waiting)
    assert not gc.isenabled()
    waiting.close()
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off():
    gc.disable()
    with pytest.raises(RefusedError):
        fail_inside_another()
    assert not gc.isenabled()


def test_pauses_that_overlap_in_threads_end_with_the_last():
    inside, go_on = threading.Event(), threading.Event()

    def long():
        with collector_paused():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=long)
    thread.start()
    inside.wait(10)
    with collector_paused():
        pass
    assert not gc.isenabled()
    go_on.set()
    thread.join()
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_was_forked_during_a_pause_collects():
    with collector_paused():
        child = os.fork()
        if not child:
            os._exit(0 if gc.isenabled() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\xff", b"[" * 70 + b"]" * 70, b'{"a": 1}', b"7"]
)
def test_an_answer_of_any_form_leaves_it_on(content):
    parse_answer(content)
    assert gc.isenabled()


def test_a_text_is_read_once_and_a_long_one_each_time():
    seen = []

    @remembered
    def read(text, kind=None):
        seen.append((text, kind))
        return object()

    assert read("a") is read("a")
    assert read("a", "b") is not read("a")
    assert read("a", None) is read("a", None)
    long = "x" * 100_000
    assert read(long) is not read(long)
    assert read("a", long) is not read("a", long)
    assert seen.count((long, None)) == 2


def test_a_property_is_worked_out_once_for_each_object():
    class Thing:
        def __init__(self):
            self.asked = 0

        @once
        def answer(self):
            """What it is."""
            self.asked += 1
            return self.asked

    one, other = Thing(), Thing()
    assert [one.answer, one.answer, other.answer] == [1, 1, 1]
    assert Thing.answer.__doc__ == "What it is."
