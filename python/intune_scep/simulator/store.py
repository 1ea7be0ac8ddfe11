"""The SQLite file that is a tenant: opening, creating, transactions."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from intune_scep.simulator.errors import SimulatorError

_APPLICATION_ID = 0x1A7CE9
_LAYOUT_VERSION = 3
_BUSY_SECONDS = 60

_LAYOUT = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE application (client_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE resource (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (collection, id)
);
CREATE TABLE link (
    source_id TEXT NOT NULL,
    navigation TEXT NOT NULL,
    target_id TEXT NOT NULL,
    PRIMARY KEY (source_id, navigation, target_id)
);
CREATE INDEX link_target ON link (target_id);
CREATE TABLE assignment (
    profile_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (profile_id, position)
) WITHOUT ROWID;
CREATE TABLE membership (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    UNIQUE (group_id, member_id)
);
CREATE INDEX membership_member ON membership (member_id);
CREATE TABLE certificate (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE,
    profile_id TEXT NOT NULL,
    managed_device_id TEXT NOT NULL,
    body TEXT,
    via TEXT,
    edition INTEGER,
    issued REAL,
    expires REAL,
    host TEXT,
    error INTEGER NOT NULL DEFAULT 0,
    ended REAL,
    ended_as TEXT
);
CREATE INDEX certificate_profile ON certificate (profile_id);
CREATE TABLE pending_issuance (
    certificate_id TEXT PRIMARY KEY,
    replaces_id TEXT NOT NULL,
    due REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX pending_issuance_due ON pending_issuance (due);
CREATE TABLE fleet_device (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    entra_id TEXT,
    user_id TEXT,
    platform TEXT NOT NULL,
    phase REAL NOT NULL,
    roll REAL NOT NULL,
    user_sid INTEGER NOT NULL,
    device_sid INTEGER NOT NULL,
    name TEXT,
    owner TEXT,
    owner_name TEXT,
    silent_since REAL,
    shown REAL NOT NULL DEFAULT 0
);
CREATE INDEX fleet_device_phase ON fleet_device (phase);
CREATE INDEX fleet_device_user ON fleet_device (user_id);
CREATE TABLE fleet_profile (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    edition INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE fleet_edition (
    profile INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (profile, edition)
) WITHOUT ROWID;
CREATE TABLE fleet_wanted (
    profile INTEGER NOT NULL,
    via INTEGER NOT NULL,
    device INTEGER NOT NULL,
    PRIMARY KEY (profile, via, device)
) WITHOUT ROWID;
CREATE TABLE fleet_held (
    profile INTEGER NOT NULL,
    via INTEGER NOT NULL,
    device INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    certificate INTEGER,
    expires REAL,
    renew_at REAL,
    failure INTEGER,
    status TEXT NOT NULL,
    PRIMARY KEY (profile, via, device)
) WITHOUT ROWID;
CREATE INDEX fleet_held_renewal ON fleet_held (renew_at);
CREATE TABLE fleet_todo (
    device INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    via INTEGER NOT NULL,
    PRIMARY KEY (device, profile, via)
) WITHOUT ROWID;
CREATE TABLE fleet_status (
    seq INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    device INTEGER NOT NULL,
    at REAL NOT NULL,
    status TEXT NOT NULL
);
CREATE TABLE fleet_load (
    host TEXT NOT NULL,
    hour INTEGER NOT NULL,
    enrolments INTEGER NOT NULL,
    PRIMARY KEY (host, hour)
) WITHOUT ROWID;
CREATE TABLE fleet_failure (
    profile_id TEXT PRIMARY KEY,
    share REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE fleet_connector (
    id TEXT PRIMARY KEY,
    hosts TEXT,
    dead_since REAL
) WITHOUT ROWID;
CREATE TABLE approval (
    id TEXT PRIMARY KEY,
    entity TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    identity TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE fleet_changed (profile_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER fleet_assigned AFTER INSERT ON assignment
    BEGIN INSERT OR IGNORE INTO fleet_changed VALUES (NEW.profile_id); END;
CREATE TRIGGER fleet_unassigned AFTER DELETE ON assignment
    BEGIN INSERT OR IGNORE INTO fleet_changed VALUES (OLD.profile_id); END;
CREATE TRIGGER fleet_linked AFTER INSERT ON link BEGIN
    INSERT OR IGNORE INTO fleet_changed VALUES (NEW.source_id);
    INSERT OR IGNORE INTO fleet_changed VALUES (NEW.target_id);
END;
CREATE TRIGGER fleet_unlinked AFTER DELETE ON link BEGIN
    INSERT OR IGNORE INTO fleet_changed VALUES (OLD.source_id);
    INSERT OR IGNORE INTO fleet_changed VALUES (OLD.target_id);
END;
CREATE TABLE request_window (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    application TEXT NOT NULL,
    is_write INTEGER NOT NULL
);
CREATE INDEX request_window_at ON request_window (at);
CREATE TABLE export_window (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    application TEXT NOT NULL,
    user TEXT
);
CREATE TABLE fault_rule (position INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE fault_count (
    rule INTEGER NOT NULL,
    key TEXT NOT NULL,
    matched INTEGER NOT NULL DEFAULT 0,
    injected INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rule, key)
) WITHOUT ROWID;
CREATE TABLE past (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    until REAL NOT NULL,
    image TEXT NOT NULL
);
CREATE TABLE former (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (collection, id)
) WITHOUT ROWID;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    batch INTEGER,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    body TEXT,
    request_id TEXT NOT NULL DEFAULT '',
    client_request_id TEXT,
    application TEXT,
    status INTEGER,
    committed INTEGER NOT NULL DEFAULT 0,
    fault TEXT
);
"""


