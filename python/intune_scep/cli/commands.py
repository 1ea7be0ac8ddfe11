"""The tree of commands, and the one place where an error becomes a message."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from intune_scep.cli.log import hide_log
from intune_scep.cli.process import EXIT_FAILED, EXIT_INTERRUPTED, show_version, tell
from intune_scep.errors import IntuneScepError
from intune_scep.wording import COMMAND, speaking

# BadParameter, UsageError, ClickException: the last is public only in typer releases without
# their own copy of click.
_WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[2]


class Entry(NamedTuple):
    """One word of the command line.

    Attributes:
        home: Module and name of what answers it: a Typer application, or a function.
        help: The first paragraph of its own help.
    """

    home: str
    help: str


# All that help, completion and a misspelt word need. Only the one on the command line is imported.
# The last line is the second and last one that knows the simulator.
COMMANDS: Mapping[str, Entry] = {
    "check": Entry(
        "intune_scep.cli.check:check",
        "Judge every certificate profile of the tenant, or of files, by every rule. Reads only.",
    ),
    "report": Entry("intune_scep.cli.report:report", "Check, and write the report. Reads only."),
    "runs": Entry(
        "intune_scep.cli.runs:runs",
        "List the runs of every job on this machine: when, which tenant, what is left.",
    ),
    "profiles": Entry(
        "intune_scep.cli.profiles:app",
        "Trusted root and SCEP profiles: look at them, take them into code, apply declarations.",
    ),
    "strong-mapping": Entry(
        "intune_scep.cli.strong_mapping:app",
        "Strong mapping (KB5014754): what it means for each SCEP profile, and the migration.",
    ),
    "plans": Entry("intune_scep.cli.plans:app", "Plans that were saved, of every job."),
    "baseline": Entry(
        "intune_scep.cli.baseline:app",
        "The approved state of a tenant: what later runs are compared with.",
    ),
    "rules": Entry(
        "intune_scep.cli.rules:app",
        "The rules of Microsoft's documentation: what is checked, and why. Needs no tenant.",
    ),
    "certificate": Entry(
        "intune_scep.cli.certificate:app",
        "Issued certificates: what they say and whom they are mapped to.",
    ),
    "simulator": Entry(
        "intune_scep.simulator.commands:app",
        "An embedded Microsoft Graph for demos and tests: a simulated Intune tenant in one file.",
    ),
}


class _LightGroup(TyperGroup):
    """A group that is passed through without pydantic."""

    def get_params(self, ctx: Any) -> Any:
        """Its options, with a flag that nobody sets being false.

        typer's own flags, for help and completion, are None then, and typer loads pydantic to learn
        that None is no flag that is set.
        """
        options: Any = super().get_params(ctx)
        for option in options:
            if option.default is None and getattr(option, "is_flag", False):
                option.default = False
        return options


class _Root(_LightGroup):
    """Shows every command of the table, and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for word, entry in COMMANDS.items():
            self.commands[word] = TyperCommand(word, help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word, command, rest = super().resolve_command(ctx, args)
        return word, _command(word) if word in COMMANDS else command, rest


def _command(word: Any) -> Any:
    """What answers a word, as typer makes it."""
    module, _, name = COMMANDS[word].home.partition(":")
    found = getattr(import_module(module), name)
    holder = typer.Typer(rich_markup_mode="rich", callback=lambda: None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=word, cls=_LightGroup)
    else:
        holder.command(word)(found)
    group: Any = typer.main.get_command(holder)
    return group.commands[word]


app = typer.Typer(
    name="intune-scep",
    cls=_Root,
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


def _version(wanted: bool) -> None:
    if wanted:
        show_version()
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the command itself."""


def answer(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit code.

    Raises:
        KeyboardInterrupt: Ctrl-C, or an answer that stopped it.
    """
    with speaking(COMMAND):
        return _answer(arguments)


def _answer(arguments: Sequence[str]) -> int:
    debug = "--debug" in arguments or bool(os.environ.get("INTUNE_SCEP_DEBUG"))
    try:
        result = typer.main.get_command(app).main(
            args=list(arguments), prog_name="intune-scep", standalone_mode=False
        )
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if debug:
            raise
        return _explain(error)
    finally:
        hide_log()
    code = result if isinstance(result, int) else 0
    if code == EXIT_INTERRUPTED:
        # What typer makes of Ctrl-C.
        tell("Interrupted.")
    return code


def _explain(error: Exception) -> int:
    if isinstance(error, _WRONG_USAGE):
        # Its own exit code is 2, which means findings here.
        error.show()  # type: ignore[attr-defined]  # a ClickException
        return EXIT_FAILED
    if isinstance(error, IntuneScepError):
        tell(f"Error: {error}")
        return error.exit_code
    if type(error).__name__ == "SimulatorError":
        tell(f"Error: {error}")
        return EXIT_FAILED
    name = type(error).__name__
    tell(f"Error: unexpected {name}: {error}. This is a defect; --debug shows where.")
    return EXIT_FAILED
