"""What --verbose shows, and that it shows nothing else."""

import logging

import pytest
import typer

from intune_scep.cli import app as cli
from intune_scep.cli import commands
from intune_scep.cli.options import with_shared_options

LOG = logging.getLogger("intune_scep.graph.session")


@pytest.fixture
def talk(monkeypatch, capsys):
    """Run a command that logs, with options, and return what stderr had."""
    app = typer.Typer()

    @app.command("talk")
    @with_shared_options
    def command(shared):
        LOG.info("GET /deviceManagement %s", "\x1b[31m\u202e")
        LOG.debug("detail")

    @app.command("other")
    def other():
        """A second command makes the first a word of its own."""

    monkeypatch.setattr(commands, "app", app)

    def call(*options):
        assert cli.run(["talk", *options]) == 0
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    return call


def test_nothing_is_shown_unless_asked_for(talk):
    assert talk() == ""


def test_once_shows_what_the_library_does_in_clean_text(talk):
    shown = talk("--verbose")
    assert shown.endswith("intune_scep.graph.session: GET /deviceManagement \\x1b[31m\\u202e\n")
    assert shown.count("\n") == 1


def test_twice_shows_every_detail_and_ends_with_the_command(talk):
    assert talk("-vv").endswith("detail\n")
    assert talk("--verbose", "--verbose").count("\n") == 2
    assert talk() == ""
    assert logging.getLogger("intune_scep").level == logging.NOTSET
