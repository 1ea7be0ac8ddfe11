"""The tree of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from intune_scep import __version__
from intune_scep.cli import baseline, strong_mapping
from intune_scep.cli.check import check
from intune_scep.cli.report import report
from intune_scep.errors import IntuneScepError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
# BadParameter, UsageError, ClickException: the last is public only in typer releases without
# their own copy of click.
_WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="intune-scep",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Trusted root and SCEP certificate profiles in Microsoft Intune.\n\n"
        "Exit codes: 0 nothing to complain about, 1 failed, 2 findings or pending changes,"
        " 3 nothing could be judged."
    ),
)
app.add_typer(strong_mapping.app, name="strong-mapping")
app.command()(check)
app.command()(report)
app.add_typer(baseline.app, name="baseline")


def _mount_simulator() -> None:
    # The second and last line that knows the simulator.
    from intune_scep.simulator.commands import app as simulator

    app.add_typer(simulator, name="simulator")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"intune-scep {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the command itself."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; nothing but the code leaves as a surprise."""
    debug = "--debug" in arguments or bool(os.environ.get("INTUNE_SCEP_DEBUG"))
    if "simulator" in arguments or not set(arguments) - {"-h", "--help"}:
        _mount_simulator()
    try:
        result = typer.main.get_command(app).main(
            args=list(arguments), prog_name="intune-scep", standalone_mode=False
        )
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except Exception as error:
        if debug:
            raise
        return _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    if isinstance(error, _WRONG_USAGE):
        # Its own exit code is 2, which means findings here.
        error.show()  # type: ignore[attr-defined]  # a ClickException
        return EXIT_FAILED
    if isinstance(error, IntuneScepError):
        typer.echo(f"Error: {error}", err=True)
        return error.exit_code
    if type(error).__name__ == "SimulatorError":
        typer.echo(f"Error: {error}", err=True)
        return EXIT_FAILED
    name = type(error).__name__
    typer.echo(
        f"Error: unexpected {name}: {error}. This is a defect; --debug shows where.", err=True
    )
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
