"""What no message may hold: the words of a parser, and the traces of a programming language."""

import re

PARSER_WORDS = re.compile(
    r"ParseError|asn1|ASN\.1|InvalidData|UnexpectedTag|InvalidValue|ExtraData|ShortData|Traceback"
    r"|OpenSSL|cryptography|codec can't|UnicodeDecodeError|ValueError|TypeError"
    r"|object has no|NoneType|kind: |b'|b\"",
    re.IGNORECASE,
)
_QUOTED = re.compile("“.*?”", re.DOTALL)


def parser_words(text):
    """The first word in a message that only a programmer understands; None if there is none.

    What it quotes are the words of others.
    """
    found = PARSER_WORDS.search(_QUOTED.sub("", text))
    return found[0] if found else None
