"""The tree of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from intune_scep.cli.log import hide_log
from intune_scep.cli.process import Output, Terminated, ending_signals
from intune_scep.errors import IntuneScepError
from intune_scep.texts import printable
from intune_scep.version import __version__
from intune_scep.wording import COMMAND, speaking

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
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
        " 3 nothing could be judged, 130 interrupted, 143 terminated."
    ),
)

# Each word with the module that answers it: only the one on the command line is imported. The
# last is the second and last line that knows the simulator.
GROUPS: Mapping[str, str] = {
    "profiles": "intune_scep.cli.profiles",
    "strong-mapping": "intune_scep.cli.strong_mapping",
    "plans": "intune_scep.cli.plans",
    "baseline": "intune_scep.cli.baseline",
    "rules": "intune_scep.cli.rules",
    "certificate": "intune_scep.cli.certificate",
    "simulator": "intune_scep.simulator.commands",
}
COMMANDS: Mapping[str, str] = {
    "check": "intune_scep.cli.check",
    "report": "intune_scep.cli.report",
    "runs": "intune_scep.cli.runs",
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
    output = Output()
    with output.guarded(), ending_signals(), speaking(COMMAND):
        code = _run(arguments)
        complaint = output.complaint()
        if complaint is None:
            return code
        _tell(
            f"Error: standard output cannot be written: {complaint}. The command went on to its"
            f" end, and its own exit code was {code}."
        )
        return EXIT_FAILED


def _run(arguments: Sequence[str]) -> int:
    debug = "--debug" in arguments or bool(os.environ.get("INTUNE_SCEP_DEBUG"))
    try:
        _mount(arguments)
        result = typer.main.get_command(app).main(
            args=list(arguments), prog_name="intune-scep", standalone_mode=False
        )
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        _tell("Interrupted.")
        return EXIT_INTERRUPTED
    except Terminated:
        _tell("Terminated.")
        return EXIT_TERMINATED
    except SystemExit as stop:
        # A server that cannot start leaves with a code of its own.
        return EXIT_FAILED if stop.code else 0
    except Exception as error:
        if debug:
            raise
        return _explain(error)
    finally:
        hide_log()
    code = result if isinstance(result, int) else 0
    if code == EXIT_INTERRUPTED:
        # What typer makes of Ctrl-C.
        _tell("Interrupted.")
    return code


def _explain(error: Exception) -> int:
    if isinstance(error, _WRONG_USAGE):
        # Its own exit code is 2, which means findings here.
        error.show()  # type: ignore[attr-defined]  # a ClickException
        return EXIT_FAILED
    if isinstance(error, IntuneScepError):
        _tell(f"Error: {error}")
        return error.exit_code
    if type(error).__name__ == "SimulatorError":
        _tell(f"Error: {error}")
        return EXIT_FAILED
    name = type(error).__name__
    _tell(f"Error: unexpected {name}: {error}. This is a defect; --debug shows where.")
    return EXIT_FAILED


def _tell(sentence: str) -> None:
    typer.echo(printable(sentence), err=True)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
