"""Finding the two usual accidents of `{{…}}` in Ansible: emptied values and error texts.

Ansible takes `{{UserName}}` for Jinja. A variable that is defined empty leaves `CN=`; a template
that failed can leave its error text in the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

ADVICE: Final = (
    "Ansible takes {{…}} for its own templates: write the value as !unsafe, for example"
    ' !unsafe "CN={{UserName}}"'
)

_ERROR_TEXT: Final = re.compile(
    r"is undefined|VARIABLE IS NOT DEFINED|AnsibleUndefined|UndefinedError|<< ?error \d+"
    r"|template error|Unable to look up a name",
    re.IGNORECASE,
)
_EMPTIED_NAME: Final = re.compile(r'(?:^|[,+])\s*[A-Za-z][A-Za-z0-9.]*\s*=\s*(?:""\s*)?(?=[,+]|$)')
_EMPTIED_VALUE: Final = {
    "email": re.compile(r"^@|@$"),
    "upn": re.compile(r"^@|@$"),
    "dns": re.compile(r"^\."),
    "uri": re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//)?$"),
}
_EMPTIED_URL: Final = re.compile(r"^https?:///")
_TEXTS: Final = ("subject_name_format", "legacy_subject_alternative_name_format")


def template_accidents(data: Mapping[str, Any]) -> dict[str, str]:
    """Values of a declaration that a template seems to have emptied or broken.

    Args:
        data: The options as given. Values of a wrong type are passed over.

    Returns:
        Option, for example `subject_alternative_names[0].value`, to one sentence that names it
        and says to use `!unsafe`.
    """
    return {option: f"{option} {what}. {ADVICE}." for option, what in _found(data)}


def _found(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for option, text, emptied in _texts(data):
        if _ERROR_TEXT.search(text):
            yield option, "holds the error text of a template"
        elif not text.strip():
            yield option, "is empty, as after a template without a value"
        elif emptied is not None and emptied.search(text):
            yield option, f"has an empty part ({text!r}), as after a template without a value"


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[str, str, re.Pattern[str] | None]]:
    """Every text that may hold variables, with the form it has when one was emptied."""
    for name in _TEXTS:
        if isinstance(value := data.get(name), str):
            yield name, value, _EMPTIED_NAME if name == "subject_name_format" else None
    for index, item in enumerate(_items(data, "subject_alternative_names")):
        if isinstance(item, Mapping) and isinstance(value := item.get("value"), str):
            yield (
                f"subject_alternative_names[{index}].value",
                value,
                _EMPTIED_VALUE.get(str(item.get("type"))),
            )
    for index, url in enumerate(_items(data, "scep_server_urls")):
        if isinstance(url, str):
            yield f"scep_server_urls[{index}]", url, _EMPTIED_URL


def _items(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else []