class Store:
    """One connection to a tenant file, shared by the threads of this process.

    Raises:
        SimulatorError: The file is missing or is not a tenant file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        if self.path.exists() and not self.path.is_file():
            raise SimulatorError(f"{self.path} is not a simulator database.")
        if not self.path.exists():
            raise SimulatorError(f"There is no simulator database {self.path}; seed one first.")
        self.connection = _connect(self.path)
        try:
            self._check()
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises.

        A plain BEGIN would lose concurrent read-modify-writes (SIMULATOR.md 1).
        """
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def _check(self) -> None:
        refusal = SimulatorError(f"{self.path} is not a simulator database.")
        try:
            application = self.connection.execute("PRAGMA application_id").fetchone()[0]
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise refusal from error
        if application != _APPLICATION_ID:
            raise refusal
        if version != _LAYOUT_VERSION:
            raise SimulatorError(
                f"{self.path} was made by another version of the simulator; seed it again."
            )


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo what the block did, and only that, when it raises."""
    connection.execute("SAVEPOINT work")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        raise
    connection.execute("RELEASE work")


def create_file(path: Path) -> sqlite3.Connection:
    """Create an empty tenant file, readable by its owner only, and connect to it.

    Raises:
        SimulatorError: The file cannot be created.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise SimulatorError(f"Cannot create {path}: {error.strerror}.") from error
    connection = _connect(path)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {_LAYOUT_VERSION}")
    connection.executescript(_LAYOUT)
    return connection


def read_meta(connection: sqlite3.Connection) -> dict[str, Any]:
    """Every fact about the tenant itself."""
    return {
        key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM meta")
    }


def write_meta(connection: sqlite3.Connection, key: str, value: Any) -> None:
    """Set one fact about the tenant itself."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))


def _connect(path: Path) -> sqlite3.Connection:
    # Autocommit mode: transactions are begun by hand, as IMMEDIATE.
    connection = sqlite3.connect(
        path.resolve().as_uri() + "?mode=rw",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    # A killed process must not damage the file; a crashed machine may.
    with suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA synchronous = OFF")
    connection.create_function("fold", 1, _fold, deterministic=True)
    return connection


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
