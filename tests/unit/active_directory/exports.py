"""Exports of events as Windows writes them, made of invented names.

The forms are those of public captures: the XML of events 21, 39, 41 and 45, the English text of
all five and the German text of 39 and 40.
"""

import csv
import io
from xml.sax.saxutils import escape, quoteattr

SOURCE = "Microsoft-Windows-Kerberos-Key-Distribution-Center"
SERIAL = "2B0000000011AC0000000012"
THUMBPRINT = "A9993E364706816ABA3E25717850C26C9CD0D89D"
SID = "S-1-5-21-1-2-3-1104"
CERTIFICATE = {
    "AccountName": "ann",
    "Subject": "@@@CN=Ann",
    "Issuer": "CONTOSO-DC-CA",
    "SerialNumber": SERIAL,
    "Thumbprint": THUMBPRINT,
}
DATA = {
    39: CERTIFICATE,
    40: CERTIFICATE
    | {"IssuanceTime": "2026-01-01 10:00:00", "AccountCreationTime": "2026-02-01 10:00:00"},
    41: {"AccountName": "ann", "AccountSid": SID, "CertificateSid": f"{SID}0"}
    | {name: value for name, value in CERTIFICATE.items() if name != "AccountName"},
    45: CERTIFICATE,
    21: {
        "Domain": "CONTOSO",
        "Username": "ann",
        "Status": "A certification chain processed correctly, but one of the CA certificates is"
        " not trusted by the policy provider.",
    },
}
ENGLISH = (
    "User",
    "Certificate Subject",
    "Certificate Issuer",
    "Certificate Serial Number",
    "Certificate Thumbprint",
)
GERMAN = (
    "Benutzer",
    "Zertifikatantragsteller",
    "Zertifikataussteller",
    "Zertifikatseriennummer",
    "Zertifikatfingerabdruck",
)
FRENCH = (
    "Utilisateur ",
    "Objet du certificat ",
    "Émetteur du certificat ",
    "Numéro de série du certificat ",
    "Empreinte numérique du certificat ",
)
SENTENCE = (
    "The Key Distribution Center (KDC) encountered a user certificate that was valid but could not"
    " be mapped. See https://go.microsoft.com/fwlink/?linkid=2189925 to learn more."
)


def event(event_id, data=None, *, provider=SOURCE, named=True):
    data = DATA.get(event_id, {}) if data is None else data
    values = "\n".join(
        f"<Data{f' Name={quoteattr(name)}' if named else ''}>{escape(value)}</Data>"
        for name, value in data.items()
    )
    return (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
        f'<Provider Name={quoteattr(provider)} EventSourceName="KDC" />'
        f'<EventID Qualifiers="32768">{event_id}</EventID><Version>0</Version>'
        '<TimeCreated SystemTime="2026-11-20T09:51:37.420848800Z" />'
        "<Channel>System</Channel><Computer>dc1.contoso.com</Computer><Security /></System>"
        f"<EventData>{values}<Binary></Binary></EventData></Event>"
    )


def message(event_id, labels=ENGLISH, data=None):
    """The text of an event, with its values in the order of its parameters."""
    data = DATA[event_id] if data is None else data
    if event_id == 21:
        return (
            f"The client certificate for the user {data['Domain']}\\{data['Username']} is not"
            " valid, and resulted in a failed smartcard logon. The chain status was : "
            + data["Status"]
        )
    five = [data.get(name, "") for name in CERTIFICATE]
    lines = [f"{label}: {value}" for label, value in zip(labels, five, strict=True)]
    if event_id == 40:
        lines += ["Issued: 1/1/2026 10:00:00", "Created: 2/1/2026 10:00:00"]
    if event_id == 41 and "CertificateSid" in data:
        lines.insert(1, f"User SID: {data['AccountSid']}")
        lines.append(f"Certificate SID: {data['CertificateSid']}")
    return f"{SENTENCE}\n\n  " + "\n  ".join(lines) + "\n"


def get_winevent(*texts, source=SOURCE, separator=","):
    """`Get-WinEvent | Export-Csv`, its first columns."""
    header = ["Message", "Id", "Version", "ProviderName", "MachineName", "TimeCreated"]
    rows = [[text, number, 0, source, "dc1.contoso.com", "1/1/2026"] for number, text in texts]
    return table(header, rows, separator)


def event_viewer(*texts, header=("Level", "Date and Time", "Source", "Event ID", "Task Category")):
    """ "Save as CSV": five names, and the text in a sixth column without one."""
    rows = [["Warning", "1/1/2026", SOURCE, number, "None", text] for number, text in texts]
    return table(header, rows)


def table(header, rows, separator=","):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()
