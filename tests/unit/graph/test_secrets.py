"""A token or secret that somebody repeats is in no message, log or traceback."""

import json
import logging
import traceback
from urllib.parse import quote

import httpx
import pytest

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.redaction import REDACTED, Redactor

TOKEN = "opaque~token/with+signs=="
SECRET = "p%ss wörd&1"
JWT = "eyJhbGciOiJub25lIn0.eyJhcHAiOiJzY2VwIn0.c2lnbmF0dXJl"


def repeat_token(request):
    sent = request.headers["authorization"]
    message = json.dumps({"Message": f"Bad header {sent} - Activity ID: {sent}"})
    return {"error": {"code": sent, "message": message, "innerError": {"request-id": sent}}}


@pytest.mark.parametrize("token", [TOKEN, JWT])
def test_a_server_that_repeats_the_token_is_not_repeated(converse, caplog, token):
    caplog.set_level(logging.DEBUG, "intune_scep")

    def answer(request):
        return httpx.Response(400, json=repeat_token(request), headers={"request-id": token})

    with pytest.raises(IntuneScepError) as caught:
        converse(answer, lambda session: session.read("things"), credential=StaticCredential(token))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert token not in shown + repr(vars(caught.value))
    assert REDACTED in str(caught.value)


def test_an_item_of_a_batch_that_repeats_the_token_is_not_repeated(converse):
    def answer(request):
        item = {"id": "0", "status": 403, "body": repeat_token(request)}
        return httpx.Response(200, json={"responses": [item]})

    [bad] = converse(
        answer,
        lambda session: read_batch(session, ["things/1"]),
        credential=StaticCredential(TOKEN),
    )
    assert TOKEN not in str(bad.error)
    assert REDACTED in str(bad.error)


def test_a_broken_connection_whose_message_holds_the_token_does_not_show_it(converse):
    def answer(request):
        raise httpx.LocalProtocolError(f"Illegal header value {request.headers}: Bearer {TOKEN}")

    with pytest.raises(IntuneScepError) as caught:
        converse(answer, lambda session: session.read("things"), credential=StaticCredential(TOKEN))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_next_link_that_holds_the_token_does_not_show_it(converse):
    def answer(request):
        return httpx.Response(200, json={"value": [], "@odata.nextLink": TOKEN})

    async def work(session):
        return [page async for page in session.pages("things")]

    with pytest.raises(IntuneScepError) as caught:
        converse(answer, work, credential=StaticCredential(TOKEN))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), repr(SECRET)])
def test_a_secret_is_found_in_each_spelling(form):
    assert Redactor(SECRET).clean(f"client_secret={form}&x") in {
        f"client_secret={REDACTED}&x",
        f"client_secret='{REDACTED}'&x",
    }


@pytest.mark.parametrize("part", [JWT, JWT[:40], JWT.rpartition(".")[0]])
def test_what_looks_like_a_token_is_taken_out_though_nobody_knows_it(part):
    assert Redactor().clean(f"got {part}, sorry") == f"got {REDACTED}, sorry"


def test_ordinary_words_stay():
    text = "Profile 0e2f87bd-de2c-47c2-a69b-c8cbe9823042 of contoso.com: eyJ, and a dot."
    assert Redactor(None, "", "of", SECRET).clean(text) == text
    assert SECRET not in repr(Redactor(SECRET))
