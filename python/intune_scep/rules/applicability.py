"""Rules about applicability rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intune_scep.profiles import normal_value
from intune_scep.profiles.enums import DeviceManagementApplicabilityRuleType as RuleType
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import LIVING, WINDOWS
from intune_scep.rules.registry import BOTH_KINDS, GRAPH_METADATA, TOOL_RULE, page, rule

_PREFIX: Final = "deviceManagementApplicabilityRule"
_EDITION: Final = f"{_PREFIX}OsEdition"
_VERSION: Final = f"{_PREFIX}OsVersion"
_MODE: Final = f"{_PREFIX}DeviceMode"
_DIRECTIONS: Final = tuple(RuleType)
_RULES: Final = (_EDITION, _VERSION, _MODE)


@rule(
    "R-170",
    Severity.WARNING,
    "Applicability rule outside Windows",
    remedy="Remove the applicability rule; use an assignment filter.",
    source=page("step 11"),
    property=_EDITION,
    kinds=BOTH_KINDS,
    platforms=LIVING - WINDOWS,
    reads=(),
)
def check_rule_platform(context: Context) -> Iterator[Complaint]:
    """Applicability rules are for Windows 10 and 11. The admin center does not show them on other
    platforms, so nobody would notice one."""
    for name in _RULES:
        if context.wire.get(name) is not None:
            platform = PLATFORM_NAMES[context.platform]
            yield Complaint(f"{name} is set on a profile for {platform}.", property=name)


@rule(
    "R-171",
    Severity.ERROR,
    "Applicability rule that says nothing",
    remedy="Choose include or exclude and name editions, a range of versions or a device mode.",
    source=f"{page('step 11')}; {GRAPH_METADATA}",
    property=_EDITION,
    kinds=BOTH_KINDS,
    platforms=WINDOWS,
    reads=_RULES,
)
def check_rule_content(context: Context) -> Iterator[Complaint]:
    """A rule assigns or does not assign the profile by OS edition, OS version or device mode. One
    without a direction, or with a lower limit above the upper one, matches nothing anybody
    meant."""
    for name in _RULES:
        value = context.wire.get(name)
        if isinstance(value, dict):
            for problem in _problems(name, value):
                yield Complaint(f"{name}: {problem}.", property=name)


def _problems(name: str, value: dict[str, object]) -> Iterator[str]:
    if value.get("ruleType") not in _DIRECTIONS:
        yield f"ruleType is {value.get('ruleType')!r} instead of include or exclude"
    if name == _EDITION and not value.get("osEditionTypes"):
        yield "no edition is named"
    elif name == _MODE and not value.get("deviceMode"):
        yield "no device mode is named"
    elif name == _VERSION:
        yield from _version_problems(value.get("minOSVersion"), value.get("maxOSVersion"))


def _version_problems(lowest: object, highest: object) -> Iterator[str]:
    if not lowest and not highest:
        yield "no version is named"
    elif lowest and highest and _version(lowest) > _version(highest):
        yield f"the lowest version {lowest} is above the highest {highest}"


def _version(value: object) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(value)))


@rule(
    "R-172",
    Severity.WARNING,
    "Applicability rules of profile and root differ",
    remedy="Give both profiles the same applicability rules.",
    source=f"{TOOL_RULE}, from {page('Assign the certificate profile')}",
    property=_EDITION,
    platforms=WINDOWS,
    needs=(Need.ROOT,),
    asks=Need.ROOT,
    reads=_RULES,
)
def check_root_rules(context: Context) -> Iterator[Complaint]:
    """Devices that match one rule but not the other get the SCEP profile without its root, or the
    root alone."""
    root = context.linked_root
    if root is None:
        return
    other = root.wire
    for name in _RULES:
        mine, its = context.wire.get(name), other.get(name)
        if mine is its:
            continue  # Neither has one, which is the rule.
        normal = normal_value(context.known.profile_type, name, mine)
        if normal != normal_value(root.profile_type, name, its):
            yield Complaint(
                f"{name} differs between the profile and its root “{root.display_name}”.",
                property=name,
            )
