"""Connectors and deployments as Graph tells them, or does not."""

from datetime import UTC, datetime

import httpx
import pytest

from intune_scep.errors import IntuneScepError
from intune_scep.tenant.connectors import read_connectors
from intune_scep.tenant.deployments import uses_deployments

ONE = {
    "id": "c1",
    "displayName": "NDES 1",
    "machineName": "ndes1.contoso.com",
    "state": "active",
    "connectorVersion": "6.2510.3.2002",
    "lastConnectionDateTime": "2026-11-27T08:00:00Z",
}


class Answering(httpx.AsyncBaseTransport):
    """A Graph that answers one path by itself."""

    def __init__(self, inner, path, status, body):
        self._inner, self._path, self._answer = inner, path, (status, body)

    async def handle_async_request(self, request):
        if not request.url.path.endswith(self._path):
            return await self._inner.handle_async_request(request)
        status, body = self._answer
        return httpx.Response(status, json=body, request=request)


def asked(simulated, path, read, body, status=200):
    tenant = simulated("empty")
    tenant.door.transport = Answering(tenant.door.transport, path, status, body)
    return tenant.run(read)


def connectors(simulated, *entities, status=200, body=None):
    answer = {"value": list(entities)} if body is None else body
    return asked(simulated, "ndesConnectors", read_connectors, answer, status)


def test_a_connector_is_read_as_it_is(simulated):
    [found] = connectors(simulated, ONE)
    assert (found.id, found.name, found.state) == ("c1", "NDES 1", "active")
    assert found.is_active
    assert found.release == (6, 2510, 3, 2002)
    assert found.last_connection == datetime(2026, 11, 27, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"displayName": None}, "name", "ndes1.contoso.com"),
        ({"displayName": " ", "machineName": None}, "name", "c1"),
        ({"displayName": None, "machineName": None, "id": None}, "name", "?"),
        ({"state": "Active"}, "is_active", True),
        ({"state": "inactive"}, "is_active", False),
        ({"state": "none"}, "is_active", False),
        ({"state": None}, "is_active", False),
        ({"state": "unknownFutureValue"}, "state", "unknownfuturevalue"),
        ({"connectorVersion": None}, "release", None),
        ({"connectorVersion": ""}, "release", None),
        ({"connectorVersion": "6.2406.0.1001-beta"}, "release", None),
        ({"connectorVersion": 6}, "version", ""),
        ({"lastConnectionDateTime": "0001-01-01T00:00:00Z"}, "last_connection", None),
        ({"lastConnectionDateTime": "soon"}, "last_connection", None),
        ({"lastConnectionDateTime": 7}, "last_connection", None),
    ],
)
def test_what_a_connector_does_not_tell_is_not_made_up(simulated, changes, name, value):
    [found] = connectors(simulated, {**ONE, **changes})
    assert getattr(found, name) == value


def test_they_come_by_name(simulated):
    names = [
        item.name for item in connectors(simulated, *({**ONE, "displayName": n} for n in "bAc"))
    ]
    assert names == ["A", "b", "c"]


@pytest.mark.parametrize("entity", [None, 7, "x", []], ids=repr)
def test_something_else_than_a_connector_is_refused_not_dropped(simulated, entity):
    with pytest.raises(IntuneScepError, match="something else than a certificate connector"):
        connectors(simulated, ONE, entity)


def test_a_refusal_names_the_permission(simulated):
    body = {"error": {"code": "Forbidden", "message": "no"}}
    with pytest.raises(IntuneScepError, match=r"DeviceManagementConfiguration\.Read\.All"):
        connectors(simulated, status=403, body=body)


@pytest.mark.parametrize(
    ("status", "body", "uses"),
    [
        (200, {"value": [{"id": "d"}]}, True),
        (200, {"value": []}, False),
        (200, {"value": None}, None),
        (200, {}, None),
        (200, [], None),
        (404, {"error": {"code": "NotFound", "message": "no"}}, None),
        (400, {"error": {"code": "BadRequest", "message": "no"}}, None),
    ],
)
def test_deployments_are_known_only_where_graph_tells(simulated, status, body, uses):
    assert asked(simulated, "deployments", uses_deployments, body, status) is uses


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_taken_for_none(simulated, status):
    body = {"error": {"code": "Forbidden", "message": "no"}}
    with pytest.raises(IntuneScepError):
        asked(simulated, "deployments", uses_deployments, body, status)
