"""Checks the tree at a root against rules.py.

Usage: check_rules.py ROOT
Prints each breach as file:line: message and exits 1 if there is any, 2 if it was called wrongly.
"""

import os
import pathlib
import re
import sys

import rules
import source_text

_CPP = (".h", ".cc")
_SOURCES = _CPP + (".py", ".proto", ".ts", ".go", ".rb")
_NOT_OURS = re.compile(r"\..*|_generated|generated|taskerpb|build(-.*)?|dist|node_modules|__pycache__|venv")
# Headers of the standard library and of POSIX, by their form.
_STANDARD = re.compile(r"(sys/)?[a-z0-9_]+(\.h)?")
_PROTO_IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"')


def sources(root: pathlib.Path) -> list[str]:
    """All source files under root, as sorted paths from it; without generated and hidden ones."""
    found = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if not _NOT_OURS.fullmatch(name)]
        found += [pathlib.Path(folder, name).relative_to(root).as_posix()
                  for name in files if name.endswith(_SOURCES)]
    return sorted(found)


def owner_of(include: str, file: str, root: pathlib.Path) -> tuple[str, str]:
    """Whose an include is: ("room", name), ("library", name) or ("standard", path)."""
    if include.endswith(".grpc.pb.h"):
        return "library", "gRPC"
    if include.endswith(".pb.h") and include.startswith("tasker/"):
        return "room", rules.RECORDS if include.startswith("tasker/storage/") else rules.CONTRACT
    room = rules.room_of(include)
    if room:
        return "room", room
    for prefix in sorted(rules.LIBRARIES, key=len, reverse=True):
        if include.startswith(prefix):
            return "library", rules.LIBRARIES[prefix]
    # Beside the file, or among the public headers of its own library.
    for folder in pathlib.PurePosixPath(file).parents:
        if (root / folder / include).is_file() or (root / folder / "include" / include).is_file():
            return "room", rules.room_of(file) or ""
    if _STANDARD.fullmatch(include):
        return "standard", include
    return "library", "a library that rules.py does not know"


def _contains(room: str, other: str) -> bool:
    return other == room or other.startswith(room + "/")


def include_breach(file: str, include: str, root: pathlib.Path) -> str | None:
    """Why this file may not include this, or None if it may."""
    name = rules.room_of(file)
    room = rules.ROOMS[name]
    for banned, advice in room.banned_headers.items():
        if include == banned or (banned.endswith("/") and include.startswith(banned)):
            return f"{name}/ may not include <{include}>: {advice}"
    kind, owner = owner_of(include, file, root)
    if kind == "room" and not _contains(name, owner) and "*" not in room.includes and not any(
            _contains(allowed, owner) for allowed in room.includes):
        allowed = ", ".join(sorted(room.includes))
        return f'{name}/ may not include "{include}" of {owner}/; it may include: {allowed}'
    if kind == "library" and "*" not in room.libraries and owner not in room.libraries:
        allowed = ", ".join(sorted(room.libraries))
        return f'{name}/ may not include "{include}" of {owner}; it may use: {allowed}'
    return None


def check_cpp(file: str, text: str, root: pathlib.Path) -> list[str]:
    """Breaches of the include rules, the engine's purity and the habits of headers."""
    name = rules.room_of(file)
    if name is None:
        return [f"{file}:1: C++ outside the rooms; the rooms are: {', '.join(sorted(rules.ROOMS))}"]
    breaches = []
    for include in source_text.includes(text):
        breach = include_breach(file, include.path, root)
        if breach:
            breaches.append(f"{file}:{include.line}: {breach}")
    code = source_text.code_only(text)
    for pattern, advice in rules.ROOMS[name].banned_code:
        for found in pattern.finditer(code):
            line = source_text.line_of(code, found.start())
            breaches.append(f"{file}:{line}: {name}/ may not use {found[0]}: {advice}")
    if file.endswith(".h"):
        if not text.startswith("//"):
            breaches.append(f"{file}:1: a header begins with a comment on what it is")
        if "#pragma once" not in text:
            breaches.append(f"{file}:1: a header says #pragma once")
    return breaches


def check_proto(file: str, text: str) -> list[str]:
    """The public contract knows nothing of the records as stored."""
    if not file.startswith(rules.CONTRACT + "/"):
        return []
    return [
        f"{file}:{number}: the public contract may not import \"{found[1]}\", an internal record"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _PROTO_IMPORT.match(line)) and found[1].startswith("tasker/storage/")]


def check_shape(file: str, text: str) -> list[str]:
    """Length and names."""
    breaches = []
    lines = text.count("\n")
    if lines > rules.LINES_MAX:
        breaches.append(f"{file}:{rules.LINES_MAX + 1}: {lines} lines; no file has more than "
                        f"{rules.LINES_MAX}: split it by subject")
    path = pathlib.PurePosixPath(file)
    for part in path.parts[:-1] + (path.stem,):
        if part in rules.NAMELESS:
            breaches.append(f"{file}:1: '{part}' names no subject; name it by what it holds")
    return breaches


def check_readmes(files: list[str], root: pathlib.Path) -> list[str]:
    """Every room, and each client in its own folder, says in a README what lives there."""
    held = set()
    for file in files:
        first, second, *_ = file.split("/") + [""]
        if first in rules.ROOMS and first != "tests" and second:
            held.add(f"{first}/{second}" if first == "clients" else first)
    return [f"{room}/README.md:1: missing; say what lives here, what never does, where to begin"
            for room in sorted(held) if not (root / room / "README.md").is_file()]


def check(root: pathlib.Path) -> tuple[list[str], int]:
    """All breaches under root, and the number of files looked at."""
    files = sources(root)
    breaches = []
    for file in files:
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        breaches += check_shape(file, text)
        if file.endswith(_CPP):
            breaches += check_cpp(file, text, root)
        if file.endswith(".proto"):
            breaches += check_proto(file, text)
    return breaches + check_readmes(files, root), len(files)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not pathlib.Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    breaches, looked_at = check(pathlib.Path(arguments[0]))
    for breach in breaches:
        print(breach)
    print(f"{looked_at} files, {len(breaches)} breaches")
    if looked_at == 0:
        print("no source found: is this the root of the repository?", file=sys.stderr)
        return 2
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
