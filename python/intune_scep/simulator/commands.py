"""`intune-scep simulator …`: serve, seed, reset, token; clock, devices, settings, connectors."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.errors import SimulatorError
from intune_scep.simulator.scenario import SCENARIOS, SIZED
from intune_scep.simulator.seed import seed_database
from intune_scep.simulator.settings import Settings
from intune_scep.simulator.store import Store, read_meta

if TYPE_CHECKING:
    from intune_scep.simulator.driver import FleetDriver
    from intune_scep.simulator.wire import Tls

app = typer.Typer(
    name="simulator",
    help="An embedded Microsoft Graph for demos and tests: a simulated Intune tenant in one file.",
    no_args_is_help=True,
)

_MOST = 1_000_000
_LONGEST_LIFE = 10_000_000_000
_LARGEST = 4_000_000
"""Bytes of a file with fault rules."""

Database = Annotated[
    Path,
    typer.Option(help="The tenant's file.", envvar="INTUNE_SCEP_SIMULATOR", show_default=False),
]
Scenario = Annotated[str, typer.Option(help=f"One of {', '.join(SCENARIOS)}.")]


def _size(name: str, what: str, default: str) -> Any:
    takers = " or ".join(each for each, known in SIZED.items() if name in known)
    told = f"Number of {what} of the scenario {takers}; {default} by default."
    return typer.Option(help=told, min=0, max=_MOST, show_default=False)


@app.command()
def seed(
    database: Database,
    scenario: Scenario = "contoso",
    profiles: Annotated[int | None, _size("profiles", "SCEP profiles", "1000")] = None,
    users: Annotated[int | None, _size("users", "users", "2000")] = None,
    devices: Annotated[int | None, _size("devices", "devices", "2000 or 200")] = None,
) -> None:
    """Create the tenant, or replace it, with the scenario's content."""
    given = {"profiles": profiles, "users": users, "devices": devices}
    sizes = {name: count for name, count in given.items() if count is not None}
    with _one_line_errors():
        seed_database(database, scenario, sizes=sizes)
    _tell(database)


@app.command()
def reset(database: Database) -> None:
    """Bring the tenant back to the scenario it was seeded with."""
    with _one_line_errors():
        meta = _meta(database)
        seed_database(database, meta["scenario"], sizes=meta.get("sizes"))
    _tell(database)


@app.command()
def token(
    database: Database,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            help="Application permissions, repeated or separated by commas. Default: all.",
            show_default=False,
        ),
    ] = None,
    expires_in: Annotated[
        float, typer.Option(help="Lifetime in seconds; negative for one that has expired.")
    ] = 3600,
) -> None:
    """Print a bearer token for the tenant."""
    from intune_scep.simulator.tokens import SIMULATOR_CLIENT, issue_token

    with _one_line_errors():
        if not abs(expires_in) <= _LONGEST_LIFE:
            most = f"at most {_LONGEST_LIFE}, not {expires_in}"
            raise SimulatorError(f"--expires-in takes a number of seconds, {most}.")
        meta = _meta(database)
    chosen = [role.strip() for given in roles or () for role in given.split(",") if role.strip()]
    typer.echo(
        issue_token(
            meta,
            now=time.time() + meta["clock_skew"],
            application=SIMULATOR_CLIENT,
            roles=None if roles is None else chosen,
            expires_in=expires_in,
        )
    )


@app.command()
def serve(
    *,
    database: Database,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for any free one.", min=0, max=65535)] = 0,
    scenario: Annotated[
        str | None,
        typer.Option(
            help=f"One of {', '.join(SCENARIOS)}; used when the file does not exist yet.",
            show_default=False,
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Serve HTTPS with this certificate.", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Its private key.", show_default=False)
    ] = None,
    tls_directory: Annotated[
        Path | None,
        typer.Option(
            help="Serve HTTPS with a certificate made in this directory, beside its ca.pem.",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name besides loopback's by which it may be asked for; repeat for several."
            " Requests for any other host are refused.",
            show_default=False,
        ),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with fault rules, put in force instead of the tenant's own.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the tenant on a loopback address; prints its URL when it is ready."""
    from intune_scep.simulator import wire
    from intune_scep.simulator.core import Core

    with _one_line_errors():
        names = [wire.checked_name(name) for name in allow_host or ()]
        rules = None if faults is None else _rules_in(faults)
        tls = _tls(tls_certificate, tls_key, tls_directory, names)
        _ensure_seeded(database, scenario)
        if rules is not None:
            _put_in_force(database, rules, faults)
        core = Core(database)
        try:
            wire.serve(core, host=host, port=port, tls=tls, more_hosts=names, announce=typer.echo)
        finally:
            core.close()


@app.command()
def advance(
    database: Database,
    hours: Annotated[float, typer.Option(help="How far to set the tenant's clock forward.")],
) -> None:
    """Set the tenant's clock forward, and let devices check in meanwhile."""
    with _one_line_errors(), _driver(database) as driver:
        typer.echo(format_instant(driver.advance(hours * 3600)))


@app.command()
def fleet(
    database: Database,
    bundle: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a profile; repeat for those that replace one another.", show_default=False
        ),
    ] = None,
) -> None:
    """Print, as JSON, what is so on the devices, whatever reports say."""
    with _one_line_errors(), _driver(database) as driver:
        found = driver.bundle(bundle) if bundle else driver.truth()
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


