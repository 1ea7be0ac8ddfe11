"""The notification hook sends the report, and never shows where to or with what token."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from intune_scep.errors import WebhookError
from intune_scep.reports.webhook import TOKEN, URL, Webhook

from .hostile import report_with

SECRET_URL = "https://hooks.example.com/T0/very-secret-part"


@pytest.fixture
def receiver():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()
        thread.join()


def test_it_posts_the_json_report_once(receiver):
    url, received = receiver
    report = report_with("Staff <Wi-Fi>")
    Webhook.from_environment({URL: url, TOKEN: "t0ken"}).post(report)
    [(path, headers, body)] = received
    assert (path, body) == ("/hook", json.loads(json.dumps(report.to_dict())))
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "https://",
        "hooks.example.com",
        "http://[::1",
        "http://localhost.example.com/",
    ],
)
def test_what_would_leave_in_the_clear_is_refused_unseen(url):
    with pytest.raises(WebhookError) as caught:
        Webhook.from_environment({URL: url})
    assert url not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"])
def test_this_machine_may_be_called_plainly(url):
    assert Webhook.from_environment({URL: url}).token is None


def test_without_a_url_it_says_which_variable_is_missing():
    with pytest.raises(WebhookError, match=URL):
        Webhook.from_environment({})


def raises(error):
    def handle(request):
        raise error(f"cannot reach {request.url} with {request.headers['authorization']}")

    return handle


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: httpx.Response(500, text="very-secret-part"), "500"),
        (lambda _: httpx.Response(302, headers={"location": "https://evil.example/"}), "302"),
        (raises(httpx.ConnectError), "ConnectError"),
        (raises(httpx.ReadTimeout), "ReadTimeout"),
    ],
)
def test_no_failure_shows_the_url_or_the_token(answer, said):
    webhook = Webhook.from_environment({URL: SECRET_URL, TOKEN: "t0ken"})
    with pytest.raises(WebhookError, match=said) as caught:
        webhook.post(report_with("x"), transport=httpx.MockTransport(answer))
    error = caught.value
    shown = f"{error} {error!r} {webhook!r} {error.__cause__!r}"
    assert error.__suppress_context__ or error.__context__ is None
    assert "secret" not in shown
    assert "t0ken" not in shown
