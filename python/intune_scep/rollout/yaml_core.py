"""YAML in which words are words, as editors and YAML 1.2 read it, and the lines of its parts.

To YAML 1.1 `yes` and the key `on` are truth values, `2026-11-20` is a date and `16:00` the number
960. Here they are what they look like: text.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from intune_scep.yaml_text import BoundedLoader

_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN"),
)


class CoreLoader(BoundedLoader):
    """`BoundedLoader` with the words of YAML 1.2."""


# Else those of YAML 1.1, which PyYAML inherits, would count too.
CoreLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in _WORDS:
    CoreLoader.add_implicit_resolver(
        _TAG + _kind,
        re.compile(f"(?:{_pattern})\\Z"),
        [*_first, ""] if _kind == "null" else list(_first),
    )


def lines_of(text: str) -> dict[tuple[str | int, ...], int]:
    """The line of every key and item of a text that was read, by its place."""
    root = yaml.compose(text, Loader=CoreLoader)
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    seen: set[int] = set()
    pending: list[tuple[yaml.Node | None, tuple[str | int, ...]]] = [(root, ())]
    while pending:
        node, place = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                lines[(*place, number)] = item.start_mark.line + 1
                pending.append((item, (*place, number)))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                below = (*place, str(key.value))
                lines[below] = key.start_mark.line + 1
                pending.append((value, below))
    return lines
