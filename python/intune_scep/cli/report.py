"""intune-scep report: the compliance report in the forms that people and machines read."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep.cli.compliance_options import Asked, run_check, with_asked
from intune_scep.cli.console import console
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options
from intune_scep.reports.formats import FORMATS

Form = StrEnum("Form", [(name, name) for name in FORMATS])  # type: ignore[misc]  # from the table


class Notify(StrEnum):
    """When a webhook is called."""

    NEVER = "never"
    ON_FAILURE = "on_failure"
    ALWAYS = "always"


@with_shared_options
@with_asked
def report(
    shared: Shared,
    asked: Asked,
    *,
    formats: Annotated[
        list[Form] | None,
        typer.Option(
            "--format",
            "-f",
            help="Form of the report; repeat. By default text, or every form with --output-dir.",
            show_default=False,
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir",
            metavar="DIR",
            help="Write files here. Earlier JSON reports in it make the trend.",
            show_default=False,
        ),
    ] = None,
    notify: Annotated[
        Notify,
        typer.Option(
            "--notify",
            help="Post the JSON report to the URL in INTUNE_SCEP_WEBHOOK_URL; a bearer token for it"
            " is read from INTUNE_SCEP_WEBHOOK_TOKEN.",
        ),
    ] = Notify.NEVER,
) -> Any:
    """Check, and write the report. Reads only.

    Exit code 0 if the policy is met, 2 if it is not, 3 if something could not be read.
    """
    from intune_scep.reports.webhook import Webhook

    chosen = [form.value for form in formats or ()]
    if len(chosen) > 1 and output_dir is None:
        raise typer.BadParameter("Give --output-dir for more than one form.")
    webhook = None if notify is Notify.NEVER else Webhook.from_environment(os.environ)
    found = run_check(shared, asked)
    if output_dir is not None:
        _write(found, output_dir, chosen or list(FORMATS))
    else:
        _print(found, chosen[0] if chosen else shared.output.value, shared)
    if webhook and (notify is Notify.ALWAYS or found.failed):
        webhook.post(found)
    return found.outcome.exit_code


def _write(found: Any, directory: Path, names: list[str]) -> None:
    from intune_scep.reports.files import write_reports
    from intune_scep.reports.terminal import terminal_report

    written = write_reports(found, directory, names)
    console().print(terminal_report(found, every_finding=False))
    for path in written:
        typer.echo(str(path))


def _print(found: Any, name: str, shared: Shared) -> None:
    from intune_scep.reports.formats import render
    from intune_scep.reports.terminal import terminal_report

    if name == "text" and shared.output is OutputFormat.TEXT:
        console().print(terminal_report(found))
        return
    sys.stdout.write(render(name, found))
