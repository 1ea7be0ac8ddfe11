"""intune-scep check: judge profiles by every rule."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from intune_scep.cli.compliance_options import Asked, run_check, with_asked
from intune_scep.cli.console import console, print_json
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options


@with_shared_options
@with_asked
def check(
    shared: Shared,
    asked: Asked,
    *,
    notes: Annotated[
        bool,
        typer.Option("--notes", help="Also list the notes: facts that nobody has to act upon."),
    ] = False,
) -> Any:
    """Judge every certificate profile of the tenant, or of files, by every rule. Reads only.

    Begins with a table by rule, worst first; then each cause once, with the profiles behind it.

    Exit code 0 if the policy is met, 2 if it is not, 3 if something could not be read.

    Files, one example for each form:

    \b
      intune-scep check profiles/                          declarations in YAML
      intune-scep check backup/                            our backup in JSON
      intune-scep check response.json                      an answer of Graph
      intune-scep check Export/                            IntuneManagement
      intune-scep check "backup/Device Configurations"     IntuneCD
      intune-scep check M365TenantConfig.ps1               Microsoft365DSC
    """
    report = run_check(shared, asked)
    if shared.output is OutputFormat.JSON:
        print_json(report.to_dict())
    else:
        from intune_scep.reports.terminal import terminal_report

        console().print(terminal_report(report, notes=notes))
    return report.outcome.exit_code
