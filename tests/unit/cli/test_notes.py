"""Notes quote names that a tenant decides; no command lets one drive the terminal."""

import io

import pytest
from rich.console import Console

from intune_scep.cli.profiles_text import show_listing
from intune_scep.cli.strong_mapping_text import show_assessment
from intune_scep.desired_state.listing import ProfileListing
from intune_scep.strong_mapping.assessment import Assessment
from intune_scep.tenant import Snapshot

HOSTILE = "\x1b]0;owned\x07\u202eread"
NOTES = (f"The profile {HOSTILE} was not read.",)


@pytest.mark.parametrize(
    ("show", "found"),
    [
        (show_assessment, Assessment("contoso", "global", (), notes=NOTES)),
        (show_listing, ProfileListing("contoso", "global", Snapshot(notes=NOTES), ())),
    ],
)
def test_a_note_with_a_hostile_name_cannot_drive_the_terminal(show, found):
    shown = io.StringIO()
    show(Console(file=shown, width=140), found)
    assert "Note: The profile" in shown.getvalue()
    assert not {"\x1b", "\x07", "\u202e"} & set(shown.getvalue())
