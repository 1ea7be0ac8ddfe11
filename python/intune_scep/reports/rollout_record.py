"""A rollout on one page for a change board: Markdown or HTML, and a justification in short.

Both forms are made of the same sections. Everything that came from a tenant is text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from intune_scep.changes.certificates import about_impact_of
from intune_scep.changes.runs import command_line
from intune_scep.graph.approval import LONGEST_JUSTIFICATION
from intune_scep.profiles.revocation import about_replaced
from intune_scep.reports.impact import (
    about_load,
    echo_rows,
    host_rows,
    number,
    to_look_at,
    used_by,
)
from intune_scep.reports.page import asset, content_policy, environment
from intune_scep.reports.readiness import share_words
from intune_scep.reports.safe_text import markdown
from intune_scep.reports.words import PLATFORMS
from intune_scep.rollout.journal import journal_path
from intune_scep.rollout.model import Strategy
from intune_scep.rollout.record import ChangeRecord, gate_words
from intune_scep.rollout.state import RingState
from intune_scep.rules.texts import counted
from intune_scep.texts import printable
from intune_scep.version import __version__

CHART_WIDTH: Final = 600
CHART_HEIGHT: Final = 160
_MARGIN: Final = 8
_STRATEGIES: Final = {
    Strategy.IN_PLACE: "The profiles are edited, ring by ring. Each edit re-issues every"
    " certificate of its profile.",
    Strategy.CLONE: "Copies with the SID URI take over, group by group. A group is taken out of the"
    " originals when its gate has passed; the originals are not edited.",
}


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        lines: Sentences; each a paragraph or an item.
        head, rows: A table; empty for none.
    """

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Curve:
    """How many devices of a ring had a new certificate, over time.

    Attributes:
        path: For a `polyline` of CHART_WIDTH by CHART_HEIGHT.
        label: The same in words.
    """

    ring: str
    path: str
    label: str


def sections(record: ChangeRecord) -> tuple[Section, ...]:
    """Everything the board is told, in its order."""
    return (
        _summary(record),
        _profiles(record),
        _rings(record),
        _cost(record),
        _undo(record),
        *([_state(record)] if record.state is not None else []),
        *([Section("Notes", record.notes)] if record.notes else []),
    )


def _summary(record: ChangeRecord) -> Section:
    file = record.resolved.file
    bundles = counted(len(record.resolved.bundles), "SCEP profile")
    rings = counted(len(file.rings), "ring")
    platforms = {item.profile.profile_type.platform for item in record.resolved.bundles}
    return Section(
        "What is done",
        (
            "The subject alternative name {{OnPremisesSecurityIdentifier}} is added to"
            f" {bundles} in {rings}, so that domain controllers accept the certificates"
            " (KB5014754).",
            _STRATEGIES[file.strategy],
            about_replaced(*platforms),
            about_impact_of(record.impact.totals),
        ),
    )


def _profiles(record: ChangeRecord) -> Section:
    impacts = {item.profile.id: item for item in record.impact.profiles}
    rows = []
    for bundle in record.resolved.bundles:
        found, ready = impacts.get(bundle.profile.id), record.readiness.get(bundle.profile.id or "")
        # What has the SID URI by now costs nothing any more.
        cost = ("", "", "changed already")
        if found is not None:
            certificates = found.in_use.certificates if found.in_use is not None else None
            cost = (number(certificates), number(found.enrolments), used_by(found))
        rows.append(
            (
                bundle.profile.display_name or bundle.profile.id or "?",
                PLATFORMS[bundle.profile.profile_type.platform],
                share_words(ready) if ready is not None else "not asked",
                *cost,
            )
        )
    head = ("Profile", "Platform", "Have a SID", "Certificates", "Enrolments", "Used by")
    return Section("Whom it reaches", (), head, tuple(rows))


def _rings(record: ChangeRecord) -> Section:
    rows = tuple(
        (
            str(ring.ring.order),
            ring.ring.name,
            _who(record, ring.ring.name),
            "; ".join(gate_words(ring.ring.gates)),
        )
        for ring in record.resolved.rings
    )
    file = record.resolved.file
    lines = ["A ring opens only when the gate of the one before it has passed."]
    if file.load is not None:
        lines.append(f"No SCEP host is asked for more than {file.load.per_scep_host:,} an hour.")
    if file.windows or file.freeze:
        lines.append("Rings open in the windows of the file only, and on no day of its freezes.")
    return Section("In which order", tuple(lines), ("", "Ring", "Who", "Its gate"), rows)


def _who(record: ChangeRecord, name: str) -> str:
    ring = record.resolved.ring(name)
    if ring.ring.rest:
        return "everybody who is left"
    if ring.ring.back:
        return "everybody who had the originals, which come back"
    if ring.group_ids:
        return ", ".join(ring.ring.groups)
    return ", ".join(item.profile.display_name or "?" for item in ring.bundles)


def _cost(record: ChangeRecord) -> Section:
    rows = tuple(
        (host.host, host.certificates, host.enrolments, host.even, host.at_once)
        for host in host_rows(record.impact)
    )
    echo = (
        f"From {row.first} to {row.last} about {counted(row.enrolments, 'renewal')} come back"
        f" together at {', '.join(row.hosts)}."
        for row in echo_rows(record.impact)
    )
    lines = (about_load(record.impact), *to_look_at(record.impact), *echo)
    head = ("SCEP host", "Certificates", "Enrolments", "Fullest hour, evenly", "At once")
    return Section("What it costs", lines, head, rows)


