"""A row in the table of options is all that an option needs to be read, sent and shown."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from intune_scep.declarations import OPTIONS, options_of, parse_declaration
from intune_scep.declarations.codecs import ABSENT, CODECS, codec_of
from intune_scep.declarations.declaration import MODELS
from intune_scep.declarations.options import Option
from intune_scep.declarations.values import type_of
from intune_scep.declarations.wire_form import WireForm
from intune_scep.errors import InexpressibleError
from intune_scep.profiles import ProfileKind

TEXT = Option("new", "str", "", "", wire=("certFileName",))
ROWS = {
    "a text": (TEXT, "x", "x", ["", " ", 7, []]),
    "a text that may be blank": (replace(TEXT, may_be_blank=True), "", "", [7]),
    "a text of a form": (
        replace(TEXT, form="[a-z]+", form_words="small letters"),
        "abc",
        "abc",
        ["ABC", "a1"],
    ),
    "a number": (
        Option("new", "int", "", "", wire=("renewalThresholdPercentage",), least=1, most=9),
        9,
        9,
        [0, 10, True, "x"],
    ),
    "yes or no": (Option("new", "bool", "", "", wire=("allowAllAppsAccess",)), True, True, ["x"]),
    "a choice": (
        Option("new", "str", "", "", wire=("keySize",), choices={"big": "size4096"}),
        "big",
        "size4096",
        ["size4096", 7],
    ),
    "several choices": (
        Option(
            "new",
            "list",
            "",
            "",
            wire=("keyUsage",),
            elements="str",
            choices={"seal": "keyEncipherment", "sign": "digitalSignature"},
            least=1,
        ),
        ["seal", "sign"],
        "keyEncipherment,digitalSignature",
        [[], ["sign", "sign"], ["keyEncipherment"], "sign"],
    ),
    "several texts": (
        Option("new", "list", "", "", wire=("scepServerUrls",), elements="str", most=2),
        ["a", "b"],
        ["a", "b"],
        [["a", "a"], ["a", "b", "c"], [""], "a"],
    ),
}


@pytest.mark.parametrize(("option", "value", "wire", "wrong"), ROWS.values(), ids=ROWS)
def test_an_option_is_read_and_written_as_its_row_says(option, value, wire, wrong):
    reader, codec, [name] = TypeAdapter(type_of(option)), codec_of(option), option.wire
    assert reader.validate_python(value) == value
    assert codec.encode(value) == {name: wire}
    assert codec.decode({name: wire}) == value
    assert codec.decode({}) is ABSENT
    nothing = "not_configured" if option.may_be_not_configured else ABSENT
    assert codec.decode({name: None}) == nothing
    for bad in wrong:
        with pytest.raises(ValidationError):
            reader.validate_python(bad)
    with pytest.raises(InexpressibleError):
        codec.decode({name: {"odd": 1}})


@pytest.mark.parametrize("kind", ProfileKind)
def test_every_option_of_the_table_can_be_declared(kind):
    assert set(MODELS[kind].model_fields) == {option.name for option in options_of(kind)}
    unsaid = {name for name, option in OPTIONS.items() if option.wire} - set(CODECS)
    assert unsaid == {"certificate_path", "scope_tags"}


def test_what_is_given_comes_in_the_order_of_the_table():
    given = {"key_size": 2048, "description": "x", "name": "Staff", "platform": "ios"}
    declaration = parse_declaration(given, kind=ProfileKind.SCEP)
    assert list(declaration.given) == [name for name in OPTIONS if name in given]


def test_a_default_that_depends_on_nothing_is_sent_as_the_table_has_it():
    form = WireForm(parse_declaration({"name": "x", "platform": "windows"}, kind=ProfileKind.SCEP))
    for name in ("key_size", "key_storage_provider", "renewal_threshold"):
        option = OPTIONS[name]
        assert str(option.default) == option.on_create
        assert CODECS[name].encode(option.default).items() <= form.body.items()
    assert form.missing == tuple(option.name for option in OPTIONS.values() if option.needed)[1:]
