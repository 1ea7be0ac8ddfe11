"""One declaration as a YAML file: comments, then the options in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

_TEMPLATE_MARKS: Final = ("{{", "{%", "{#")


class _Unsafe(str):
    """Text that Ansible is to leave alone."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """YAML as people write it for Ansible: list items indented, no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_unsafe(dumper: _Dumper, value: _Unsafe) -> yaml.Node:
    return dumper.represent_scalar("!unsafe", str(value), style='"')


def _represent_text(dumper: _Dumper, value: str) -> yaml.Node:
    # Only double quotes keep every line break of YAML 1.1 as it is, U+0085 among them.
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(_Unsafe, _represent_unsafe)
_Dumper.add_representer(str, _represent_text)


def render_document(key: str, options: Mapping[str, Any], comments: Iterable[str]) -> bytes:
    """A YAML document `key: options` under comments, in UTF-8.

    Text that Ansible would take for a template, `{{…}}` above all, is written with its tag
    `!unsafe`; `read_declarations` reads it as plain text.
    """
    body = yaml.dump(
        {key: _protected(dict(options))},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=10**9,
    )
    head = "".join(f"# {comment_line(text)}\n" for text in comments)
    return f"---\n{head}{body}".encode()


def comment_line(text: str) -> str:
    """A text that stays in its comment line: whatever could end the line is escaped."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _protected(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _protected(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_protected(item) for item in value]
    if isinstance(value, str) and any(mark in value for mark in _TEMPLATE_MARKS):
        return _Unsafe(value)
    return value
