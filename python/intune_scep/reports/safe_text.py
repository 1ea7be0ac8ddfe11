"""Untrusted text, such as profile names, made harmless for each form of report."""

from __future__ import annotations

import re
from typing import Final

# Control characters, line and paragraph separators, marks that turn the reading direction, and
# halves of surrogate pairs: none of them belongs in a name, and each can make a report lie.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufeff\ufffe\uffff]"
)
# Characters with a meaning in CommonMark or on GitHub; what makes a bare address a link; what makes
# a list, a number or a heading of the beginning of a line.
_MARKDOWN: Final = re.compile(
    r"[\\`*_\[\]<>#|~&@!$^]|:(?=//)|(?<=www)\.|^[-+=]|^\d(?=\d*[.)])", re.IGNORECASE
)
_SHOWN: Final = "\ufffd"


def visible(text: object) -> str:
    """Text in which nothing is hidden: what cannot be seen is shown as U+FFFD."""
    return _UNSEEN.sub(_SHOWN, str(text))


def one_line(text: object) -> str:
    """Visible text on one line."""
    return " ".join(visible(text).split())


def markdown(text: object) -> str:
    """Text that Markdown, and the HTML inside it, shows as it is, on one line.

    Characters with a meaning become character references, which no dialect interprets.
    """
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", one_line(text))


def prometheus_label(text: object) -> str:
    """A label value between the quotes of the Prometheus text format."""
    plain = visible(text)
    return plain.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"').replace("\r", " ")
