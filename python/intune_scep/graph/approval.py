"""Multi admin approval on the wire: what an answer says of it, and what a write is sent with.

ROLLOUT.md 6. An answer is told by its header and its words; no status alone decides.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.errors import ConnectionOptionError
from intune_scep.graph.answers import parse_answer
from intune_scep.wording import option

JUSTIFICATION: Final = "x-msft-approval-justification"
CODE: Final = "x-msft-approval-code"
LONGEST_JUSTIFICATION: Final = 1024
"""Characters, before they are encoded."""

_DEEPEST: Final = 6
_BAD_REQUEST, _FORBIDDEN, _CONFLICT, _PRECONDITION = 400, 403, 409, 412
# Quotes may be written as JSON writes them in text that is JSON itself.
_ASKED = re.compile(rf"{JUSTIFICATION}\W*(?:u0027\W*)?is\s+required", re.IGNORECASE)
_ACTIVE = re.compile(r"active\s+approval\s+request\s+already\s+exists", re.IGNORECASE)
_FILED = re.compile(rf"approval\s*-?(?:request|required|code)|{CODE}", re.IGNORECASE)
_GUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OTHER_IDS = re.compile(
    rf"(?:activity|operation|correlation|client-request|request)[ -]?id\b[^0-9a-z]*{_GUID}",
    re.IGNORECASE,
)
_ID = re.compile(_GUID, re.IGNORECASE)
_NAMED_ID = re.compile(
    rf"(?:{CODE}|approval[ -]?(?:code|request)(?:[ -]?id)?)\W{{0,8}}(?P<id>{_GUID})", re.IGNORECASE
)


@dataclass(frozen=True)
class ApprovalAnswer:
    """What an answer says of multi admin approval.

    Attributes:
        code: Of the request that was filed; empty where none was.
        asked: Whether a justification was missing.
        active: Whether the object has a request already.
    """

    code: str = ""
    asked: bool = False
    active: bool = False


def approval_in(status: int, headers: Mapping[str, str], body: Any) -> ApprovalAnswer:
    """Read what an answer with an error status says of multi admin approval.

    Args:
        headers: With lower-case names.
    """
    words = tuple(_texts(body, _DEEPEST))
    text = "\n".join(words)
    active = status == _CONFLICT and _ACTIVE.search(text) is not None
    asked = status == _BAD_REQUEST and _ASKED.search(text) is not None
    code = str(headers.get(CODE) or "")
    if not code and status in {_FORBIDDEN, _PRECONDITION}:
        code = _code_in(text)
    return ApprovalAnswer(code, asked, active)


def _code_in(text: str) -> str:
    if _FILED.search(text) is None:
        return ""
    if (named := _NAMED_ID.search(text)) is not None:
        return named["id"]
    ids = {found.lower() for found in _ID.findall(_OTHER_IDS.sub("", text))}
    return ids.pop() if len(ids) == 1 else ""


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Every text in a body with the name it has, JSON inside text included."""
    if depth == 0:
        return
    if isinstance(value, str):
        inner = parse_answer(value) if value.lstrip().startswith(("{", "[")) else None
        if inner is None:
            yield value
        else:
            yield from _texts(inner, depth - 1)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str) and not item.lstrip().startswith(("{", "[")):
                yield f"{name}: {item}"
            else:
                yield from _texts(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth - 1)


def checked_justification(text: str | None) -> str | None:
    """A justification that Graph takes, or None where none was given.

    Raises:
        ConnectionOptionError: it is too long, or only white space.
    """
    if text is None or text == "":
        return None
    if not text.strip():
        raise ConnectionOptionError(f"{option('justification')} is empty. Nothing was changed.")
    if len(text) > LONGEST_JUSTIFICATION:
        raise ConnectionOptionError(
            f"{option('justification')} has {len(text):,} characters; Microsoft takes"
            f" {LONGEST_JUSTIFICATION:,} at most. Nothing was sent.",
            hint="Shorten it.",
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConnectionOptionError(
            f"{option('justification')} has characters that are no text. Nothing was sent."
        ) from None
    return text


@dataclass(frozen=True)
class Permit:
    """What a protected write is sent with: a justification, or the code of its approval.

    Attributes:
        code: Of the approved request; empty where one is to be filed.
        method, path, content: The write that was approved; it is sent as it is, or not at all.
    """

    headers: Mapping[str, str]
    code: str = ""
    method: str = ""
    path: str = ""
    content: bytes = b""

    def covers(self, method: str, path: str, body: Any) -> bool:
        """Whether a write may be sent with it."""
        if not self.code:
            return True
        same = (self.method, self.path) == (method, path)
        return same and same_content(self.content, json.dumps(body).encode() if body else b"")


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two bodies say the same."""
    return one == other or (bool(one and other) and parse_answer(one) == parse_answer(other))


def justified(text: str) -> Permit:
    """What files a request for approval."""
    return Permit({JUSTIFICATION: base64.b64encode(text.encode()).decode("ascii")})


def approved(code: str, method: str, path: str, content: bytes) -> Permit:
    """What carries an approved request out; a justification beside it would file another one."""
    return Permit({CODE: code}, code, method, path, content)
