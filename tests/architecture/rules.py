"""The walls of the house: who may include what. The one place where they are drawn."""

import dataclasses
import re

# A source file longer than this has more than one subject.
LINES_MAX = 600

# Folder and file names that name no subject, and so collect all of them.
NAMELESS = {"common", "misc", "helpers", "helper", "utils", "util"}

# Rooms, libraries and the standard library are told apart by the start of an include. The longest
# match counts. Generated headers belong to the protos that they come from.
LIBRARIES = {
    "absl/": "abseil",
    "benchmark/": "benchmark",
    "CLI/": "CLI11",
    "gmock/": "googletest",
    "google/protobuf/": "protobuf",
    "grpc/": "gRPC",
    "grpcpp/": "gRPC",
    "gtest/": "googletest",
    "nlohmann/": "nlohmann_json",
    "prometheus/": "prometheus-cpp",
    "re2/": "RE2",
    "rocksdb/": "RocksDB",
    "simdjson": "simdjson",
    "spdlog/": "spdlog",
    "valijson/": "valijson",
    "yaml.h": "libyaml",
}

# What `Room.includes` calls the public contract and the records as stored.
CONTRACT = "protos/tasker/v1"
RECORDS = "protos/tasker/storage/v1"


@dataclasses.dataclass(frozen=True)
class Room:
    """What a folder may include beside itself and the standard library."""

    # Other rooms, CONTRACT or RECORDS; "*": all.
    includes: frozenset[str]
    # Libraries by their names in LIBRARIES; "*": all, and any other.
    libraries: frozenset[str]
    # Headers that are refused, with what would be right.
    banned_headers: dict[str, str] = dataclasses.field(default_factory=dict)
    # Code that is refused: pattern (of code without comments and strings) and what would be right.
    banned_code: tuple[tuple[re.Pattern[str], str], ...] = ()


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


_NO_THREADS = "a partition is run by one thread, which service/ owns"
_NO_CLOCK = "the engine reads no clock: take the time as an argument"
_NO_CHANCE = "random draws are handed in: see engine/model/draws.h"
_NO_IO = "the engine does no input or output: put it into Effects"

_ENGINE_HEADERS = {
    **{name: _NO_THREADS for name in (
        "thread", "mutex", "shared_mutex", "condition_variable", "atomic", "semaphore", "latch",
        "barrier", "future", "stop_token", "pthread.h", "threads.h", "absl/synchronization/",
        "absl/base/thread_annotations.h", "absl/base/call_once.h")},
    **{name: _NO_CLOCK for name in ("ctime", "time.h", "sys/time.h", "absl/time/clock.h")},
    **{name: _NO_CHANCE for name in ("random", "absl/random/")},
    **{name: _NO_IO for name in (
        "fstream", "iostream", "istream", "ostream", "sstream", "filesystem", "cstdio", "stdio.h",
        "syncstream", "unistd.h", "fcntl.h", "sys/", "absl/log/")},
}

_ENGINE_CODE = tuple((re.compile(pattern), advice) for pattern, advice in (
    (r"\b\w+_clock\s*::\s*now\b", _NO_CLOCK),
    (r"\b(?:clock_gettime|gettimeofday|timespec_get|GetCurrentTimeNanos)\b", _NO_CLOCK),
    (r"\babsl\s*::\s*Now\b", _NO_CLOCK),
    (r"(?<![\w.>])time\s*\(\s*(?:nullptr|NULL|0|&)", _NO_CLOCK),
    (r"\b(?:random_device|mt19937(?:_64)?|default_random_engine|BitGen|InsecureBitGen)\b",
     _NO_CHANCE),
    (r"(?<![\w.>])s?rand(?:om)?\s*\(", _NO_CHANCE),
    (r"\bstd\s*::\s*(?:jthread|thread|mutex|atomic|condition_variable|this_thread)\b", _NO_THREADS),
    (r"\bthread_local\b", _NO_THREADS),
    (r"\bstd\s*::\s*(?:cout|cerr|clog|cin)\b", _NO_IO),
    (r"(?<![\w.>])(?:getenv|secure_getenv|fopen|printf|fprintf|puts)\s*\(", _NO_IO),
))

# Keys are folders from the root. The deepest folder that a file is in is its room.
ROOMS = {
    "engine": Room(
        includes=_names(CONTRACT, RECORDS),
        libraries=_names("abseil", "protobuf"),
        banned_headers=_ENGINE_HEADERS,
        banned_code=_ENGINE_CODE),
    "storage": Room(
        includes=_names(CONTRACT, RECORDS),
        libraries=_names("abseil", "protobuf", "RocksDB")),
    "config": Room(
        includes=_names("engine"),
        libraries=_names("abseil", "RE2", "libyaml", "nlohmann_json", "simdjson",
                         "valijson")),
    # What service and command line both tell of a template is put into the contract's words once.
    "config/analysis": Room(
        includes=_names("engine", "config", CONTRACT),
        libraries=_names("abseil", "protobuf")),
    "service": Room(
        includes=_names("engine", "storage", "config", CONTRACT, RECORDS),
        libraries=_names("*")),
    # Written against the contract alone, as a client in another language is.
    "clients": Room(
        includes=_names(CONTRACT),
        libraries=_names("*"),
        banned_headers={"rocksdb/": "clients know the service by its contract, not by its store"}),
    # The command line checks templates without a service.
    "clients/cli": Room(
        includes=_names("clients", "config", CONTRACT),
        libraries=_names("*"),
        banned_headers={"rocksdb/": "clients know the service by its contract, not by its store"}),
    # Reads its settings as taskerd checks them.
    "clients/sinks": Room(
        includes=_names("clients", "config", CONTRACT),
        libraries=_names("*"),
        banned_headers={"rocksdb/": "clients know the service by its contract, not by its store"}),
    "tests": Room(includes=_names("*"), libraries=_names("*")),
}


def room_of(path: str) -> str | None:
    """The room that a path from the root is in, e.g. "clients/cli"; None if it is in none."""
    folders = path.split("/")[:-1]
    for depth in range(len(folders), 0, -1):
        if "/".join(folders[:depth]) in ROOMS:
            return "/".join(folders[:depth])
    return None
