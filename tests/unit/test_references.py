"""Every reference leads somewhere: to facts, laws and rules, and from page to page."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "docs" / "facts"
CITING = ("python", "plugins", "roles", "playbooks", "dev", "tests", "docs")
TEXT = {".py", ".md", ".yml", ".yaml", ".j2", ".sh"}
SHOWN = ("python", "plugins")
COMMANDS_AND_RULES = {"cli", "rules"}

GAP = r"(?: |\n[ #]*)"
SECTION = r"\d+(?:\.\d+)*[a-z]?\b"
ITEM = rf"(?:{SECTION}|C-\d+\b)"
FILE = re.compile(
    rf"\b([A-Z]+)\.md\b\)?({GAP}(?:section{GAP})?{SECTION}(?:(?:{GAP}\([^()]*\))?(?:,|{GAP}and){GAP}{ITEM})*)?"
)
LAW = re.compile(rf"\b[Ll]aws?{GAP}(\d+(?:(?:,|{GAP}and){GAP}\d+)*)")
RULE = re.compile(r"\bR-\d{3}\b")
IN_PARITY = re.compile(rf"§({SECTION})(?:\u2013({SECTION}))?")
LINK = re.compile(r"\]\(([^()\s]+)\)")
PARENTHESIS = re.compile(r"\([^()]*\)")


def texts(*folders):
    """Every text file of the folders but this one, whose samples are broken on purpose."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT).parts
            hidden = any(part.startswith((".", "__pycache__")) for part in inside)
            if path.suffix in TEXT and not hidden and path != Path(__file__).resolve():
                yield path, path.read_text(encoding="utf-8")


@cache
def headings(path):
    return re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)


