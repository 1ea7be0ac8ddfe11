"""Options that every command which talks to a tenant has, written once."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intune_scep.cli.log import show_log
from intune_scep.connection import AUTH_SOURCES, CLOUD_NAMES, ENVIRONMENT, ConnectionOptions

if TYPE_CHECKING:
    from intune_scep import IntuneClient

_PANEL = "Connection"
Cloud = StrEnum("Cloud", [(name, name) for name in CLOUD_NAMES])  # type: ignore[misc]  # from the table
AuthSource = StrEnum("AuthSource", [(name, name) for name in AUTH_SOURCES])  # type: ignore[misc]  # likewise


class OutputFormat(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print the result.")]


@dataclass(frozen=True)
class Shared:
    """What the shared options say.

    Attributes:
        given: Connection options from the command line; the environment fills the rest.
        output: How to print.
    """

    given: dict[str, Any]
    output: OutputFormat

    def connection(self) -> ConnectionOptions:
        """Combine with the environment.

        Raises:
            ConnectionOptionError: something is missing or impossible.
        """
        return ConnectionOptions.from_environment(**self.given)

    def said(self, name: str) -> str | None:
        """A connection option as the command line or the environment gives it, unchecked."""
        given = self.given.get(name)
        values = (given, *(os.environ.get(variable) for variable in ENVIRONMENT[name]))
        return next((str(value) for value in values if value), None)

    def tenant_id(self) -> str | None:
        """The tenant that is given by its id: a domain name is no directory of the state."""
        from intune_scep.declarations.names import looks_like_id

        tenant = self.said("tenant")
        return tenant if tenant and looks_like_id(tenant) else None

    def client(self) -> IntuneClient:
        """A client for the tenant.

        Raises:
            ConnectionOptionError: something is missing or impossible.
        """
        from intune_scep import IntuneClient

        return IntuneClient(self.connection())


def _option(*names: str, help: str, **more: Any) -> Any:  # noqa: A002  # typer's word
    return typer.Option(*names, help=help, rich_help_panel=_PANEL, show_default=False, **more)


_CONNECTION: dict[str, Any] = {
    "cloud": Annotated[
        Cloud | None, _option("--cloud", help="National cloud, or simulator. [INTUNE_SCEP_CLOUD]")
    ],
    "tenant": Annotated[
        str | None, _option("--tenant", help="Tenant id or domain. [AZURE_TENANT_ID]")
    ],
    "client_id": Annotated[
        str | None, _option("--client-id", help="Application id. [AZURE_CLIENT_ID]")
    ],
    "x509_certificate_path": Annotated[
        str | None,
        _option(
            "--x509-certificate-path",
            help="The application's certificate with key. [AZURE_CLIENT_CERTIFICATE_PATH]",
        ),
    ],
    "oidc_token_file_path": Annotated[
        str | None,
        _option(
            "--oidc-token-file-path", help="Federated token file. [AZURE_FEDERATED_TOKEN_FILE]"
        ),
    ],
    "auth_source": Annotated[
        AuthSource | None,
        _option(
            "--auth-source",
            help="Where credentials come from. Secrets and tokens are read from the environment"
            " only: AZURE_CLIENT_SECRET, INTUNE_SCEP_ACCESS_TOKEN.",
        ),
    ],
    "endpoint": Annotated[
        str | None, _option("--endpoint", help="Another Graph root. [INTUNE_SCEP_ENDPOINT]")
    ],
    "simulator": Annotated[
        str | None,
        _option(
            "--simulator",
            help="Simulator database, with --cloud simulator. [INTUNE_SCEP_SIMULATOR]",
        ),
    ],
    "patience": Annotated[
        float | None,
        _option(
            "--patience",
            help="Seconds to look for a change that does not show yet; 60 if not given."
            " [INTUNE_SCEP_PATIENCE]",
        ),
    ],
}
_OUTPUT: dict[str, tuple[Any, Any]] = {
    "output": (Output, OutputFormat.TEXT),
    "verbose": (
        Annotated[
            int,
            typer.Option(
                "--verbose",
                "-v",
                count=True,
                help="Show requests, waits and repeats on standard error; twice for more.",
                show_default=False,
            ),
        ],
        0,
    ),
    "debug": (Annotated[bool, typer.Option("--debug", help="Show tracebacks.")], False),
}


_WRITING: dict[str, Any] = {
    "justification": Annotated[
        str | None,
        typer.Option(
            "--justification",
            metavar="TEXT",
            help="Why, for the approval of another administrator where the tenant asks for one;"
            " 1024 characters at most.",
            show_default=False,
        ),
    ],
}


def with_shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options; its first parameter receives them as `Shared`."""
    return _with_options(command, _CONNECTION)


def with_writing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Likewise, with those of a command that writes."""
    return _with_options(command, {**_WRITING, **_CONNECTION})


def _with_options(command: Callable[..., Any], connection: Mapping[str, Any]) -> Callable[..., Any]:
    def call(values: dict[str, Any]) -> Any:
        given = {name: values.pop(name) for name in connection}
        output = values.pop("output")
        values.pop("debug")
        show_log(values.pop("verbose"))
        said = {name: value for name, value in given.items() if value not in (None, "")}
        shared = Shared(said, output)
        return command(shared=shared, **values)

    added = {name: (annotation, None) for name, annotation in connection.items()} | _OUTPUT
    return extended(command, "shared", added, call)


def extended(
    command: Callable[..., Any],
    replaced: str,
    added: Mapping[str, tuple[Any, Any]],
    call: Callable[[dict[str, Any]], Any],
) -> Callable[..., Any]:
    """Return a command with one parameter replaced by options.

    Args:
        command: Takes the parameter named `replaced`.
        added: Annotation and default of each option, by name.
        call: Receives all option values and calls the command.
    """
    # It is no option: typer need not know its type, which a type checker alone may see.
    command.__annotations__.pop(replaced, None)
    signature = inspect.signature(command, eval_str=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        parameter.replace(kind=keyword)
        for parameter in signature.parameters.values()
        if parameter.name != replaced
    ]
    parameters += [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in added.items()
    ]

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        return call(values)

    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # what typer reads
    wrapped.__annotations__ = {item.name: item.annotation for item in parameters}
    del wrapped.__wrapped__
    return wrapped
