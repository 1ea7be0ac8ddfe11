"""Reports with hostile names in every place that a tenant fills."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from intune_scep.compliance import Policy
from intune_scep.compliance.judging import Request, make_report
from intune_scep.declarations import NameIndex, Names
from intune_scep.profiles import parse_profile
from intune_scep.rules import Configuration, Waiver
from intune_scep.tenant import ReadFailure, Snapshot
from intune_scep.tenant.dependants import UsedBy

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SPECIALS = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "]]>",
    "](javascript:alert(1))",
    "![x](http://evil.example/a.png)",
    "`code` *bold* _it_ ~~gone~~ | cell",
    "http://evil.example www.evil.example me@evil.example",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "line\nbreak\r\nand\ttab",
    'quote" backslash\\ brace} newline\n# HELP fake 1',
    "\x00\x1b[31mred\x07",
    "\u202egnp.exe\u2066",
    "\ud800 half a pair",
    "\ufffe\uffff",
    "# heading",
    "1. item",
    "- item",
    "= rule",
    "&lt;b&gt; &#60;",
    "名前 Ünïcode 🔐",
    "",
)
hostile = st.one_of(
    st.sampled_from(SPECIALS),
    st.text(st.characters(codec=None, categories=None), max_size=40),
    st.lists(st.sampled_from(SPECIALS), min_size=2, max_size=3).map("".join),
)


def report_with(text):
    """A report in which every text that a tenant decides is the given one."""
    scep = parse_profile(
        {
            "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile",
            "id": "11111111-1111-1111-1111-111111111111",
            "displayName": text,
            "version": 3,
            "certificateStore": "user",
            "subjectNameFormat": "custom",
            "subjectNameFormatString": f"CN={text}",
            "customSubjectAlternativeNames": [
                {"sanType": "universalResourceIdentifier", "name": f"{text}{{{{Nonsense}}}}"}
            ],
            "scepServerUrls": [text],
            "extendedKeyUsages": [{"name": text, "objectIdentifier": text}],
            "keySize": text,
            "assignments": [
                {
                    "target": {
                        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
                        "groupId": "22222222-2222-2222-2222-222222222222",
                    }
                }
            ],
        }
    )
    root = parse_profile(
        {
            "@odata.type": "#microsoft.graph.windows81TrustedRootCertificate",
            "id": "33333333-3333-3333-3333-333333333333",
            "displayName": text,
            "trustedRootCertificate": text,
            "assignments": [],
        }
    )
    foreign = {"@odata.type": f"#microsoft.graph.{text}", "id": text, "displayName": text}
    found = Snapshot(
        profiles=(scep, root),
        foreign=(foreign,),
        root_links={scep.id: root},
        dependants={scep.id: (UsedBy("4", text, text, ()),)},
        names=Names(NameIndex("group", (("22222222-2222-2222-2222-222222222222", text),))),
        notes=(text,),
    )
    waivers = (
        Waiver("R-150", text, text, date(2027, 1, 1)),
        Waiver("R-112", text, text, date(2027, 1, 1)),
        Waiver("R-101", text, text, date(2020, 1, 1)),
    )
    request = Request(
        "tenant",
        "public",
        "tenant",
        NOW,
        policy=Policy(),
        configuration=Configuration(waivers=waivers),
    )
    return make_report(request, found)


def report_not_judged(text):
    """The report of a run whose reads failed."""
    return make_report(
        Request("tenant", "public", "tenant", NOW),
        Snapshot(failures=(ReadFailure(f"the profiles {text}", text),)),
    )