@cache
def sections(name):
    """The numbers that headings of a fact file begin with, and the rows of its tables."""
    path = FACTS / f"{name}.md"
    numbers = (re.match(rf"({SECTION})\.? ", heading) for heading in headings(path))
    rows = re.findall(r"^\| (C-\d+) \|", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {number[1] for number in numbers if number} | set(rows)


@cache
def laws():
    return {heading.split(":")[0].removeprefix("Law ") for heading in headings(FACTS / "LAWS.md")}


@cache
def rules():
    pages = (ROOT / "docs" / "rules").glob("*.md")
    return {heading.split()[0] for page in pages for heading in headings(page)}


@cache
def documents():
    """Upper-case names of the pages that the repository has, without their ending."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").rglob("*.md")]
    return {page.stem for page in pages if page.stem.isupper()}


def citations(text):
    """Where each citation stands, what it says, and whether it leads somewhere."""
    for match in FILE.finditer(text):
        name, cited = match[1], PARENTHESIS.sub("", match[2] or "")
        if not cited:
            yield match.start(), match[0], name in documents()
        for item in re.findall(ITEM, cited):
            known = (FACTS / f"{name}.md").is_file() and item in sections(name)
            yield match.start(), f"{name}.md {item}", known
    for match in LAW.finditer(text):
        for number in re.findall(r"\d+", match[1]):
            yield match.start(), f"law {number}", number in laws()


def broken(path, text):
    found = [(start, what) for start, what, known in citations(text) if not known]
    if path.relative_to(ROOT).parts[0] != "tests":
        found += [
            (match.start(), match[0]) for match in RULE.finditer(text) if match[0] not in rules()
        ]
    return [f"{path.relative_to(ROOT)}:{line_of(text, start)}: {what}" for start, what in found]


def line_of(text, start):
    return text.count("\n", 0, start) + 1


def test_every_citation_leads_to_a_section_a_law_or_a_rule():
    read = list(texts(*CITING))
    assert sum(len(list(citations(text))) for _, text in read) > 200
    assert [item for path, text in read for item in broken(path, text)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# As GRAPH.md 9.9 says.", "GRAPH.md 9.9"),
        ("# As GRAPH.md 3.4, 9.9 say.", "GRAPH.md 9.9"),
        ("# As GRAPH.md 3.4 (links) and 9.9 say.", "GRAPH.md 9.9"),
        ("# As [GRAPH.md](GRAPH.md) 9.9 says.", "GRAPH.md 9.9"),
        ("# As GRAPH.md section 9.9 says.", "GRAPH.md 9.9"),
        ("# As DOMAIN.md 3, C-99 says.", "DOMAIN.md C-99"),
        ("# As NOWHERE.md says.", "NOWHERE.md"),
        ("# As NOWHERE.md 1 says.", "NOWHERE.md 1"),
        ("# Never twice (law 11).", "law 11"),
        ("# Never twice (laws 2 and 11).", "law 11"),
        ("# Never (rule R-999).", "R-999"),
    ],
)
def test_a_citation_that_leads_nowhere_is_told_with_file_and_line(text, what):
    path = ROOT / "python" / "some.py"
    assert broken(path, f"\n{text}\n") == [f"python/some.py:2: {what}"]


def test_a_citation_may_go_on_in_the_next_line():
    path = ROOT / "python" / "some.py"
    assert broken(path, "    # As GRAPH.md\n    # 9.9 says.") == ["python/some.py:1: GRAPH.md 9.9"]


def test_every_section_that_the_parity_page_cites_exists():
    page = ROOT / "docs" / "parity.md"
    text = page.read_text(encoding="utf-8")
    cited = {item for match in IN_PARITY.finditer(text) for item in match.groups() if item}
    assert len(cited) > 20
    assert cited - sections("GRAPH") == set()


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page):
    ids = re.findall(r'<a id="([^"]+)">', page.read_text(encoding="utf-8"))
    return {*ids, *map(slug, headings(page))}


def leads_somewhere(page, link):
    if re.match(r"[a-z]+:", link):
        return True
    target, _, anchor = link.partition("#")
    there = page.parent / target if target else page
    return there.exists() and (not anchor or anchor in anchors(there))


def test_every_link_between_pages_leads_to_a_file_and_a_heading():
    pages = [(path, text) for path, text in texts("docs", "roles") if path.suffix == ".md"]
    readme = ROOT / "README.md"
    wrong = [
        f"{path.relative_to(ROOT)}:{line_of(text, match.start())}: {match[1]}"
        for path, text in [*pages, (readme, readme.read_text(encoding="utf-8"))]
        for match in LINK.finditer(text)
        if not leads_somewhere(path, match[1])
    ]
    assert wrong == []


def internal(path, tree):
    """The strings that no user sees: docstrings, but those of commands and of rules."""
    for node in ast.walk(tree):
        decorated = isinstance(node, ast.FunctionDef) and node.decorator_list
        shown = decorated and not COMMANDS_AND_RULES.isdisjoint(path.parts)
        body = getattr(node, "body", None)
        if isinstance(body, list) and not shown:
            yield from (id(item.value) for item in body if isinstance(item, ast.Expr))


def cited_to_users(path, text):
    """Citations in strings that may reach a screen, where nobody has the fact files."""
    tree = ast.parse(text)
    hidden = set(internal(path, tree))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in hidden
        ):
            for _, what in cited_facts(node.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {what}"


def cited_facts(text):
    """The citations in a text, but for the names of pages that every reader has."""
    found = [(start, what) for start, what, _ in citations(text)]
    return [(start, what) for start, what in found if what not in ("README.md", "CHANGELOG.md")]


def test_no_text_of_library_and_modules_cites_what_its_reader_does_not_have():
    wrong = [
        item
        for path, text in texts(*SHOWN)
        if path.suffix == ".py"
        for item in cited_to_users(path, text)
    ]
    assert wrong == []


def test_no_text_of_roles_and_playbooks_cites_what_its_reader_does_not_have():
    wrong = [
        f"{path.relative_to(ROOT)}: {what}"
        for path, text in texts("roles", "playbooks")
        for _, what in cited_facts(re.sub(r"(^|\s)#.*", "", text))
        if path.suffix != ".md"
    ]
    assert wrong == []


def test_a_cited_law_or_fact_is_noticed_wherever_a_user_would_read_it():
    seen = 'NOTE = "so says GRAPH.md 3.4"\nNOTE_2 = f"{NOTE} (law 6)"'
    kept = '"""GRAPH.md 3.4."""\nX = 1\n"""law 6"""\n'
    command = '@app.command()\ndef plan():\n    """Plan (law 6)."""\n'
    assert len(list(cited_to_users(ROOT / "python" / "some.py", seen))) == 2
    assert list(cited_to_users(ROOT / "python" / "some.py", kept)) == []
    assert list(cited_to_users(ROOT / "python" / "some.py", command)) == []
    assert len(list(cited_to_users(ROOT / "python" / "cli" / "some.py", command))) == 1
