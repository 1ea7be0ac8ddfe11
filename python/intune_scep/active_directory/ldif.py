"""Mappings as LDIF for `ldifde -i -k -f FILE` (RFC 2849)."""

import base64
import re
from typing import Final

from intune_scep.active_directory.bridge import Bridge
from intune_scep.active_directory.warning import heading
from intune_scep.errors import CertificateError

# RFC 2849, SAFE-STRING; note 8 asks for base64 where a blank stands at the end.
_SAFE: Final = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x1f!-9;=-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*")
_RUN: Final = (
    "Run it with: ldifde -i -k -f FILE. With -k it goes on where an account has the value already."
)


def ldif(bridge: Bridge, *, report: str, undo: bool = False) -> bytes:
    """One record for each value, so that one that fails costs only itself. ASCII, CRLF.

    Args:
        bridge: Its mappings must have accounts.
        report: What it was made from, for the comment at the top.
        undo: Take the values away instead.

    Raises:
        CertificateError: A mapping has no account.
    """
    verb = "delete" if undo else "add"
    lines = [f"# {text}" for text in heading(bridge, undo=undo, report=report, run=_RUN)]
    for made in bridge.mappings:
        if made.account is None:
            raise CertificateError("LDIF needs the distinguished name of every account.")
        lines += [
            "",
            _line("dn", made.account),
            "changetype: modify",
            f"{verb}: altSecurityIdentities",
            _line("altSecurityIdentities", made.value),
            "-",
        ]
    return ("\r\n".join(lines) + "\r\n").encode("ascii", "backslashreplace")


def _line(attribute: str, value: str) -> str:
    if _SAFE.fullmatch(value) and not value.endswith(" "):
        return f"{attribute}: {value}"
    return f"{attribute}:: {base64.b64encode(value.encode()).decode('ascii')}"
