"""The tree of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from intune_scep.errors import IntuneScepError
from intune_scep.version import __version__

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

# Each word with the module that answers it: only the one on the command line is imported. The
# last is the second and last line that knows the simulator.
GROUPS: Mapping[str, str] = {
    "profiles": "intune_scep.cli.profiles",
    "strong-mapping": "intune_scep.cli.strong_mapping",
    "baseline": "intune_scep.cli.baseline",
    "rules": "intune_scep.cli.rules",
    "certificate": "intune_scep.cli.certificate",
    "simulator": "intune_scep.simulator.commands",
}
COMMANDS: Mapping[str, str] = {
    "check": "intune_scep.cli.check",
    "report": "intune_scep.cli.report",
}


def _mount(arguments: Sequence[str]) -> None:
    """Add the command that is asked for; all of them for help, completion and misspelt words."""
    word = next((argument for argument in arguments if not argument.startswith("-")), None)
    chosen = {word} if word in {*GROUPS, *COMMANDS} else {*GROUPS, *COMMANDS}
    mounted = {group.name for group in app.registered_groups}
    mounted |= {command.name for command in app.registered_commands}
    for name, module in COMMANDS.items():
        if name in chosen - mounted:
            app.command(name)(getattr(import_module(module), name))
    for name, module in GROUPS.items():
        if name in chosen - mounted:
            app.add_typer(import_module(module).app, name=name)


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
    _mount(arguments)
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
