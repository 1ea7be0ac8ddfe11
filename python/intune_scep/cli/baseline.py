"""intune-scep baseline: approve a state, show it, compare with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep.cli.compliance_options import Asked, run_check, with_asked
from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import Output, OutputFormat, Shared, with_shared_options
from intune_scep.errors import IntuneScepError

EXIT_FINDINGS = 2

app = typer.Typer(
    no_args_is_help=True,
    help="The approved state of a tenant: what later runs are compared with.",
)
File = Annotated[Path, typer.Option("--file", metavar="FILE", help="The baseline file.")]


@app.command()
@with_shared_options
@with_asked
def approve(
    shared: Shared,
    asked: Asked,
    *,
    file: File,
    approved_by: Annotated[
        str | None, typer.Option("--by", help="Who approves it.", show_default=False)
    ] = None,
    comment: Annotated[
        str | None, typer.Option("--comment", help="Why.", show_default=False)
    ] = None,
    replace_file: Annotated[
        bool, typer.Option("--replace", help="Approve over an earlier baseline.")
    ] = False,
) -> Any:
    """Read the tenant and write what is there as the approved state. Changes nothing in it."""
    from intune_scep.compliance import approve as write
    from intune_scep.compliance import read_baseline

    report = run_check(shared, asked)
    write(report, file, approved_by=approved_by, comment=comment, replace=replace_file)
    return _print(read_baseline(file), shared.output)


@app.command()
def show(file: File, output: Output = OutputFormat.TEXT) -> int:
    """Show who approved what and when, after checking that nobody changed the file.

    Signs in nowhere.
    """
    from intune_scep.compliance import read_baseline

    return _print(read_baseline(file), output)


@app.command()
@with_shared_options
@with_asked
def diff(shared: Shared, asked: Asked, file: File) -> Any:
    """Compare the tenant with the baseline, property by property.

    Exit code 0 if nothing differs, 2 if something does, 3 if something could not be read.
    """
    from intune_scep.reports.terminal import drift_report

    if asked.baseline is not None:
        raise IntuneScepError("Give --file or --baseline, but not both: each names the baseline.")
    report = run_check(shared, replace(asked, baseline=file))
    if shared.output is OutputFormat.JSON:
        data = report.to_dict()
        print_json(
            {name: data[name] for name in ("tenant", "cloud", "baseline", "drift", "unread")}
        )
    else:
        console().print(drift_report(report))
    if report.unread:
        return report.outcome.exit_code
    return EXIT_FINDINGS if report.drift else 0


def _print(baseline: Any, output: OutputFormat) -> int:
    facts = baseline.to_dict()
    if output is OutputFormat.JSON:
        print_json(facts)
        return 0
    out = console()
    for name, value in facts.items():
        out.print(plain(f"{name.replace('_', ' '):>12}  {value if value is not None else '-'}"))
    return 0
