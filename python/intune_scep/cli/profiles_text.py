"""Profiles, exports, plans and their results as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from intune_scep.backup.export import WRITTEN, ExportReport
from intune_scep.cli.console import headline, plain, print_notes
from intune_scep.cli.tables import Listing
from intune_scep.declarations.yaml_form import render_document
from intune_scep.errors import IntuneScepError
from intune_scep.rules.texts import counted

if TYPE_CHECKING:
    from rich.console import Console

    from intune_scep.desired_state.listing import ProfileListing
    from intune_scep.profiles import Profile

_NOTHING = "-"
_KIND_WORDS = {"scep": "SCEP", "trusted_root": "root"}


def show_listing(console: Console, listing: ProfileListing) -> None:
    """Print every profile in one row."""
    console.print(headline("Certificate profiles", listing.tenant, listing.cloud))
    table = Listing(
        "Kind", "Platform", "Type", "Profile", "Root", "Assigned", "Version", "Id", name="Profile"
    )
    for profile in sorted(listing.profiles, key=_order):
        row = profile.profile_type
        table.add(
            _KIND_WORDS[row.kind.value],
            row.platform.value,
            profile.certificate_type.value if profile.certificate_type else _NOTHING,
            profile.display_name or _NOTHING,
            _root(profile, listing),
            "yes" if profile.assignments else "no",
            str(profile.version),
            profile.id or _NOTHING,
        )
    console.print(table)
    console.print(f"{counted(len(listing.profiles), 'profile')}.", style="bold")
    console.print(
        "Windows Phone 8.1 and Windows 10X, which are retired, are not listed.", style="dim"
    )
    print_notes(console, listing.notes)


def _order(profile: Profile) -> tuple[bool, str, str, str]:
    platform = profile.profile_type.platform.value
    return profile.is_scep, platform, profile.display_name or "", profile.id or ""


def _root(profile: Profile, listing: ProfileListing) -> Text:
    if not profile.is_scep:
        return Text(_NOTHING)
    root = listing.root_links.get(profile.id or "")
    if isinstance(root, IntuneScepError):
        return Text("(could not be read)", style="bold red")
    return plain(root.display_name) if root else Text("(none)", style="bold red")


def show_profile(console: Console, listing: ProfileListing, profile: Profile) -> None:
    """Print one profile as the declaration that would make it."""
    console.print(headline("Certificate profile", listing.tenant, listing.cloud))
    [row] = [row for row in listing.to_dict()["profiles"] if row["id"] == profile.id]
    kind = "scep_profile" if profile.is_scep else "trusted_root_profile"
    about = [
        f"{profile.profile_type.name} {profile.id}, version {profile.version}, last modified"
        f" {profile.last_modified_date_time}.",
        *(f"Not expressed here: {reason}" for reason in row["not_declarable"]),
    ]
    document = render_document(kind, row["declaration"], about).decode("utf-8", "backslashreplace")
    console.print(plain(document), soft_wrap=True, end="")


def show_export(console: Console, report: ExportReport) -> None:
    """Print what was written, and what was not."""
    console.print(headline("Export", report.tenant, report.cloud))
    table = Listing(
        "Profile", "Platform", "File", "Not written", name="Profile", prose={"Not written"}
    )
    for item in report.profiles:
        if item.status == WRITTEN and not item.not_expressed:
            continue
        reasons = [*item.not_expressed.values(), *([item.message] if item.message else [])]
        table.add(
            item.profile.display_name or _NOTHING,
            item.profile.profile_type.platform.value,
            item.file or _NOTHING,
            "\n".join(reasons),
        )
    if len(table):
        console.print(table)
    files = report.files.to_dict()
    counts = [f"{len(names)} {word.replace('_', ' ')}" for word, names in files.items() if names]
    console.print(f"Files: {', '.join(counts) or 'none'}.")
    _summary(console, report.msg, failed=report.failed)
    print_notes(console, report.notes)


def _summary(console: Console, sentence: str, *, failed: bool) -> None:
    text = plain(sentence)
    text.stylize("bold red" if failed else "bold")
    console.print(text)
