"""What every HTML page stands on: templates that escape, its own style and script, and no other."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from intune_scep.texts import printable


@cache
def environment() -> Environment:
    """The templates; whatever came from a tenant is text in them, with nothing that deceives."""
    return Environment(
        loader=PackageLoader("intune_scep.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def asset(name: str) -> Markup:
    """A style or script that lies beside the templates, and goes into a page as it is."""
    file = resources.files("intune_scep.reports") / "templates" / name
    return Markup(file.read_text("utf-8"))  # noqa: S704 - a file of this package


def content_policy(style: str, script: str | None = None) -> str:
    """Nothing is loaded from anywhere, and only the page's own script and style count."""
    allowed = f"style-src {_fingerprint(style)};"
    if script is not None:
        allowed += f" script-src {_fingerprint(script)};"
    return f"default-src 'none'; {allowed} base-uri 'none'; form-action 'none'"


def _fingerprint(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
