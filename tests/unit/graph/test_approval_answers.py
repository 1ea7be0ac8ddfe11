"""Multi admin approval is told from an answer's header and words; no status alone decides."""

import json

import pytest

from intune_scep.graph.errors import error_from_response

CODE = "6f1c2f0e-3b0a-4c5e-9a52-0d7a54b1c001"
OTHER = "09c34338-b15e-4ead-a836-cd08af8185f4"
ASKED = "Header 'x-msft-approval-justification' is required to request approval"
ACTIVE = "An active Approval Request already exists for this entity"


def told(status, body, headers=None):
    error = error_from_response("PATCH", "x", status, headers or {}, body)
    return error.approval_asked, error.approval_active, error.approval


def wrapped(text):
    return {"error": {"code": "BadRequest", "message": text}}


def nested(text, name="Message"):
    return json.dumps({"_version": 3, name: f"{text} - Activity ID: {OTHER} - Url: https://x"})


FORMS = [
    wrapped,
    lambda text: wrapped(text.upper()),
    lambda text: wrapped(nested(text)),
    lambda text: wrapped(nested(text, "message")),
    lambda text: wrapped(nested(nested(text))),
    lambda text: wrapped(nested(text).replace("'", "\\u0027")),
    lambda text: wrapped("Bad request: " + nested(text).replace("'", "\\u0027")),
    lambda text: wrapped(f"Refused.\n{text}, said the service."),
    lambda text: {"error": {"code": "BadRequest", "message": "", "details": [{"message": text}]}},
    lambda text: {"error": {"code": "BadRequest", "innerError": {"message": text}}},
    lambda text: {"Message": text},
    lambda text: {"error": {"code": "x", "message": {"value": text}}},
]


@pytest.mark.parametrize("form", FORMS)
def test_what_asks_for_a_justification_is_told_in_every_form(form):
    assert told(400, form(ASKED)) == (True, False, None)


@pytest.mark.parametrize("form", FORMS)
def test_what_says_that_there_is_a_request_already_is_told_in_every_form(form):
    assert told(409, form(ACTIVE)) == (False, True, None)


FILED = [
    f"An approval request was created for this operation: {CODE}.",
    f"Approval required. Approval code: {CODE}",
    f"approvalRequestId '{CODE}' waits for an approval request",
    f"Use x-msft-approval-code: {CODE}",
    f"Request {CODE} was filed; ApprovalRequired.",
    f"The APPROVAL REQUEST {CODE.upper()} is pending.",
]


@pytest.mark.parametrize("status", [403, 412])
@pytest.mark.parametrize("text", FILED)
@pytest.mark.parametrize("form", [FORMS[0], FORMS[2], FORMS[4], FORMS[9]])
def test_the_code_of_what_was_filed_is_read_from_the_words(status, text, form):
    asked, active, code = told(status, form(text))
    assert (asked, active) == (False, False)
    assert code is not None
    assert code.lower() == CODE


@pytest.mark.parametrize("status", [403, 412])
def test_the_header_comes_before_the_words(status):
    headers = {"x-msft-approval-code": CODE}
    assert told(status, wrapped(f"Approval request {OTHER}"), headers) == (False, False, CODE)
    assert told(status, None, headers) == (False, False, CODE)


ORDINARY = [
    (400, wrapped("The request is invalid.")),
    (400, wrapped("Header 'x-msft-approval-justification' must be Base64 of UTF-8.")),
    (400, wrapped("Header 'x-ms-other' is required.")),
    (400, wrapped(ACTIVE)),
    (401, wrapped(ASKED)),
    (403, None),
    (403, wrapped(f"Application is not authorized - Activity ID: {OTHER}")),
    (403, wrapped(f"User {OTHER} lacks approval rights.")),
    (403, wrapped(ASKED)),
    (404, wrapped(f"Approval request {CODE} was not found.")),
    (409, wrapped("The resource exists already.")),
    (409, wrapped("An active deployment already exists for this entity.")),
    (412, wrapped("The etag does not match.")),
    (412, wrapped(f"Approval required - Activity ID: {OTHER} - Request ID: {CODE}")),
    (412, wrapped(f"Approval request of {CODE} or {OTHER}?")),
    (429, wrapped("Too many approval requests.")),
    (503, wrapped(ASKED)),
]


@pytest.mark.parametrize(("status", "body"), ORDINARY)
def test_an_ordinary_refusal_says_nothing_of_approvals(status, body):
    assert told(status, body) == (False, False, None)
