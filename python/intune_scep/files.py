"""Files: private and whole when written, regular and bounded when read; where state is kept.

Writing raises `OSError`, as the system does: the caller says what the file was to be. Reading and
locking raise `FileError`, one sentence in the words of the caller.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.errors import FileError, FileInUseError, IntuneScepError

PRIVATE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
MOST_JSON: Final = 256 * 1024 * 1024
_MOST_DIGITS: Final = 100
_SHOWN_DIGITS: Final = 40
_DEEPEST: Final = 100
_TOO_DEEP: Final = f"it is nested deeper than {_DEEPEST}"
_HOLDER_BYTES: Final = 64 * 1024

# Where the system has them: Windows has none of the last three, and translates line ends without
# the first.
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NO_WAITING: Final[int] = getattr(os, "O_NONBLOCK", 0)
_DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)

_TEMPORARY: Final = re.compile(r"\.intune-scep-[0-9a-f]{16}\.tmp")
_KINDS: Final = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
)
_NO_SYNC: Final = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES, errno.EISDIR}
)
_SAFE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*")
_LONGEST_NAME: Final = 100
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


def write_private(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file whole or not at all, readable by its owner only, in place of any there.

    Args:
        data: Parts that are made one by one are written so, however many there are.

    Raises:
        OSError: it cannot be written; what was there is untouched, and nothing is left behind.
    """
    _refuse_irregular(path)
    with _written_beside(path, data) as temporary:
        temporary.replace(path)
    sync_directory(path.parent)


