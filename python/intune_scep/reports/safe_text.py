"""Untrusted text, such as profile names, made harmless for each form of report."""

from __future__ import annotations

import re
from typing import Final

from intune_scep.texts import one_line, printable

# Characters with a meaning in CommonMark or on GitHub; what makes a bare address a link; what makes
# a list, a number or a heading of the beginning of a line.
_MARKDOWN: Final = re.compile(
    r"[\\`*_\[\]<>#|~&@!$^]|:(?=//)|(?<=www)\.|^[-+=]|^\d(?=\d*[.)])", re.IGNORECASE
)


def markdown(text: object) -> str:
    """Text that Markdown, and the HTML inside it, shows as it is, on one line.

    Characters with a meaning become character references, which no dialect interprets.
    """
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", one_line(text))


def prometheus_label(text: object) -> str:
    """A label value between the quotes of the Prometheus text format."""
    plain = printable(text)
    return plain.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
