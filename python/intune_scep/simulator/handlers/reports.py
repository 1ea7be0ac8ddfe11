"""Reports that are answered at once: a table of names and rows."""

import re
from collections.abc import Mapping
from typing import Any

from intune_scep.simulator.bodies import read_object
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.shown import STATUS_COLUMNS, device_statuses
from intune_scep.simulator.graph_errors import bad_request
from intune_scep.simulator.messages import Response, json_response

_PARAMETERS = frozenset({"name", "select", "search", "groupBy", "orderBy", "skip", "top", "filter"})
_PER_PAGE = 50
_MOST = 1000
_POLICY = re.compile(r"\(?\s*PolicyId eq '([^']*)'\s*\)?", re.IGNORECASE)


def policy_devices(context: Context, _parameters: Mapping[str, str]) -> Response:
    """POST getConfigurationPolicyDevicesReport: how one profile fared on each device."""
    body = read_object(context.request)
    if unknown := [name for name in body if "@" not in name and name not in _PARAMETERS]:
        raise bad_request(f"The action has no parameter '{unknown[0]}'.")
    policy = read_policy_filter(body.get("filter"))
    if policy is None:
        raise bad_request("The report needs a filter on PolicyId.")
    columns = _columns(body.get("select"))
    skip, top = _whole(body, "skip", 0), min(_whole(body, "top", _PER_PAGE), _MOST)
    at = context.now - context.settings.report_lag_seconds
    rows = list(device_statuses(context.connection, at, policy))
    return json_response(
        200,
        {
            "TotalRowCount": len(rows),
            "Schema": [{"Column": name, "PropertyType": "String"} for name in columns],
            "Values": [[row[name] for name in columns] for row in rows[skip : skip + top]],
            "SessionId": "",
        },
    )


def read_policy_filter(given: Any) -> str | None:
    """Id of the profile that a filter chooses, in lower case; None without a filter.

    Raises:
        GraphError: 400: it is none on `PolicyId` alone, which is all that is simulated.
    """
    if given in (None, ""):
        return None
    match = _POLICY.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise bad_request("The filter cannot be read: only (PolicyId eq '...') is.")
    return match[1].lower()


def _columns(given: Any) -> list[str]:
    if given in (None, []):
        return list(STATUS_COLUMNS)
    if not isinstance(given, list) or not {*given} <= {*STATUS_COLUMNS}:
        raise bad_request("The report has no such column.")
    return given


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad_request(f"The parameter '{name}' is a whole number.")
    return value
