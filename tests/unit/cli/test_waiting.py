"""Who looks at a progress bar sees that a run waits, and why; nobody else is told unasked."""

import io
import logging
import sys

import pytest

from intune_scep.cli.console import progress_bar
from intune_scep.cli.log import hide_log, show_log
from intune_scep.graph.pacing import Pacer

WAITING = "Waiting, to stay below Intune's limit of requests"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def waited(virtual_time, monkeypatch):
    """Return a function that waits under a bar, and what standard error then shows."""

    async def wait():
        pacer = Pacer(requests=3)
        for _ in range(4):
            async with pacer.reading():
                pass

    def run(stream):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar("Changing") as report:
            report(1, 4, "Wi-Fi")
            virtual_time(wait())
        return stream.getvalue()

    return run


def test_a_terminal_shows_that_a_run_waits(waited):
    assert WAITING in waited(Terminal())


def test_elsewhere_nothing_is_said(waited):
    assert WAITING not in waited(io.StringIO())


def test_with_the_log_it_is_said_once(waited):
    show_log(1)
    try:
        assert waited(io.StringIO()).count(WAITING) == 1
    finally:
        hide_log()


def test_afterwards_the_log_is_as_it_was(waited):
    logger = logging.getLogger("intune_scep.graph.pacing")
    before = (list(logger.handlers), logger.level)
    waited(Terminal())
    assert (list(logger.handlers), logger.level) == before
