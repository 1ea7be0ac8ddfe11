"""Posting a report to a webhook, so that a chat or a ticket system hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from intune_scep.compliance import ComplianceReport
from intune_scep.connection import is_loopback
from intune_scep.errors import WebhookError
from intune_scep.reports.machine import render_json

URL: Final = "INTUNE_SCEP_WEBHOOK_URL"
TOKEN: Final = "INTUNE_SCEP_WEBHOOK_TOKEN"  # noqa: S105 - the name of a variable
_TIMEOUT: Final = 30.0


@dataclass(frozen=True)
class Webhook:
    """Where reports go.

    Attributes:
        url: https, or http to this machine.
        token: Sent as a bearer token, if there is one.
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Webhook:
        """Read URL and token from the environment, where other users of a machine do not see them.

        Raises:
            WebhookError: no URL is given, or one that would send the report in the clear.
        """
        url = environment.get(URL, "")
        if not url:
            raise WebhookError(f"{URL} is not set.")
        if not _is_safe(url):
            raise WebhookError(f"{URL} must be an https URL, or http to a loopback address.")
        return cls(url, environment.get(TOKEN) or None)

    def post(
        self, report: ComplianceReport, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Send the JSON report once; redirects are not followed.

        Raises:
            WebhookError: no answer came within 30 s, or it was no success.
        """
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            with httpx.Client(
                timeout=_TIMEOUT, follow_redirects=False, transport=transport
            ) as client:
                answer = client.post(
                    self.url, content=render_json(report).encode(), headers=headers
                )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            # Its text and its cause may hold the URL.
            raise WebhookError(f"The webhook did not answer: {type(error).__name__}.") from None
        if not answer.is_success:
            raise WebhookError(f"The webhook answered {answer.status_code}.")


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and is_loopback(host)
