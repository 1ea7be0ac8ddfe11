"""The tally of all processes of one application in a tenant on this machine.

One row of a SQLite file in the tenant's state directory, read and written as a whole within a
transaction: SQLite locks on every system, and a killed process leaves neither a lock nor half a
row. It costs 0.1 ms for each request. Moments are those of the event loop, whose clock is the
system's monotonic one; what cannot be of this clock now, after a restart of the machine for
example, is dropped as it is read.
"""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import stat
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from intune_scep.errors import FileError
from intune_scep.files import PRIVATE, canonical_json, digest, tenant_directory
from intune_scep.graph.window import Tally

_LOCK_SECONDS: Final = 1.0
_TABLE: Final = "CREATE TABLE IF NOT EXISTS tally (id INTEGER PRIMARY KEY, numbers BLOB)"
_READ: Final = "SELECT numbers FROM tally WHERE id = 1"
# Another one when another process has written.
_VERSION: Final = "PRAGMA data_version"
_WRITE: Final = "INSERT OR REPLACE INTO tally (id, numbers) VALUES (1, ?)"
_NUMBERS: Final = "d"
_LOG = logging.getLogger("intune_scep.graph.pacing")


class SharedTally:
    """Keeps a tally in step with those of other processes, as long as its file can be used.

    Nothing that happens to the file stops a request: after the first failure, which is logged,
    the process counts for itself.

    Args:
        tenant: Its id, in whose state directory the file is.
        who: What else the limits are counted by: cloud and application.
    """

    def __init__(self, tenant: str, *who: str) -> None:
        self._tenant = tenant
        # A state directory may be shared by machines, whose clocks have nothing in common.
        self._name = f"pacing-{digest(canonical_json([*who, socket.gethostname()]))[:16]}.db"
        self._database: sqlite3.Connection | None = None
        self._version: tuple[int] | None = None
        self._usable = True

    def load(self, tally: Tally, clock: Callable[[], float]) -> None:
        """Take what all processes have counted, and keep others from it until `save`."""
        self._attempt(lambda: self._load(tally, clock))

    def save(self, tally: Tally) -> None:
        """Let others have it again, with what was counted meanwhile."""
        self._attempt(lambda: self._save(tally))

    def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _attempt(self, work: Callable[[], None]) -> None:
        if not self._usable:
            return
        try:
            work()
        except (sqlite3.Error, OSError, FileError) as error:
            self._usable = False
            self.close()
            _LOG.debug("Other processes are not counted when pacing: %s", error)

    def _load(self, tally: Tally, clock: Callable[[], float]) -> None:
        database = self._open()
        database.execute("BEGIN EXCLUSIVE")
        version, row = database.execute(_VERSION).fetchone(), None
        if version != self._version:
            self._version, row = version, database.execute(_READ).fetchone()
        if row is None:
            return
        numbers = array(_NUMBERS)
        with suppress(TypeError, ValueError):
            numbers.frombytes(row[0])
        # Not sooner: while this process waited for the lock, others have counted.
        tally.take(numbers.tolist(), clock())

    def _save(self, tally: Tally) -> None:
        database = self._open()
        database.execute(_WRITE, (array(_NUMBERS, tally.numbers()).tobytes(),))
        database.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._version = None
            path = tenant_directory(self._tenant) / self._name
            try:
                self._database = _connect(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # It is damaged, and nothing in it is worth more than 30 s.
                for suffix in ("", "-journal"):
                    Path(f"{path}{suffix}").unlink(missing_ok=True)
                self._database = _connect(path)
        return self._database


def _connect(path: Path) -> sqlite3.Connection:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is not a regular file")
    database = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")
        # Not WAL: to begin one, the first process must be alone.
        database.execute("PRAGMA journal_mode = PERSIST")
        database.execute(_TABLE)
        database.execute(_READ).fetchone()
    except BaseException:
        database.close()
        raise
    return database
