"""A plain caller of Graph for the tests: it adds nothing to a request but the bearer token."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

DEVICE_CONFIGURATIONS = "deviceManagement/deviceConfigurations"
RESOURCE_ACCESS = "deviceManagement/resourceAccessProfiles"

Json = dict[str, Any]


class Graph:
    """One tenant behind one door.

    Args:
        root: Service root without the version, for example `http://127.0.0.1:8080`.
        client: Where requests go.
        runner: Event loop of the client.
        token: Bearer token; None sends no Authorization header.
        control_token: Bearer token of control requests; `token` by default.
    """

    def __init__(
        self,
        root: str,
        client: httpx.AsyncClient,
        runner: asyncio.Runner,
        token: str | None,
        control_token: str | None = None,
    ) -> None:
        self.root = root
        self._client = client
        self._runner = runner
        self.token = token
        self._control_token = control_token or token

    def with_token(self, token: str | None) -> "Graph":
        """The same tenant with another token, except for control requests."""
        return Graph(self.root, self._client, self._runner, token, self._control_token)

    def url(self, path: str) -> str:
        """Absolute URL of a path under `/beta`; absolute URLs stay."""
        if path.startswith(("http://", "https://")):
            return path
        if path.startswith("/"):
            return f"{self.root}{path}"
        return f"{self.root}/beta/{path}"

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer."""
        sent = dict(headers or {})
        if self.token is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        request = self._client.build_request(
            method, self.url(path), json=body, content=content, headers=sent
        )
        return self._runner.run(self._client.send(request))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.send("GET", path, **options)

    def read(self, path: str, **options: Any) -> Json:
        """GET that must answer 200: its body."""
        response = self.get(path, **options)
        assert response.status_code == 200, response.text
        body: Json = response.json()
        return body

    def all_of(self, path: str) -> list[Json]:
        """Every item of a collection, nextLinks followed."""
        items: list[Json] = []
        link: str | None = path
        while link:
            page = self.read(link)
            items += page["value"]
            link = page.get("@odata.nextLink")
        return items

    def create(self, body: Json, collection: str = DEVICE_CONFIGURATIONS) -> Json:
        """POST that must answer 201: the new object."""
        response = self.send("POST", collection, body)
        assert response.status_code == 201, response.text
        created: Json = response.json()
        return created

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """A call of the simulator's control surface, which must succeed."""
        response = self.with_token(self._control_token).send(method, f"/_simulator/{what}", body)
        assert response.is_success, response.text
        return response.json() if response.content else None


def one(profile_id: str, *more: str) -> str:
    """Path of one device configuration, and of what lies beneath it."""
    return "/".join((DEVICE_CONFIGURATIONS, profile_id, *more))


def bind(graph: Graph, profile_id: str) -> str:
    """What an `@odata.bind` or `@odata.id` says of a device configuration (GRAPH.md 3.4)."""
    return graph.url(f"{DEVICE_CONFIGURATIONS}('{profile_id}')")


def error_of(response: httpx.Response) -> Json:
    """The `error` object of a refused request, its envelope checked (GRAPH.md 3.7)."""
    error: Json = response.json()["error"]
    assert isinstance(error["code"], str)
    assert error["code"]
    assert isinstance(error["message"], str)
    assert {"date", "request-id", "client-request-id"} <= set(error["innerError"])
    return error


def assert_refused(response: httpx.Response, *statuses: int) -> Json:
    """The request failed with one of `statuses` and Graph's envelope."""
    assert response.status_code in statuses, (response.status_code, response.text)
    return error_of(response)