def write_new_private(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file as `write_private` does, but never over another one.

    Raises:
        FileExistsError: something has this name already.
        OSError: it cannot be written; nothing is left behind.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with _written_beside(path, data) as temporary:
        _rename_to_new(temporary, path)
    sync_directory(path.parent)


def save_private(
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    called: str,
    overwrite: str | None,
    error: type[IntuneScepError],
) -> None:
    """Write a file that somebody named, and never over another one unless that was asked for.

    Args:
        called: The option that names the file.
        overwrite: The option to be given to write over a file; None where it was given.
        error: What is raised.

    Raises:
        IntuneScepError: of that type: the file is there already, or cannot be written.
    """
    try:
        (write_private if overwrite is None else write_new_private)(path, data)
    except FileExistsError as problem:
        raise _there_already(path, called, overwrite, error) from problem
    except OSError as problem:
        raise error(f"{called} {path} cannot be written: {problem.strerror}.") from problem


def require_new(
    path: Path | None, *, called: str, overwrite: str | None, error: type[IntuneScepError]
) -> None:
    """Refuse a file that `save_private` would refuse, before the work for it is done.

    Args:
        path: None for no file.
    """
    if path is not None and overwrite is not None and os.path.lexists(path):
        raise _there_already(path, called, overwrite, error)


def _there_already(
    path: Path, called: str, overwrite: str | None, error: type[IntuneScepError]
) -> IntuneScepError:
    return error(
        f"{called} {path} is there already. Nothing was written.",
        hint=f"Give another file, or {overwrite}.",
    )


@contextmanager
def _written_beside(path: Path, data: bytes | Iterable[bytes]) -> Iterator[Path]:
    """A file with these data on the disk, in the directory of `path`; gone afterwards."""
    temporary = path.with_name(leftover_name(secrets.token_hex(8)))
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
        with os.fdopen(os.open(temporary, flags, PRIVATE), "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _rename_to_new(temporary: Path, path: Path) -> None:
    if os.name == "nt":
        temporary.rename(path)
        return
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links: the name is taken first, then filled.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        temporary.replace(path)


def _refuse_irregular(path: Path) -> None:
    with suppress(FileNotFoundError):
        kind = _irregular(path.stat().st_mode)
        if kind:
            raise OSError(errno.EINVAL, f"it is a {kind}, not a regular file", str(path))


def leftover_name(token: str) -> str:
    """The name of a file that is not finished; `token` is hexadecimal, 16 digits of it count."""
    return f".intune-scep-{token[:16]}.tmp"


def is_leftover(name: str) -> bool:
    """Whether a file has the name of one that a killed process was writing."""
    return _TEMPORARY.fullmatch(name) is not None


def sync_directory(directory: Path) -> None:
    """Put the names in a directory on the disk, where the system can.

    Raises:
        OSError: the disk failed.
    """
    if not _DIRECTORY:
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY | _DIRECTORY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def read_regular(path: Path, *, what: str, most: int) -> bytes:
    """Read a file that somebody named; it may be a link, but to a regular file of sane size.

    Args:
        what: How a message begins, before the path: the option or the kind of file.
        most: The largest size in bytes.

    Raises:
        FileError: it is missing, something else, too large, or cannot be read.
    """
    try:
        # Asked before opening too: opening a device may already do something.
        _require_regular(path, path.stat().st_mode, what)
        descriptor = os.open(path, os.O_RDONLY | _NO_WAITING | _BINARY)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(path, os.fstat(descriptor).st_mode, what)
            data = file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, what, error.strerror or type(error).__name__) from error
    except ValueError as error:
        raise _unreadable(path, what, "it has no possible name") from error
    if len(data) > most:
        raise _unreadable(path, what, f"it is larger than {_size(most)}")
    return data


def _require_regular(path: Path, mode: int, what: str) -> None:
    kind = _irregular(mode)
    if kind:
        raise _unreadable(path, what, f"it is a {kind}, not a regular file")


def _irregular(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    return next((kind for test, kind in _KINDS if test(mode)), "special file")


def _unreadable(path: Path, what: str, reason: str) -> FileError:
    return FileError(f"{what} {path} cannot be read: {reason}.", reason=reason)


def _size(count: int) -> str:
    if count % 2**20 == 0:
        return f"{count // 2**20} MiB"
    return f"{count // 2**10} KiB" if count % 2**10 == 0 else f"{count} bytes"


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one JSON text of a value that digests are made of: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def parse_json(data: bytes | str, what: str, *, most: int = MOST_JSON) -> Any:
    """Read JSON of others: bounded in size and nesting, each key of an object once.

    Args:
        what: How a message begins: what the text should be, with its path.
        most: The largest size in bytes or characters.

    Raises:
        FileError: it is not such JSON; one sentence.
    """
    try:
        if len(data) > most:
            raise ValueError(f"it is larger than {_size(most)}")
        value = json.loads(
            data,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_int=_integer,
            parse_float=_real,
        )
        if is_deeper(value, _DEEPEST):
            raise ValueError(_TOO_DEEP)
    except RecursionError as error:
        raise _not_json(what, _TOO_DEEP) from error
    except UnicodeError as error:
        raise _not_json(what, "it is not UTF-8 text") from error
    except ValueError as error:
        raise _not_json(what, _reason(error)) from error
    return value


def _not_json(what: str, reason: str) -> FileError:
    return FileError(f"{what} is not valid JSON: {reason}.", reason=reason)


_WORDS: Final = (
    ("Expecting value", "a value is missing there, or is none that JSON has"),
    ("Expecting property name", "a name in double quotes is missing there"),
    ("Expecting ':'", "a colon is missing there"),
    ("Expecting ','", "a comma or a closing bracket is missing there"),
    ("Illegal trailing comma", "a comma has nothing after it"),
    ("Unterminated string", "the text that begins there has no closing quote"),
    ("Invalid control character", "a text holds a line break or control character"),
    ("Invalid \\", "a backslash stands there that means nothing"),
    ("Extra data", "something follows after the end"),
)
"""How Python's reader begins what it says, and what that is in plain words."""


def _reason(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    words = next(
        (plain for begin, plain in _WORDS if error.msg.startswith(begin)), "it breaks off there"
    )
    return f"line {error.lineno}, column {error.colno}: {words}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"the key {key[:80]!r} stands twice in one object")
        seen.add(key)
    return made


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:_SHOWN_DIGITS]} is too large")
    return value


def is_deeper(value: Any, most: int) -> bool:
    """Whether more than `most` lists and objects of parsed JSON are inside one another."""
    containers = {dict, list}
    level = [value] if type(value) in containers else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in containers
        ]
        if not level:
            return False
    return bool(level)