def _undo(record: ChangeRecord) -> Section:
    return Section(
        "The way back",
        (
            f"To stop: {_command(record, 'pause')} (what was changed stays).",
            f"To go back: {_command(record, 'rollback')} (where"
            " nobody changed it since). That re-issues the certificates once more; what was revoked"
            " stays revoked.",
            f"The record is {record.journal}.",
        ),
    )


def _command(record: ChangeRecord, verb: str) -> str:
    file = record.resolved.file
    words = ["intune-scep", "strong-mapping", "rollout", verb, str(file.path), "--reason", "WHY"]
    if record.journal != journal_path(record.tenant, file.name, None):
        words += ["--journal", str(record.journal)]
    return command_line(words)


def _state(record: ChangeRecord) -> Section:
    state = record.state
    if state is None:
        return Section("How far it is")
    rows = tuple((ring.name, ring.state.value, _last(ring)) for ring in state.rings)
    words = [f"{state.state.value}."]
    words += [f"Started by {state.started}."] if state.started is not None else []
    words += [f"Frozen: {state.frozen}"] if state.frozen is not None else []
    return Section("How far it is", tuple(words), ("Ring", "State", "New certificates"), rows)


def _last(ring: RingState) -> str:
    counts = ring.samples[-1].counts if ring.samples else {}
    if not counts.get("held"):
        return ""
    return f"{counts['reissued']:,} on {counts['seen']:,} seen of {counts['held']:,} devices"


def curves(record: ChangeRecord) -> tuple[Curve, ...]:
    """A curve for each ring that was judged twice at least, all on one scale of time."""
    rings = record.state.rings if record.state is not None else []
    told = {ring.name: [item for item in ring.samples if item.counts.get("held")] for ring in rings}
    drawn = {name: samples for name, samples in told.items() if len(samples) > 1}
    moments = [item.at for samples in drawn.values() for item in samples]
    if not moments:
        return ()
    first, span = min(moments), (max(moments) - min(moments)).total_seconds() or 1.0
    across, down = CHART_WIDTH - 2 * _MARGIN, CHART_HEIGHT - 2 * _MARGIN
    found = []
    for name, samples in drawn.items():
        points = [
            (
                _MARGIN + across * (item.at - first).total_seconds() / span,
                _MARGIN + down * (1 - item.counts["reissued"] / item.counts["held"]),
            )
            for item in samples
        ]
        last = samples[-1].counts
        label = f"{name}: {last['reissued']:,} of {last['held']:,} devices"
        found.append(Curve(name, " ".join(f"{x:.1f},{y:.1f}" for x, y in points), label))
    return tuple(found)


def title(record: ChangeRecord) -> str:
    """The heading of the page; names the simulator where there is one."""
    simulator = "SIMULATOR: " if record.cloud == "simulator" else ""
    return f"{simulator}Rollout {record.resolved.file.name}"


def render_record_markdown(record: ChangeRecord) -> str:
    """The page as Markdown."""
    return "\n".join(_markdown(record)) + "\n"


def _markdown(record: ChangeRecord) -> Iterator[str]:
    yield f"# {markdown(title(record))}"
    yield ""
    about = f"Tenant {record.tenant}, cloud {record.cloud}, {record.made_at:%Y-%m-%d %H:%M UTC}"
    yield markdown(about)
    for section in sections(record):
        yield from ("", f"## {markdown(section.title)}")
        lines = [f"- {markdown(line)}" for line in section.lines if line]
        yield from (["", *lines] if lines else [])
        if section.rows:
            yield ""
            yield _row(section.head)
            yield _row(["---"] * len(section.head), plain=True)
            yield from map(_row, section.rows)
    yield from ("", "## Justification", "", markdown(justification(record)))


def _row(cells: Sequence[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cell if plain else markdown(cell) for cell in cells)} |"


def render_record_html(record: ChangeRecord) -> str:
    """The page as HTML that needs nothing else: no network, no script, no other file."""
    template = environment().get_template("rollout_record.html.j2")
    style = asset("report.css") + asset("rollout_record.css")
    return template.render(
        title=title(record),
        record=record,
        sections=sections(record),
        curves=curves(record),
        chart=(CHART_WIDTH, CHART_HEIGHT),
        justification=justification(record),
        is_simulator=record.cloud == "simulator",
        style=style,
        policy=content_policy(style),
        version=__version__,
    )


def justification(record: ChangeRecord) -> str:
    """Why, what and the way back in `LONGEST_JUSTIFICATION`; what is too long ends in that word."""
    file = record.resolved.file
    names = [item.profile.display_name or "?" for item in record.resolved.bundles]
    text = " ".join(
        (
            f"Rollout {file.name}: strong certificate mapping (KB5014754).",
            f"Adds the SID to {counted(len(names), 'SCEP profile')} in"
            f" {counted(len(file.rings), 'ring')}, {file.strategy.value}.",
            about_impact_of(record.impact.totals),
            f"Way back: rollout rollback, record {record.journal.name}.",
            f"Profiles: {', '.join(names)}.",
        )
    )
    text = " ".join(printable(text).split())
    if len(text) <= LONGEST_JUSTIFICATION:
        return text
    end = " … (shortened)"
    return text[: LONGEST_JUSTIFICATION - len(end)] + end
