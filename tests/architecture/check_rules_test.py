"""Breaks each rule in a made-up tree, and expects it to be caught where it was broken."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_rules
import rules
import source_text

HEADER = "// What it is.\n#pragma once\n"


class MadeUpTree(unittest.TestCase):
    """A tree in a folder of its own, which every room keeps to at first."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for room in ("engine", "storage", "config", "service", "clients/cpp", "clients/cli"):
            self.write(f"{room}/README.md", "What lives here.\n")
            self.write(f"{room}/door.h", HEADER + "#include <string>\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def breaches(self) -> list[str]:
        return check_rules.check(self.root)[0]

    def assert_breach(self, place: str, *words: str) -> None:
        found = self.breaches()
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(place + ": "), found[0])
        for word in words:
            self.assertIn(word, found[0])

    def assert_clean(self) -> None:
        self.assertEqual(self.breaches(), [])


class IncludesBetweenRooms(MadeUpTree):

    def test_a_tree_that_keeps_to_the_rules_is_clean(self):
        self.write("engine/a.cc", '#include "engine/door.h"\n#include "absl/status/status.h"\n'
                                  '#include "tasker/v1/task.pb.h"\n'
                                  '#include "tasker/storage/v1/records.pb.h"\n')
        self.write("storage/a.cc", '#include "rocksdb/db.h"\n')
        self.write("config/a.cc", '#include "engine/door.h"\n#include <yaml.h>\n')
        self.write("service/a.cc", '#include "engine/door.h"\n#include "storage/door.h"\n'
                                   '#include "config/door.h"\n#include <grpcpp/grpcpp.h>\n')
        self.write("clients/cpp/a.cc", '#include "tasker/v1/task_service.grpc.pb.h"\n')
        self.write("clients/cli/a.cc", '#include "config/door.h"\n#include "CLI/CLI.hpp"\n')
        self.write("tests/engine/a.cc", '#include "engine/door.h"\n#include "storage/door.h"\n')
        self.assert_clean()

    def test_each_forbidden_way_between_rooms_is_caught_at_its_line(self):
        forbidden = [
            ("engine", "storage"), ("engine", "config"), ("engine", "service"),
            ("engine", "clients/cpp"), ("engine", "tests"),
            ("storage", "engine"), ("storage", "config"), ("storage", "service"),
            ("config", "storage"), ("config", "service"), ("config", "clients/cli"),
            ("service", "clients/cpp"), ("service", "tests"),
            ("clients/cpp", "engine"), ("clients/cpp", "storage"), ("clients/cpp", "service"),
            ("clients/cpp", "config"),
            ("clients/cli", "engine"), ("clients/cli", "storage"), ("clients/cli", "service"),
        ]
        for room, other in forbidden:
            with self.subTest(room=room, other=other):
                file = f"{room}/breach.cc"
                self.write(file, f'#include <string>\n\n#include "{other}/door.h"\n')
                self.assert_breach(f"{file}:3", room, f"{other}/door.h")
                (self.root / file).unlink()

    def test_clients_know_the_contract_and_not_the_records(self):
        self.write("clients/cpp/a.cc", '#include "tasker/storage/v1/records.pb.h"\n')
        self.assert_breach("clients/cpp/a.cc:1", "protos/tasker/storage/v1")

    def test_a_client_finds_its_own_public_headers(self):
        self.write("clients/cpp/include/tasker/client/worker.h", HEADER)
        self.write("clients/cpp/src/a.cc", '#include "tasker/client/worker.h"\n')
        self.assert_clean()

    def test_cpp_outside_the_rooms_is_caught(self):
        self.write("scratch/a.cc", "int a;\n")
        self.assert_breach("scratch/a.cc:1", "outside the rooms")


class LibrariesOfRooms(MadeUpTree):

    def test_each_library_out_of_place_is_caught(self):
        out_of_place = [
            ("engine", "grpcpp/grpcpp.h", "gRPC"), ("engine", "rocksdb/db.h", "RocksDB"),
            ("engine", "spdlog/spdlog.h", "spdlog"), ("engine", "nlohmann/json.hpp", "nlohmann"),
            ("engine", "tasker/v1/task_service.grpc.pb.h", "gRPC"),
            ("engine", "boost/asio.hpp", "does not know"),
            ("storage", "grpcpp/grpcpp.h", "gRPC"), ("storage", "yaml.h", "libyaml"),
            ("config", "rocksdb/db.h", "RocksDB"), ("config", "grpcpp/grpcpp.h", "gRPC"),
            ("clients/cpp", "rocksdb/db.h", "store"),
        ]
        for room, header, word in out_of_place:
            with self.subTest(room=room, header=header):
                self.write(f"{room}/breach.cc", f"#include <{header}>\n")
                self.assert_breach(f"{room}/breach.cc:1", word)
                (self.root / room / "breach.cc").unlink()


