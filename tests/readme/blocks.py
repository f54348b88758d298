"""The README's blocks of code."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import List

_FENCE = re.compile(r"^```(\w*)\s*$")


@dataclasses.dataclass(frozen=True)
class Block:
    """One fenced block: its language tag, its text, and the line of its first one."""

    language: str
    text: str
    line: int


def blocks_below(document: pathlib.Path, heading: str) -> List[Block]:
    """Those between the heading and the next of its level, in order. Raises ValueError if it is not there."""
    level = re.match(r"#+", heading)
    if level is None:
        raise ValueError(f"{heading!r} is no heading")
    lines = document.read_text().splitlines()
    if heading not in lines:
        raise ValueError(f"{document.name} has no heading {heading!r}")
    found: List[Block] = []
    begun = None
    for number, line in enumerate(lines[lines.index(heading) + 1 :], lines.index(heading) + 2):
        fence = _FENCE.match(line)
        if begun is None and fence:
            begun = (fence.group(1), number + 1, [])
        elif begun is not None and fence:
            found.append(Block(begun[0], "\n".join(begun[2]) + "\n", begun[1]))
            begun = None
        elif begun is not None:
            begun[2].append(line)
        elif re.match(rf"#{{1,{len(level.group())}}} ", line):
            break
    return found
