"""The documentation's pages of rules, made from the metadata of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from intune_scep.profiles import Platform
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.catalogue import BEHAVIOURS, CATALOGUE, QUESTIONS, RULES, Entry
from intune_scep.rules.model import FOREIGN, Behaviour, Need, Question, Rule, Severity
from intune_scep.rules.platforms import ALL, LIVING
from intune_scep.rules.registry import GROUPS

NEED_WORDS: Final = {
    Need.PROFILE: "the profile",
    Need.ROOT: "the linked trusted root profile",
    Need.ASSIGNMENTS: "the assignments",
    Need.DEPENDANTS: "the profiles that use the certificate",
    Need.DIRECTORY: "users and devices in the directory (`--directory`)",
    Need.DEVICES: "managed devices and their certificates (`--devices`)",
    Need.PLAN: "a planned change",
    Need.TENANT: "the tenant's profiles or settings",
}
KIND_WORDS: Final = {
    "scep": "SCEP profiles",
    "trusted_root": "trusted root profiles",
    FOREIGN: "objects of another type",
}


def build_pages() -> dict[str, str]:
    """File name to Markdown: an index and one page for each group of rules."""
    pages = {"index.md": _index()}
    for group, title in GROUPS.items():
        entries = [entry for entry in CATALOGUE.values() if entry.group == group]
        parts = [f"# {title}", *(_section(entry) for entry in entries)]
        pages[f"{group}.md"] = "\n\n".join(parts) + "\n"
    return pages


def explain(entry: Entry) -> str:
    """One entry of the catalogue, as Markdown."""
    return _section(entry)


def platform_words(entry: Rule | Question) -> str:
    """The platforms of an entry in words."""
    if entry.platforms == ALL:
        return "all"
    if entry.platforms == LIVING:
        return "all that still exist"
    return ", ".join(PLATFORM_NAMES[item] for item in Platform if item in entry.platforms)


def kind_of(entry: Entry) -> str:
    """The severity of a rule, or what else the entry is."""
    if isinstance(entry, Rule):
        return entry.severity.value
    return "question" if isinstance(entry, Question) else "behaviour"


def _index() -> str:
    counts = ", ".join(
        f"{sum(rule.severity is severity for rule in RULES.values())} {severity.value}"
        for severity in Severity
    )
    lines = [
        "# Rules",
        "",
        f"{len(CATALOGUE)} rules read off Microsoft's page on SCEP certificate profiles and its"
        f" siblings. {len(RULES)} are judged by the tool ({counts}), {len(QUESTIONS)} are questions"
        f" that only a person can answer, and {len(BEHAVIOURS)} are ways in which the tool itself"
        " behaves.",
        "",
        "`intune-scep rules list` prints this table, `intune-scep rules explain R-113` one rule."
        " This folder is generated from the rules' own metadata.",
        "",
    ]
    for group, title in GROUPS.items():
        lines += [f"## [{title}]({group}.md)", "", "| rule | severity | what |", "|---|---|---|"]
        lines += [
            f"| [{entry.id}]({group}.md#{entry.id.lower()}) | {kind_of(entry)}"
            f" | {_cell(entry.title)} |"
            for entry in CATALOGUE.values()
            if entry.group == group
        ]
        lines.append("")
    lines += _CONFIGURATION.splitlines()
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _section(entry: Entry) -> str:
    head = [f'<a id="{entry.id.lower()}"></a>', "", f"## {entry.id} {entry.title}", ""]
    match entry:
        case Rule():
            body = _rule(entry)
        case Question():
            body = _question(entry)
        case Behaviour():
            body = (entry.behaviour, "", *_facts((("Source", entry.source),)))
    return "\n".join([*head, *body])


def _rule(rule: Rule) -> Sequence[str]:
    needs = ", ".join(NEED_WORDS[item] for item in Need if item in rule.needs)
    facts = [
        ("Severity", rule.severity.value),
        ("Property", f"`{rule.property}`"),
        ("Judges", ", ".join(words for kind, words in KIND_WORDS.items() if kind in rule.kinds)),
        ("Platforms", "none known" if rule.kinds == {FOREIGN} else platform_words(rule)),
        ("Needs", needs),
        ("Remedy", rule.remedy),
        ("Source", rule.source),
    ]
    if rule.question:
        facts.insert(-1, ("Settled by the answer yes to", rule.question))
    return [rule.description, "", *_facts(facts)]


def _question(question: Question) -> Sequence[str]:
    severity = question.severity.value if question.severity else "none"
    facts = (
        ("If the answer is no", f"severity {severity}. {question.remedy}"),
        ("Platforms", platform_words(question)),
        ("Source", question.source),
    )
    return [f"**{question.question}**", "", question.why, "", *_facts(facts)]


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    return (f"- **{name}**: {value}" for name, value in facts)


_CONFIGURATION: Final = """\
## Configuration

A YAML file changes severities, disables rules, accepts findings until a date and answers
questions. An unknown key or rule is an error that names the line.

```yaml
severities:
  R-006: warning
disabled:
  - R-141
waivers:
  - rule: R-090
    profile: Windows - SCEP - User - Lab   # name or id
    reason: The lab is closed in March.
    expires: 2027-03-31                    # the last day on which it counts
answers:
  R-080: yes                               # all domain controllers run Windows Server 2019 or later
```

A waived finding is still listed, with its waiver. After its last day the finding counts again and
says that a waiver has expired.

What was not read is never taken for fine: a rule that needs it is listed as skipped, with what was
missing. Rules that need a planned change are judged only when there is one."""
