"""The whole grammar, which knows where a text does not fit, and why."""

from pyparsing import StringEnd, ZeroOrMore

from check_ipsec.grammar.of_ipsec_conf.statements import (
    EMPTY,
    FILLING,
    INCLUDE,
    INCLUDES,
    QUOTED,
    STATEMENTS,
    TOKEN,
    Found,
)
from check_ipsec.grammar.tokens import more, parse_file, several, silent

end = StringEnd().leave_whitespace()
others = more + several(INCLUDES)
file = (silent(FILLING) + ZeroOrMore(several(STATEMENTS) | others) + end).leave_whitespace()
file.parse_with_tabs()

PROBLEMS = (
    (rf'(?:[^"#\n]+(?![^"#\n])|{QUOTED})*(?!{QUOTED})"', "a quoted string does not end"),
    (rf"[ \t]*{INCLUDE}", "an include must be the last of its line"),
    (rf"[ \t]*(?:=|{EMPTY})", "a setting without a name"),
    (rf"[ \t]+{TOKEN}[ \t]*=", "a value that contains = must be quoted"),
    (r"[ \t]", "a setting without ="),
    (rf"(?:conn|ca)[ \t]*(?:[#\n]|\Z|{EMPTY})", "section name missing"),
    (r'config setup|(?:conn|ca)[" \t]', "text after the name of a section"),
    (rf"{TOKEN}[ \t]*=", "a setting must be indented"),
    ("", "unknown section"),
)


def parse_any(text: str, source: str) -> list[Found]:
    """What :func:`check_ipsec.grammar.ipsec_conf.parse` makes its statements of."""
    return parse_file(file, PROBLEMS, text, source)
