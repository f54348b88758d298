"""Tells a C++ text's code from its comments and strings, line numbers kept."""

import dataclasses
import re

_COMMENT_OR_LITERAL = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<literal>
        R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"
        | "(?:\\.|[^"\\\n])*"
        # Not after a digit: 1'000'000 is a number.
        | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'
      )
    """,
    re.DOTALL | re.VERBOSE)

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    # As written between the quotes or brackets.
    path: str


def _line_breaks(text: str) -> str:
    return "\n" * text.count("\n") or " "


def without_comments(text: str) -> str:
    """The text with each comment replaced by its line breaks."""
    return _COMMENT_OR_LITERAL.sub(
        lambda found: _line_breaks(found[0]) if found["comment"] else found[0], text)


def code_only(text: str) -> str:
    """The text with comments and the contents of strings replaced by their line breaks."""
    return _COMMENT_OR_LITERAL.sub(lambda found: _line_breaks(found[0]), text)


def includes(text: str) -> list[Include]:
    """All includes that are not commented out, in order."""
    code = without_comments(text)
    return [Include(line_of(code, found.start(1)), found[2]) for found in _INCLUDE.finditer(code)]


def line_of(text: str, offset: int) -> int:
    """The line, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1
