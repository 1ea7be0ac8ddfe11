"""A script for Windows PowerShell 5.1 that reads what Graph does not know of a forest.

It has no text of others in it, and no cmdlet that writes: it reads with Get-* and prints JSON.
`Get-WinEvent` fails where there is no event at all; the id of that error is the same in every
language. The registry of other machines has no Get-* cmdlet in 5.1; `OpenSubKey` of one name opens
it to be read only.
"""

from __future__ import annotations

from typing import Final

from intune_scep.active_directory.domain_facts import (
    FORMAT,
    MAPPING_EVENTS,
    NTAUTH_EVENTS,
)

DAYS: Final = 30
_THEN: Final = "intune-scep strong-mapping preflight --answers domain.json"
_TEXT: Final = """\
# Made by intune-scep: reads what Microsoft Graph does not know of this forest, and prints JSON.
# It changes nothing. It was run by nobody here: read it first.
# Run it as one who may read the System log and the registry of every domain controller:
#   powershell -File preflight.ps1 > domain.json
# then: {then}
#Requires -Version 5.1 -Modules ActiveDirectory
$ErrorActionPreference = 'Stop'
$since = (Get-Date).AddDays(-{days})
$errors = @()
$unread = @()
$any = $strong = 0
$counted = $true
$kdc = 'SYSTEM\\CurrentControlSet\\Services\\Kdc'
$issuer = '(altSecurityIdentities=X509:<I>*<SR>*)'
$keys = '(altSecurityIdentities=X509:<SKI>*)(altSecurityIdentities=X509:<SHA1-PUKEY>*)'
$controllers = foreach ($domain in (Get-ADForest).Domains) {{
    try {{
        $any += @(Get-ADObject -Server $domain -LDAPFilter '(altSecurityIdentities=X509:*)').Count
        $strong += @(Get-ADObject -Server $domain -LDAPFilter "(|$issuer$keys)").Count
    }} catch {{ $counted = $false; $errors += "accounts of ${{domain}}: $($_.Exception.Message)" }}
    try {{ $members = @(Get-ADDomainController -Server $domain -Filter *) }}
    catch {{
        $members = @()
        $unread += "$domain"
        $errors += "${{domain}}: $($_.Exception.Message)"
    }}
    foreach ($dc in $members) {{
        $failed = @()
        $counts = [ordered]@{{ {zeros} }}
        try {{
            $filter = @{{ LogName = 'System'; Id = {ids}; StartTime = $since }}
            foreach ($entry in Get-WinEvent -ComputerName $dc.HostName -FilterHashtable $filter) {{
                if ($entry.ProviderName -match 'Kerberos-Key-Distribution-Center|kdcsvc|^KDC$') {{
                    $counts["$($entry.Id)"]++
                }}
            }}
        }} catch {{
            if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') {{
                $counts = $null
                $failed += "events: $($_.Exception.Message)"
            }}
        }}
        $binding = $bypass = $null
        try {{
            $hive = [Microsoft.Win32.RegistryKey]::OpenRemoteBaseKey('LocalMachine', $dc.HostName)
            $key = $hive.OpenSubKey($kdc)
            $binding = $key.GetValue('StrongCertificateBindingEnforcement')
            $bypass = $key.GetValue('AllowNtAuthPolicyBypass')
        }} catch {{ $failed += "registry: $($_.Exception.Message)" }}
        [pscustomobject]@{{
            name = "$($dc.HostName)"; operating_system = "$($dc.OperatingSystem)"
            operating_system_version = "$($dc.OperatingSystemVersion)"; events = $counts
            strong_certificate_binding_enforcement = $binding
            allow_ntauth_policy_bypass = $bypass; errors = @($failed)
        }}
    }}
}}
$ntauth = $null
try {{
    $where = "CN=Public Key Services,CN=Services,$((Get-ADRootDSE).configurationNamingContext)"
    $store = Get-ADObject -Identity "CN=NTAuthCertificates,$where" -Properties cACertificate
    $ntauth = @(foreach ($raw in $store.cACertificate) {{
        $ca = [Security.Cryptography.X509Certificates.X509Certificate2]::new([byte[]]$raw)
        [pscustomobject]@{{ subject = $ca.Subject; thumbprint = $ca.Thumbprint }}
    }})
}} catch {{ $errors += "NTAuth: $($_.Exception.Message)" }}
if (-not $counted) {{ $any = $strong = $null }}
$json = ConvertTo-Json -Depth 5 -InputObject ([ordered]@{{
    format = '{format}'; made_at = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    days = {days}; domain_controllers = @($controllers); unread_domains = @($unread)
    ntauth = $ntauth; errors = @($errors)
    accounts_with_explicit_mappings = @{{ strong = $strong; any = $any }}
}})
# In ASCII, so that it does not matter how it is sent into a file.
[regex]::Replace($json, '[^\\x00-\\x7f]', {{ '\\u{{0:x4}}' -f [int][char]$args[0].Value }})
"""


def domain_script() -> str:
    """The script, in ASCII, whose JSON `parse_domain_facts` reads."""
    events = (*MAPPING_EVENTS, *NTAUTH_EVENTS)
    return _TEXT.format(
        then=_THEN,
        days=DAYS,
        format=FORMAT,
        ids=", ".join(map(str, events)),
        zeros="; ".join(f"'{number}' = 0" for number in events),
    )
