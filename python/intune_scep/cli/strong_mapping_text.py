"""An assessment as a table that a PKI administrator reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from intune_scep.cli.console import headline, print_notes
from intune_scep.cli.tables import Listing
from intune_scep.rules.verdicts import VERDICT_WORDS, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from intune_scep.strong_mapping.assessment import Assessment

_STYLES = {
    Verdict.REQUIRED: "bold red",
    Verdict.DEFECTIVE: "bold magenta",
    Verdict.REVIEW: "yellow",
    Verdict.OPT_IN: "cyan",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.MAPPED: "green",
}
_NOTHING = "-"


def show_assessment(console: Console, assessment: Assessment) -> None:
    """Print every SCEP profile with its verdict and reason, then the counts."""
    console.print(headline("Strong mapping", assessment.tenant, assessment.cloud))
    table = Listing(
        "Verdict", "Platform", "Type", "Profile", "Reason", name="Profile", prose={"Reason"}
    )
    rank = list(VERDICT_WORDS)
    for item in sorted(
        assessment.assessed,
        key=lambda item: (rank.index(item.judgement.verdict), item.profile.display_name or ""),
    ):
        row = item.to_dict()
        verdict = item.judgement.verdict
        table.add(
            Text(verdict.value, style=_STYLES[verdict]),
            row["platform"],
            row["certificate_type"] or _NOTHING,
            row["name"],
            row["reason"],
        )
    console.print(table)
    counts = [(verdict, assessment.counts[verdict.value]) for verdict in VERDICT_WORDS]
    parts = [Text(f"{count} {verdict.value}", style=_STYLES[verdict]) for verdict, count in counts]
    console.print(Text(", ").join(parts))
    print_notes(console, assessment.notes)
