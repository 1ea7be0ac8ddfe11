"""The geometry of the charts; the template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from intune_scep.compliance import CheckedProfile
from intune_scep.reports.history import Point
from intune_scep.reports.words import PLATFORMS, VERDICTS
from intune_scep.rules.verdicts import Verdict

TREND_WIDTH: Final = 600
TREND_HEIGHT: Final = 160
_MARGIN: Final = 8
_LINES: Final = (("errors", "Errors"), ("warnings", "Warnings"), ("required", "Required profiles"))


@dataclass(frozen=True)
class Segment:
    """Part of a stacked bar, in percent of its width.

    Attributes:
        key: For the colour; a verdict.
        label: In words, with the count.
    """

    key: str
    label: str
    count: int
    start: float
    width: float


@dataclass(frozen=True)
class Bar:
    """One stacked bar; `width` in percent of the longest."""

    label: str
    total: int
    width: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Line:
    """One line of the trend: SVG coordinates, and its values for people who cannot see it."""

    key: str
    label: str
    points: tuple[tuple[float, float], ...]
    values: tuple[int, ...]

    @property
    def path(self) -> str:
        """For `polyline`."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


def stacked(label: str, counts: Mapping[Verdict, int], longest: int) -> Bar:
    """A bar of verdicts, the most urgent first."""
    total = sum(counts.values())
    segments, start = [], 0.0
    for verdict, (word, _) in VERDICTS.items():
        count = counts.get(verdict, 0)
        if count:
            width = 100 * count / total
            segments.append(Segment(verdict.value, f"{count} {word}", count, start, width))
            start += width
    return Bar(label, total, 100 * total / longest if longest else 0, tuple(segments))


def platform_bars(profiles: Iterable[CheckedProfile]) -> tuple[Bar, ...]:
    """One bar for each platform that has SCEP profiles, in the order of the vocabulary."""
    counts: dict[str, dict[Verdict, int]] = {}
    for profile in profiles:
        if profile.verdict is not None and profile.platform is not None:
            row = counts.setdefault(profile.platform, {})
            row[profile.verdict] = row.get(profile.verdict, 0) + 1
    longest = max((sum(row.values()) for row in counts.values()), default=0)
    bars = [
        stacked(words, counts[platform.value], longest)
        for platform, words in PLATFORMS.items()
        if platform.value in counts
    ]
    return tuple(sorted(bars, key=lambda bar: -bar.total))


def trend_lines(points: Sequence[Point]) -> tuple[Line, ...]:
    """The trend, its time axis to scale; nothing for fewer than two runs."""
    if len(points) < 2:
        return ()
    first, last = points[0].at, points[-1].at
    span = (last - first).total_seconds() or 1.0
    highest = max(max(getattr(point, key) for key, _ in _LINES) for point in points) or 1
    across, down = TREND_WIDTH - 2 * _MARGIN, TREND_HEIGHT - 2 * _MARGIN
    return tuple(
        Line(
            key,
            label,
            tuple(
                (
                    _MARGIN + across * (point.at - first).total_seconds() / span,
                    _MARGIN + down * (1 - getattr(point, key) / highest),
                )
                for point in points
            ),
            tuple(getattr(point, key) for point in points),
        )
        for key, label in _LINES
    )
