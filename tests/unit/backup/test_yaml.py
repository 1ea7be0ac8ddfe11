"""A rendered document says to its reader what it was given, whatever that was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from intune_scep.declarations.documents import read_documents
from intune_scep.declarations.yaml_form import render_document

TEXTS = st.text() | st.text(st.characters(exclude_categories=()), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | TEXTS.map(lambda text: f"{text}{{{{x}}}}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(options=st.dictionaries(st.text(), VALUES, max_size=4), comments=st.lists(TEXTS, max_size=3))
def test_options_come_back_and_comments_stay_comments(tmp_path_factory, options, comments):
    path = tmp_path_factory.getbasetemp() / "document.yml"
    path.write_bytes(render_document("scep_profile", options, comments))
    assert read_documents(path) == [{"scep_profile": options}]


def test_a_template_is_tagged_and_plain_text_is_not():
    text = render_document(
        "scep_profile", {"a": "CN={{UserName}}", "b": "plain", "c": "{% raw %}"}, []
    ).decode()
    assert 'a: !unsafe "CN={{UserName}}"' in text
    assert "b: plain" in text
    assert "c: !unsafe" in text
