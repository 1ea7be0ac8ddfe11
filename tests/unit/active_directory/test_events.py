"""Exports of domain controllers' events, in every form and language, damaged ones too."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.length import LONG
from tests.unit.active_directory.exports import (
    CERTIFICATE,
    DATA,
    ENGLISH,
    FRENCH,
    GERMAN,
    SERIAL,
    SID,
    SOURCE,
    THUMBPRINT,
    event,
    event_viewer,
    get_winevent,
    message,
    table,
)

from intune_scep.active_directory import read_events
from intune_scep.errors import IntuneScepError

ALL = (39, 40, 41, 45, 21)


@pytest.fixture
def read(tmp_path):
    def call(content, encoding="utf-8"):
        path = tmp_path / "events"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return read_events(path)

    return call


def ids(log):
    return [item.event_id for item in log.events]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "<Events>{}</Events>",
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Events>{}</Events>',
        '<?xml version="1.0" encoding="UTF-16"?>{}',
        "- {}",
        "\r\n  <e:Events xmlns:e='x'>{}</e:Events>\r\n",
    ],
)
def test_xml_is_read_however_it_was_exported(read, form, encoding):
    log = read(form.format("\r\n".join(map(event, ALL))), encoding)
    assert ids(log) == list(ALL)
    first = log.events[0]
    assert (first.account, first.subject, first.issuer) == ("ann", "CN=Ann", "CONTOSO-DC-CA")
    assert (first.serial_number, first.thumbprint) == (SERIAL, THUMBPRINT)
    assert first.computer == "dc1.contoso.com"
    assert log.events[2].certificate_sid == f"{SID}0"
    assert log.events[4].domain == "CONTOSO"
    assert "policy provider" in log.events[4].status
    assert (log.problem, log.not_understood, log.others) == (None, (), 0)


@pytest.mark.parametrize("event_id", ALL)
def test_data_without_names_is_read_by_its_place(read, event_id):
    order = list(DATA[event_id])
    if event_id == 41:
        order = ["AccountName", "AccountSid", *list(CERTIFICATE)[1:], "CertificateSid"]
    data = {name: DATA[event_id][name] for name in order}
    [named] = read(event(event_id, data)).events
    [by_place] = read(event(event_id, data, named=False)).events
    assert by_place == named


@pytest.mark.parametrize("labels", [ENGLISH, GERMAN, FRENCH, ("一", "二", "三", "四", "五")])
@pytest.mark.parametrize("form", [get_winevent, event_viewer])
@pytest.mark.parametrize("event_id", [39, 40, 41, 45])
def test_a_text_is_read_in_every_language(read, form, event_id, labels):
    [found] = read(form((event_id, message(event_id, labels)))).events
    assert found.event_id == event_id
    assert (found.account, found.issuer) == ("ann", "CONTOSO-DC-CA")
    assert (found.serial_number, found.thumbprint) == (SERIAL, THUMBPRINT)
    assert found.certificate_sid == (f"{SID}0" if event_id == 41 else None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_and_separator(read, encoding, separator):
    text = get_winevent(*((number, message(number, GERMAN)) for number in ALL), separator=separator)
    log = read(text.replace("Zertifikataussteller", "Prüfstelle"), encoding)
    assert ids(log) == list(ALL)
    assert {item.thumbprint for item in log.events[:4]} == {THUMBPRINT}


@pytest.mark.parametrize(
    "header",
    [
        ("Ebene", "Datum und Uhrzeit", "Quelle", "Ereignis-ID", "Aufgabenkategorie"),
        ("Niveau", "Date et heure", "Source", "ID événement", "Catégorie de la tâche"),
        ("Nivel", "Fecha y hora", "Origen", "Id. del evento", "Categoría de la tarea"),
        ("Livello", "Data e ora", "Origine", "ID evento", "Categoria attività"),
        ("レベル", "日付と時刻", "ソース", "イベント ID", "タスクのカテゴリ"),
    ],
)
def test_event_viewer_is_read_by_the_place_of_its_columns(read, header):
    texts = [(number, message(number)) for number in ALL]
    assert ids(read(event_viewer(*texts, header=header))) == list(ALL)


def test_event_21_has_its_account_and_reason_in_words(read):
    [found] = read(get_winevent((21, message(21)))).events
    assert (found.domain, found.account) == ("CONTOSO", "ann")
    assert found.status.startswith("A certification chain")
    german = "Das Clientzertifikat für den Benutzer CONTOSO\\ann ist ungültig. Kettenstatus: Nein."
    [found] = read(event_viewer((21, german))).events
    assert (found.account, found.status) == ("ann", "Nein.")


@pytest.mark.parametrize(("old", "now"), [(41, 39), (48, 40), (49, 41)])
def test_the_numbers_of_windows_server_2008(read, old, now):
    assert ids(read(event(old, DATA[now]))) == [now]
    assert ids(read(get_winevent((old, message(now))))) == [now]


@pytest.mark.parametrize(
    ("event_id", "provider"),
    [
        (41, "Microsoft-Windows-Kernel-Power"),
        (21, "Microsoft-Windows-WindowsUpdateClient"),
        (39, "KDCsomething"),
        (7036, SOURCE),
        (16, SOURCE),
        ("", SOURCE),
        ("39x", SOURCE),
    ],
)
def test_events_of_others_are_counted_and_left(read, event_id, provider):
    log = read(event(event_id, CERTIFICATE, provider=provider) + event(39))
    assert ids(log) == [39]
    assert log.others == 1
    log = read(get_winevent((event_id, message(39)), source=provider))
    assert (log.events, log.others) == ((), 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The description for Event ID 39 cannot be found.",
        "Thumbprint: A9993E36",
        message(39, data=CERTIFICATE | {"SerialNumber": "?", "Thumbprint": "?"}),
        "\n".join(["x: y"] * 5),
    ],
)
def test_a_text_that_says_nothing_is_counted(read, text):
    log = read(get_winevent((39, text), (39, message(39))))
    assert ids(log) == [39]
    assert len(log.not_understood) == 1


def test_a_text_on_one_line_still_has_its_thumbprint(read):
    [found] = read(get_winevent((41, " ".join(message(41).split())))).events
    assert (found.event_id, found.thumbprint, found.serial_number) == (41, THUMBPRINT, None)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE a [<!ENTITY b "x">]>',
        '<!doctype a SYSTEM "file:///etc/passwd">',
        '<?xml version="1.0"?>\n<!DOCTYPE Events>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>',
        '<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>',
        "<Events><!ENTITY x 'y'>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(read, prolog, encoding):
    with pytest.raises(IntuneScepError, match="document type or entities"):
        read(f"{prolog}<Events>{event(39)}</Events>", encoding)


@pytest.mark.parametrize(
    "tail",
    [
        event(39)[:-40],
        "<Event><System>&undefined;</System></Event>",
        "<Event></Events>",
        "</Events></Events>",
        "<a>" * 40,
        f"<Event><EventData><Data>{'x' * 70_000}</Data></EventData></Event>",
        "<Event><EventData>" + "<Data>1</Data>" * 300 + "</EventData></Event>",
        "<Event a='1' a='2'/>",
        "\x00",
        "<![CDATA[",
    ],
)
def test_what_stands_before_the_damage_is_read_and_the_damage_is_told(read, tail):
    log = read(f"{event(39)}{event(45)}{tail}")
    assert ids(log) == [39, 45]
    assert "2 whole events" in log.problem


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"ElfFile\0" + bytes(100), "save it as XML"),
        (b"PK\x03\x04", "zip"),
        (b"<html><body>Sign in</body></html>", "no element Event"),
        (b"<Event><Sys", "breaks off"),
        (b"a,b\n1,2\n", "no export of events"),
        (b"", "no export of events"),
        (b"{}", "no export of events"),
        (bytes(64), "no export of events"),
        (b"Id\n39\n", "no export of events"),
    ],
)
def test_another_file_is_refused_in_plain_words(read, content, part):
    with pytest.raises(IntuneScepError) as refused:
        read(content)
    assert part in str(refused.value)
    assert "events" in str(refused.value)
    assert not {"ExpatError", "expat", "not well-formed", "csv.Error"} & {
        *str(refused.value).split()
    }


HOSTILE = [
    "",
    "\0",
    "\x1b[2J",
    "\u202e",
    "=cmd|' /C calc'!A0",
    "x" * 200_000,
    "\ud7ff",
    "'\"<>&",
    "\r\n\r\n",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("column", range(6))
def test_every_cell_may_hold_anything(read, text, column):
    row = [message(39), "39", "0", SOURCE, "dc1", "1/1/2026"]
    row[column] = text
    header = ["Message", "Id", "Version", "ProviderName", "MachineName", "TimeCreated"]
    log = read(table(header, [[message(45), "45", "0", SOURCE, "dc1", "1/1/2026"], row]))
    assert log.events[0].event_id == 45
    told = len(log.events) + log.others + len(log.not_understood)
    assert told == 2 or "longer than 128 KiB" in log.problem


@given(st.text(max_size=200))
def test_no_message_is_too_strange(text):
    from intune_scep.active_directory.events import _of_text

    for event_id in ALL:
        found = _of_text(event_id, text)
        assert "thumbprint" not in found or len(found["thumbprint"]) == 40


@pytest.mark.parametrize("seed", range(200 if LONG else 12))
def test_damaged_exports_end_in_an_answer_or_one_message(read, seed):
    chance = random.Random(seed)
    seeds = [
        "".join(map(event, ALL)).encode(),
        f"<Events>{event(39)}</Events>".encode("utf-16"),
        get_winevent(*((number, message(number)) for number in ALL)).encode(),
        event_viewer(*((number, message(number, GERMAN)) for number in ALL)).encode("utf-16"),
    ]
    for _ in range(20):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 12)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 5))] = chance.randbytes(
                chance.choice((0, 1, 3))
            )
        try:
            log = read(bytes(data))
        except IntuneScepError as error:
            assert "\n" not in str(error)  # a message, or an answer
        else:
            assert len(log.events) <= len(ALL)
