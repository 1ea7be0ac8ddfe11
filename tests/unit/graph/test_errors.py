"""Error messages carry what a person and Microsoft's support need, whatever form Graph sends."""

import json

import pytest

from intune_scep.graph.errors import error_from_response, unwrap_message

ACTIVITY = "09c34338-b15e-4ead-a836-cd08af8185f4"
INTUNE = json.dumps(
    {
        "_version": 3,
        "Message": "An error has occurred - Operation ID (for customer support):"
        f" 00000000-0000-0000-0000-000000000000 - Activity ID: {ACTIVITY} - Url:"
        " https://fef.msub06.manage.microsoft.com/x",
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
    }
)


@pytest.mark.parametrize(
    ("message", "detail", "activity"),
    [
        (INTUNE, "An error has occurred", ACTIVITY),
        (json.dumps({"Message": INTUNE}), "An error has occurred", ACTIVITY),
        (
            f"Not authorized - Operation ID (for customer support): 0 - Activity ID: {ACTIVITY} -",
            "Not authorized",
            ACTIVITY,
        ),
        ("", "", None),
        (None, "", None),
        ("{broken", "{broken", None),
        ('{"Message": 7}', "", None),
        ('{"Message": "x", "CustomApiErrorPhrase": "Busy"}', "x (Busy)", None),
    ],
)
def test_the_message_is_unwrapped(message, detail, activity):
    assert unwrap_message(message) == (detail, activity)


def test_an_error_names_status_code_and_both_ids():
    body = {"error": {"code": "BadRequest", "message": INTUNE, "innerError": {"request-id": "r-1"}}}
    error = error_from_response("PATCH", "deviceManagement/deviceConfigurations/1", 400, {}, body)
    assert (error.status, error.code, error.request_id) == (400, "BadRequest", "r-1")
    text = str(error)
    for part in ("400", "BadRequest", "An error has occurred", "r-1", ACTIVITY):
        assert part in text


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "deviceManagement/deviceConfigurations", "DeviceManagementConfiguration.Read.All"),
        (
            "PATCH",
            "deviceManagement/deviceConfigurations/1",
            "DeviceManagementConfiguration.ReadWrite.All",
        ),
        ("GET", "deviceManagement/roleScopeTags", "DeviceManagementRBAC.Read.All"),
        ("GET", "groups/1/transitiveMembers", "GroupMember.Read.All"),
        ("GET", "users", "User.Read.All"),
        ("GET", "devices", "Device.Read.All"),
        ("POST", "$batch", "DeviceManagementConfiguration.Read.All"),
    ],
)
def test_a_403_names_the_missing_permission(method, path, permission):
    assert f"permission {permission} " in str(error_from_response(method, path, 403, {}, None))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),
        ({"x-msft-approval-code": ""}, None),
        ({"x-msft-approval-code": "a secret"}, "a *"),
    ],
)
def test_an_approval_code_is_clean_and_never_empty(headers, code):
    error = error_from_response(
        "PATCH", "x", 403, headers, None, clean=lambda text: text.replace("secret", "*")
    )
    assert error.approval == code


@pytest.mark.parametrize("body", [None, [], "text", {"error": "x"}, {"error": {"innerError": []}}])
def test_any_body_makes_an_error(body):
    assert error_from_response("GET", "x", 502, {}, body).status == 502


@pytest.mark.parametrize(
    ("status", "hides"),
    [(400, False), (404, False), (408, True), (429, True), (500, True), (503, True), (504, True)],
)
def test_which_statuses_may_hide_a_commit(status, hides):
    assert error_from_response("PATCH", "x", status, {}, None).hides_commit is hides
