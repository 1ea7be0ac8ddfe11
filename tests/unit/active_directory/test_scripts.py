"""LDIF and PowerShell, read back by readers of their own: what was meant is what they say."""

import base64
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.active_directory import Bridge, Mapping, ldif, powershell
from intune_scep.active_directory.powershell import quoted
from intune_scep.errors import CertificateError

END = datetime(2027, 1, 1, tzinfo=UTC)
VALUE = "X509:<I>DC=com,DC=contoso,CN=CA<SR>1200"
QUOTES = "'\u2018\u2019\u201a\u201b"
# What a mapping may hold: everything that can be seen.
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=40)
HOSTILE = [
    "'; Remove-Item C:\\ -Recurse; '",
    "\u2019; Stop-Computer #",
    "\u201b\u201b\u201b'",
    "$(Get-Date) `n ${env:PATH} @{}",
    '# <# #> "double" `\'',
    "{entries} {0} %s",
    "O'Brien\u2018s",
    "ü€😀",
    " leading and trailing ",
    ":colon",
    "<less",
    "",
]


def bridge(*pairs, account=True):
    made = [
        Mapping(n, "ann@contoso.com", text if account else None, value, "12", "p", END, None)
        for n, (text, value) in enumerate(pairs, 2)
    ]
    return Bridge(tuple(made), (), ("Note.",), END, None)


def records(data):
    """LDIF by RFC 2849, as (dn, verb, value) of each record; anything else is an error."""
    text = data.decode("ascii").replace("\r\n", "\n").replace("\n ", "")
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    for block in "\n".join(lines).strip().split("\n\n"):
        dn, kind, verb, value, end = block.split("\n")
        assert kind == "changetype: modify"
        assert end == "-"
        yield content(dn, "dn"), verb, content(value, "altSecurityIdentities")


def content(line, attribute):
    match = re.fullmatch(rf"{attribute}:(:?) ?(.*)", line, re.DOTALL)
    if match[1]:
        return base64.b64decode(match[2], validate=True).decode()
    assert not match[2].startswith((" ", ":", "<"))
    assert not match[2].endswith(" ")
    return match[2]


def literals(script):
    """Every text in single quotes of a line of PowerShell, by the rules of its tokenizer.

    Outside of them nothing may stand but what the generated lines are made of.
    """
    found, place, outside = [], 0, ""
    while place < len(script):
        if script[place] not in QUOTES:
            outside += script[place]
            place += 1
            continue
        text, place = "", place + 1
        while True:
            character = script[place]
            if character not in QUOTES:
                text += character
                place += 1
            elif place + 1 < len(script) and script[place + 1] in QUOTES:
                text += character
                place += 2
            else:
                place += 1
                break
        found.append(text)
    return found, outside


def entries(data):
    text = data.decode("utf-8-sig")
    lines = text.split("@(\r\n", 1)[1].split("\r\n)\r\nforeach", 1)[0].split("\r\n")
    for line in lines:
        found, outside = literals(line)
        assert outside == "    @{ Account = ; Value =  }"
        yield tuple(found)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_ldif_says_what_was_meant(pairs):
    assert list(records(ldif(bridge(*pairs), report="r.csv"))) == [
        (dn, "add: altSecurityIdentities", value) for dn, value in pairs
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_in_both_forms(text):
    made = bridge((text, VALUE + text))
    account = text or "ann@contoso.com"
    assert [(dn, value) for dn, _, value in records(ldif(made, report=text))] == [
        (text, VALUE + text)
    ]
    assert list(entries(powershell(made, report=text))) == [(account, VALUE + text)]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_powershell_says_what_was_meant(pairs):
    found = list(entries(powershell(bridge(*pairs), report="r.csv")))
    assert found == [(account or "ann@contoso.com", value) for account, value in pairs]


@given(st.text(QUOTES + "a;$", max_size=12))
def test_no_row_of_quotes_ends_a_literal(text):
    found, outside = literals(quoted(text))
    assert found == [text]
    assert not outside


def test_the_undo_takes_away_what_the_other_adds():
    made = bridge(("CN=Ann,DC=contoso,DC=com", VALUE), ("CN=Bob,DC=contoso,DC=com", VALUE + "1"))
    added = [(dn, value) for dn, _, value in records(ldif(made, report="r"))]
    undone = list(records(ldif(made, report="r", undo=True)))
    assert [(dn, value) for dn, _, value in undone] == added
    assert {verb for _, verb, _ in undone} == {"delete: altSecurityIdentities"}
    add, undo = (powershell(made, report="r", undo=undo) for undo in (False, True))
    assert list(entries(add)) == list(entries(undo))
    assert b"-Add @{" in add
    assert b"-Remove @{" in undo
    assert b"-Add @{" not in undo


@pytest.mark.parametrize(
    "report", ["r.csv", "a\nStop-Computer", "a\r\ndn: x", "a\u2028b", "\x85c", "\x1b[2J"]
)
@pytest.mark.parametrize("form", [ldif, powershell])
def test_nothing_but_comments_stands_before_the_content(form, report):
    text = form(bridge(("CN=Ann", VALUE)), report=report).decode("utf-8-sig")
    head = re.split(r"\r\n(?:\r\n|#Requires)", text)[0]
    assert all(line.startswith("# ") for line in head.splitlines())
    assert "Nobody has run this file" in head


def test_ldif_without_an_account_is_refused():
    with pytest.raises(CertificateError, match="distinguished name"):
        ldif(bridge(("x", VALUE), account=False), report="r")


def test_accounts_are_found_by_what_the_admin_gave():
    by_name = powershell(bridge(("CN=Ann", VALUE)), report="r")
    assert b"'DistinguishedName -eq $name'" in by_name
    by_upn = powershell(bridge(("", VALUE), account=False), report="r")
    assert b"'UserPrincipalName -eq $name'" in by_upn
    assert list(entries(by_upn)) == [("ann@contoso.com", VALUE)]