@app.command()
def settings(
    database: Database,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...",
            help="What to change. Without any, they are only printed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Change how the tenant behaves, and print every setting as JSON."""
    with _one_line_errors(), _driver(database) as driver:
        found = driver.change_settings(**_settings_in(changes or ()))
    typer.echo(json.dumps(dict(found), indent=2, ensure_ascii=False))


@app.command()
def connector(
    name: Annotated[str, typer.Argument(help="Name or id of a certificate connector.")],
    database: Database,
    dead: Annotated[bool, typer.Option("--dead/--alive", help="What becomes of it now.")],
) -> None:
    """Let a certificate connector (NDES) die, or live again."""
    with _one_line_errors(), _driver(database) as driver:
        if dead:
            driver.kill_connector(name)
        else:
            driver.revive_connector(name)


@app.command()
def approval(
    code: Annotated[str, typer.Argument(help="Id of a request for multi admin approval.")],
    database: Database,
    approve: Annotated[bool, typer.Option("--approve/--reject", help="What is decided.")],
) -> None:
    """Decide over a request for multi admin approval, as another administrator would."""
    with _one_line_errors(), _driver(database) as driver:
        if approve:
            driver.approve(code)
        else:
            driver.reject(code)


def _driver(database: Path) -> "FleetDriver":
    from intune_scep.simulator.driver import FleetDriver

    return FleetDriver(database)


def _settings_in(given: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise SimulatorError(f"A setting is given as NAME=VALUE, not {each!r}.")
        if name in found:
            raise SimulatorError(f"The setting {name!r} is given twice.")
        found[name] = _value(name, value)
    return found


def _value(name: str, value: str) -> Any:
    """Text where the setting takes text, `approvals=412` too; else what JSON makes of it."""
    from intune_scep.simulator.messages import read_json

    if isinstance(getattr(Settings, name, None), str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return value


def _rules_in(path: Path) -> list[Any]:
    from intune_scep.simulator.messages import read_json

    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise SimulatorError(f"{path} is no file with fault rules.")
        rules = read_json(path.read_bytes())
    except OSError as error:
        raise SimulatorError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise SimulatorError(f"{path}: {error}") from error
    if not isinstance(rules, list):
        raise SimulatorError(f"{path}: fault rules are a JSON array.")
    return rules


def _put_in_force(database: Path, rules: list[Any], path: Path | None) -> None:
    from intune_scep.simulator.faults import replace_rules

    try:
        with _open(database) as store, store.transaction() as connection:
            replace_rules(connection, rules)
    except ValueError as error:
        raise SimulatorError(f"{path}: {error}") from error


def _tls(
    certificate: Path | None, key: Path | None, directory: Path | None, names: Iterable[str]
) -> "Tls | None":
    from intune_scep.simulator.wire import Tls

    if directory is not None:
        from intune_scep.simulator.tls import ensure_certificate

        return Tls(*ensure_certificate(directory, names))
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SimulatorError("--tls-certificate and --tls-key belong together.")
    for path in (certificate, key):
        if not path.is_file():
            raise SimulatorError(f"There is no file {path}.")
    return Tls(certificate, key)


def _ensure_seeded(database: Path, scenario: str | None) -> None:
    if not database.exists():
        seed_database(database, scenario or "contoso")
        return
    present = _meta(database)["scenario"]
    if scenario is not None and scenario != present:
        raise SimulatorError(
            f"{database} holds the scenario {present!r}; seed it again to change that."
        )


def _tell(database: Path) -> None:
    meta = _meta(database)
    sizes = "".join(f", {count} {name}" for name, count in meta["sizes"].items())
    typer.echo(f"{database}: tenant {meta['tenant_id']}, scenario {meta['scenario']}{sizes}")


def _meta(database: Path) -> dict[str, Any]:
    with _open(database) as store, store.transaction() as connection:
        return read_meta(connection)


@contextmanager
def _open(database: Path) -> Iterator[Store]:
    store = Store(database)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except SimulatorError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
