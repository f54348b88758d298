// What the program tells the shell.
#pragma once

namespace tasker::cli {

// Part of the program's interface, and listed in `--help`: scripts depend on the numbers.
enum class ExitCode : int {
  kOk = 0,
  // The service refused, the task watched ended in any state but `complete`, a file that was to be
  // checked has mistakes, or a file is in the way of one that was to be generated.
  kRefused = 1,
  // Arguments that make no sense, or a file that cannot be read.
  kUsage = 2,
  // The service does not answer.
  kUnreachable = 3,
};

}  // namespace tasker::cli
