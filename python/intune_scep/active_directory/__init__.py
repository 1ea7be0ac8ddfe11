"""What Active Directory is told by hand, and what its domain controllers say of certificates.

Files in, files out: nothing here speaks to a directory or to Graph.
"""

from intune_scep.active_directory.accounts import Accounts
from intune_scep.active_directory.bridge import Bridge, Mapping, Skipped, make_bridge
from intune_scep.active_directory.culprits import (
    Culprit,
    CulpritGroup,
    Culprits,
    find_culprits,
)
from intune_scep.active_directory.events import DomainControllerEvent, EventLog, read_events
from intune_scep.active_directory.ldif import ldif
from intune_scep.active_directory.powershell import powershell

__all__ = [
    "Accounts",
    "Bridge",
    "Culprit",
    "CulpritGroup",
    "Culprits",
    "DomainControllerEvent",
    "EventLog",
    "Mapping",
    "Skipped",
    "find_culprits",
    "ldif",
    "make_bridge",
    "powershell",
    "read_events",
]
