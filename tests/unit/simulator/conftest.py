"""A tenant of its own for every test, called without a socket, on a clock that stands still."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from intune_scep.simulator.core import Core
from intune_scep.simulator.in_process import Door, open_in_process
from intune_scep.simulator.messages import Request, Response
from intune_scep.simulator.seed import seed_database

CONFIGURATIONS = "deviceManagement/deviceConfigurations"
WINDOWS_SCEP = "windows81SCEPCertificateProfile"
WINDOWS_ROOT = "windows81TrustedRootCertificate"
SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}


class Clock:
    """Epoch seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


class Graph:
    """Calls the core as a client with every permission would."""

    def __init__(self, door: Door, clock: Clock) -> None:
        self.door = door
        self.core: Core = door.core
        self.clock = clock
        self.token = door.access_token(expires_in=10_000_000)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: str = "",
        version: str = "beta",
        token: str | None = None,
        **headers: str,
    ) -> Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given.setdefault("authorization", f"Bearer {self.token if token is None else token}")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.core.handle(
            Request(
                method=method,
                path=f"/{version}/{path}",
                query=quote(query, safe="$=&,()'/%"),
                headers=given,
                body=b"" if body is None else content,
                host="graph.example",
            )
        )

    def control(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        response = self.ask_control(method, path, content, query)
        assert response.status == 200, response.body
        return response.json()

    def ask_control(
        self, method: str, path: str, content: bytes = b"", query: str = "", **headers: str
    ) -> Response:
        """A control request, with the token that the command prints unless headers say another."""
        given = {"authorization": f"Bearer {self.token}", **headers}
        return self.core.handle(
            Request(method, f"/_simulator/{path}", query=query, headers=given, body=content)
        )

    def create(self, type_name: str, display_name: str = "Profile", **properties: Any) -> Any:
        body = {"@odata.type": f"#microsoft.graph.{type_name}", "displayName": display_name}
        response = self("POST", CONFIGURATIONS, body | properties)
        assert response.status == 201, response.body
        return response.json()

    def create_root(self, type_name: str = WINDOWS_ROOT, display_name: str = "Root") -> Any:
        return self.create(type_name, display_name, trustedRootCertificate="MIIB")

    def get(self, profile_id: str, query: str = "") -> Any:
        response = self("GET", f"{CONFIGURATIONS}/{profile_id}", query=query)
        assert response.status == 200, response.body
        return response.json()

    def patch(self, profile: Any, **properties: Any) -> Response:
        body = {"@odata.type": profile["@odata.type"], **properties}
        return self("PATCH", f"{CONFIGURATIONS}/{profile['id']}", body)

    def list(self, path: str = CONFIGURATIONS, query: str = "") -> list[Any]:
        response = self("GET", path, query=query)
        assert response.status == 200, response.body
        return list(response.json()["value"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tenant.sqlite"
    seed_database(path, "empty")
    return path


@pytest.fixture
def graph(database: Path, clock: Clock) -> Iterator[Graph]:
    door = open_in_process(database, clock=clock)
    yield Graph(door, clock)
    door.close()