class PureEngine(MadeUpTree):

    def test_headers_of_threads_clocks_chance_and_io_are_caught(self):
        for header in ("thread", "mutex", "shared_mutex", "condition_variable", "atomic", "random",
                       "fstream", "iostream", "filesystem", "ctime", "unistd.h", "sys/time.h",
                       "absl/synchronization/mutex.h", "absl/time/clock.h",
                       "absl/random/random.h"):
            with self.subTest(header=header):
                self.write("engine/a.cc", f"// A comment.\n#include <{header}>\n")
                self.assert_breach("engine/a.cc:2", header)

    def test_calls_of_clocks_chance_threads_and_io_are_caught(self):
        for code in ("auto t = std::chrono::system_clock::now();",
                     "auto t = steady_clock :: now();",
                     "auto t = absl::Now();", "auto t = time(nullptr);", "auto t = ::time(0);",
                     "gettimeofday(&t, nullptr);", "clock_gettime(CLOCK_REALTIME, &t);",
                     "int x = rand();", "int x = std::rand();", "std::random_device d;",
                     "std::mt19937_64 g;", "std::this_thread::yield();", "std::thread t;",
                     "thread_local int x;", "std::cerr << 1;", 'auto e = std::getenv("HOME");'):
            with self.subTest(code=code):
                self.write("engine/a.cc", f"int a;\n\n{code}\n")
                self.assert_breach("engine/a.cc:3", "engine/ may not use")

    def test_the_same_words_in_comments_strings_and_names_are_no_breach(self):
        self.write("engine/a.cc", "\n".join([
            "// Never calls std::chrono::system_clock::now().",
            "/* #include <thread>",
            "   rand() */",
            'const char* kText = "time(nullptr) std::thread";',
            'const char* kRaw = R"(#include <mutex>',
            'std::cerr)";',
            "int limit = 1'000'000; int brand(int); Timestamp time() const; a.time(0);",
            "using Timestamp = std::chrono::sys_time<Duration>;", ""]))
        self.assert_clean()

    def test_other_rooms_may_read_clocks(self):
        self.write("service/a.cc", "#include <thread>\nauto t = std::chrono::steady_clock::now();\n")
        self.assert_clean()


class ShapeOfFiles(MadeUpTree):

    def test_a_file_may_have_600_lines_and_no_more(self):
        self.write("service/long.cc", "int a;\n" * rules.LINES_MAX)
        self.assert_clean()
        self.write("service/long.cc", "int a;\n" * (rules.LINES_MAX + 1))
        self.assert_breach("service/long.cc:601", "601 lines")

    def test_python_and_protos_are_measured_too(self):
        self.write("clients/python/README.md", "What lives here.\n")
        self.write("clients/python/long.py", "a = 1\n" * 601)
        self.assert_breach("clients/python/long.py:601", "601 lines")

    def test_names_without_a_subject_are_caught(self):
        self.write("service/utils.cc", "int a;\n")
        self.assert_breach("service/utils.cc:1", "'utils'")

    def test_a_room_without_a_readme_is_caught(self):
        (self.root / "storage/README.md").unlink()
        self.assert_breach("storage/README.md:1", "missing")

    def test_a_client_without_a_readme_is_caught(self):
        self.write("clients/go/client.go", "package client\n")
        self.assert_breach("clients/go/README.md:1", "missing")

    def test_a_header_without_a_comment_is_caught(self):
        self.write("engine/bare.h", "#pragma once\n")
        self.assert_breach("engine/bare.h:1", "comment")

    def test_a_header_without_a_guard_is_caught(self):
        self.write("engine/bare.h", "// What it is.\n")
        self.assert_breach("engine/bare.h:1", "#pragma once")

    def test_built_and_hidden_folders_are_left_alone(self):
        for folder in ("build", "build-asan", ".cache", "node_modules", "service/_generated"):
            self.write(f"{folder}/generated.cc", "#include <thread>\n" * 700)
        self.assert_clean()

    def test_the_public_contract_may_not_import_records(self):
        self.write("protos/tasker/v1/task.proto",
                   'syntax = "proto3";\nimport "tasker/storage/v1/records.proto";\n')
        self.assert_breach("protos/tasker/v1/task.proto:2", "records")


class CommandLine(MadeUpTree):

    def run_main(self, *arguments: str) -> tuple[int, str]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = check_rules.main(list(arguments))
        return code, printed.getvalue()

    def test_a_clean_tree_exits_0_and_says_how_much_was_looked_at(self):
        self.assertEqual(self.run_main(str(self.root)), (0, "6 files, 0 breaches\n"))

    def test_a_breach_is_printed_and_exits_1(self):
        self.write("engine/a.cc", "#include <thread>\n")
        code, printed = self.run_main(str(self.root))
        self.assertEqual(code, 1)
        self.assertIn("engine/a.cc:1: ", printed)

    def test_a_root_without_sources_is_no_success(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(self.run_main(empty)[0], 2)

    def test_a_missing_root_is_no_success(self):
        self.assertEqual(self.run_main(str(self.root / "none"))[0], 2)
        self.assertEqual(self.run_main()[0], 2)


class SourceText(unittest.TestCase):

    def test_lines_stay_where_they_were(self):
        text = '/* a\n b */ #include <x>\n// "\n#include "y"\nauto s = R"(\n#include "z"\n)";\n'
        found = source_text.includes('/* a\n b */\n#include <x>\n// "\n#include "y"\n')
        self.assertEqual([(include.line, include.path) for include in found],
                         [(3, "x"), (5, "y")])
        self.assertEqual(source_text.code_only(text).count("\n"), text.count("\n"))

    def test_includes_that_are_commented_out_do_not_count(self):
        self.assertEqual(source_text.includes('// #include <a>\n/*\n#include <b>\n*/\n'), [])


if __name__ == "__main__":
    unittest.main()
