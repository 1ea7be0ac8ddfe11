"""Mappings as a PowerShell script for the ActiveDirectory module."""

import re
from typing import Final

from intune_scep.active_directory.bridge import Bridge
from intune_scep.active_directory.warning import heading

# Each ends a text in single quotes: PowerShell's CharTraits.IsSingleQuote.
_QUOTES: Final = re.compile("['\u2018\u2019\u201a\u201b]")
_RUN: Final = (
    "Run it with: powershell -File FILE -WhatIf, then without -WhatIf. It needs the ActiveDirectory"
    " module (RSAT) and the right to write altSecurityIdentities."
)
# -Filter gets the name of a variable: the module puts its value in, so no text can be read as more.
_BY_UPN: Final = "Get-ADUser -Filter 'UserPrincipalName -eq $name' -Properties $attribute"
_BY_DN: Final = "Get-ADUser -Filter 'DistinguishedName -eq $name' -Properties $attribute"
_BODY: Final = """\
#Requires -Modules ActiveDirectory
[CmdletBinding(SupportsShouldProcess = $true)]
param()
$ErrorActionPreference = 'Stop'
$attribute = 'altSecurityIdentities'
$failed = 0
$entries = @(
{entries}
)
foreach ($entry in $entries) {{
    $name = $entry.Account
    $value = $entry.Value
    try {{
        $found = @({find})
        if ($found.Count -ne 1) {{
            throw "$($found.Count) accounts were found"
        }}
        $present = @($found[0].$attribute) -contains $value
        if ($present -eq ${wanted}) {{
            $result = 'nothing to do'
        }} elseif ($PSCmdlet.ShouldProcess($found[0].DistinguishedName, "{verb} $value")) {{
            Set-ADUser -Identity $found[0].DistinguishedName -{verb} @{{ $attribute = $value }}
            $result = '{done}'
        }} else {{
            $result = 'not done'
        }}
    }} catch {{
        $failed++
        $result = "failed: $($_.Exception.Message)"
    }}
    [pscustomobject]@{{ Account = $name; Value = $value; Result = $result }}
}}
if ($failed) {{
    Write-Warning "$failed of $($entries.Count) failed."
    exit 1
}}
"""


def powershell(bridge: Bridge, *, report: str, undo: bool = False) -> bytes:
    """One entry for each value, and a loop that looks before it writes. UTF-8 with its mark, CRLF.

    Accounts are found by distinguished name where a list of accounts was given, else by user
    principal name: the report has Entra's, which may differ from that of Active Directory.

    Args:
        report: What it was made from, for the comment at the top.
        undo: Take the values away instead.
    """
    by_dn = any(made.account is not None for made in bridge.mappings)
    entries = "\n".join(
        f"    @{{ Account = {quoted(made.account or made.upn)}; Value = {quoted(made.value)} }}"
        for made in bridge.mappings
    )
    body = _BODY.format(
        entries=entries,
        find=_BY_DN if by_dn else _BY_UPN,
        wanted="false" if undo else "true",
        verb="Remove" if undo else "Add",
        done="removed" if undo else "added",
    )
    comment = "".join(f"# {text}\n" for text in heading(bridge, undo=undo, report=report, run=_RUN))
    return (comment + body).replace("\n", "\r\n").encode("utf-8-sig", "backslashreplace")


def quoted(text: str) -> str:
    """A text of others as one literal: in single quotes, each quote that PowerShell knows doubled.

    The text has no line breaks: a mapping with one is never made.
    """
    return "'" + _QUOTES.sub(lambda match: match[0] * 2, text) + "'"
