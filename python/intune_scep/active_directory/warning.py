"""What every generated file says of itself, before anything else."""

from collections.abc import Iterator

from intune_scep.active_directory.bridge import Bridge
from intune_scep.texts import one_line

NOT_RUN = "Nobody has run this file: read it, and try it on one account first."


def heading(bridge: Bridge, *, undo: bool, report: str, run: str) -> Iterator[str]:
    """Sentences, each on one line.

    Args:
        undo: Whether the file takes the values away again.
        report: What it was made from.
        run: How it is run, as a sentence.
    """
    what = "takes away" if undo else "adds"
    yield (
        f"Made by intune-scep from {one_line(report)}: {what} values of altSecurityIdentities,"
        f" {len(bridge.mappings)} in all."
    )
    yield NOT_RUN
    yield run
    if undo:
        yield (
            "A value that the account had before the other file was run is taken away too: delete"
            " its lines first."
        )
    yield from bridge.notes
    if bridge.first_expiry is not None:
        yield f"The first of the certificates ends on {bridge.first_expiry:%Y-%m-%d}."
    if bridge.first_renewal is not None:
        yield (
            "With the recommended renewal threshold of 20 % the first renewal, and with it the"
            f" first dead value, is due on {bridge.first_renewal:%Y-%m-%d}."
        )