def state_directory() -> Path:
    """Where journals and locks are kept: the user's state directory, not made here.

    `INTUNE_SCEP_STATE` overrides; `XDG_STATE_HOME` is honoured on every POSIX system.

    Raises:
        FileError: nothing says where.
    """
    given = os.environ.get("INTUNE_SCEP_STATE")
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_state_path

    home = os.environ.get("XDG_STATE_HOME", "") if os.name == "posix" else ""
    # A relative one is to be ignored, as the XDG base directory specification says.
    path = (
        Path(home, "intune-scep")
        if Path(home).is_absolute()
        else user_state_path("intune-scep", appauthor=False)
    )
    if not path.is_absolute():
        raise FileError(
            "Nothing says where to keep state: there is no home directory.",
            reason="there is no home directory",
            hint="Set INTUNE_SCEP_STATE to a directory that outlives this job.",
        )
    return path


def tenant_directory(tenant: str) -> Path:
    """The private directory of a tenant in the state directory; made if it is not there.

    Two spellings of one tenant in other letter case are one directory.

    Raises:
        FileError: it cannot be made.
    """
    path = state_directory() / _safe_name(tenant)
    try:
        path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError(
            f"The state directory {path} cannot be made: {reason}.",
            reason=reason,
            hint="Set INTUNE_SCEP_STATE to a directory that can be written.",
        ) from error
    return path


def _safe_name(tenant: str) -> str:
    name = tenant.lower()
    plain = _SAFE_NAME.fullmatch(name) and not _RESERVED.fullmatch(name)
    if plain and len(name) <= _LONGEST_NAME:
        return name
    words = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:40]
    return f"tenant-{words}-{digest(name.encode('utf-8', 'surrogatepass'))[:16]}"


@contextmanager
def tenant_lock(tenant: str, *, job: str, name: str = "lock") -> Iterator[None]:
    """Exclude every other run on a tenant on this machine, by this or another process.

    The system drops the lock of a process that is killed.

    Args:
        job: What is going on, as a noun: who waits is told.
        name: Of the lock; those of other names do not exclude each other.

    Raises:
        FileInUseError: another run holds it; the message says who and since when.
        FileError: the state directory cannot be used.
    """
    from filelock import FileLock, Timeout

    directory = tenant_directory(tenant)
    holder = directory / f"{name}.json"
    lock = FileLock(directory / name, mode=PRIVATE, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (Timeout, RuntimeError) as error:
        raise _in_use(tenant, holder) from error
    except OSError as error:
        raise _unlockable(directory, error) from error
    try:
        try:
            write_private(holder, _holder(job))
        except OSError as error:
            raise _unlockable(directory, error) from error
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _holder(job: str) -> bytes:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return canonical_json(
        {"pid": os.getpid(), "host": socket.gethostname(), "job": job, "since": since}
    )


def _in_use(tenant: str, holder: Path) -> FileInUseError:
    try:
        told = parse_json(read_regular(holder, what="Lock", most=_HOLDER_BYTES), "Lock")
        who = f"{told['job']} (process {told['pid']} on {told['host']}, since {told['since']})"
    except (FileError, KeyError, TypeError):
        who = "another process"
    return FileInUseError(
        f"Another run is at work in tenant {tenant}: {who}. Nothing was changed.",
        reason=who,
        hint="Wait until it has ended; if it was killed, its lock is gone already.",
    )


def _unlockable(directory: Path, error: OSError) -> FileError:
    reason = error.strerror or type(error).__name__
    return FileError(
        f"The lock in {directory} cannot be used: {reason}.",
        reason=reason,
        hint="Set INTUNE_SCEP_STATE to a directory that can be written.",
    )
