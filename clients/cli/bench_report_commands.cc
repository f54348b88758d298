// `tasker bench all` and `tasker bench growth`: many cases in one go.
#include <fstream>

#include "clients/bench/growth.h"
#include "clients/bench/target_table.h"
#include "clients/cli/bench_commands.h"

namespace tasker::cli {
namespace {

std::chrono::milliseconds Millis(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

void BenchCommands::AddAll(CLI::App& bench) {
  all_ = bench.add_subcommand("all", "Measure every workload, and print the table of targets");
  all_->add_flag("--short", short_,
                 "Only prove that each of them works, in a fraction of a second");
  all_->add_flag("--without-typescript", without_typescript_,
                 "Leave out the TypeScript handler, which has to be built");
  all_->add_option("--folder", folder_, "Also write targets.md and targets.json there");
}

void BenchCommands::AddGrowth(CLI::App& bench) {
  growth_ = bench.add_subcommand(
      "growth", "Measure how the cost grows: growth.json, and a plot (SVG) for each subject");
  growth_->add_option("--folder", folder_, "Where to write them")->required();
  growth_
      ->add_option("--subjects", subjects_,
                   "in_flight, stored, steps, payload; all where not given")
      ->delimiter(',')
      ->check(CLI::IsMember({"in_flight", "stored", "steps", "payload"}).description(""));
  growth_->add_option("--stored-max", stored_max_, "Finished tasks to make, at most")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  growth_->add_option("--in-flight-max", in_flight_max_, "Tasks in flight, at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  growth_->add_option("--steps-max", steps_max_, "Steps of a task, at most")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  growth_->add_option("--payload-max", payload_max_, "Bytes of a payload, at most")
      ->check(CLI::Range(100, 4 << 20))
      ->capture_default_str();
}

ExitCode BenchCommands::MeasureAll() {
  bench::TableOptions options;
  options.bed = bed_;
  options.runs = runs_;
  options.window = Millis(seconds_);
  options.warmup = Millis(warmup_);
  options.short_form = short_;
  options.typescript = !without_typescript_;
  options.ledger = ledger_;
  const auto files = InstanceFiles();
  if (!files.ok()) return Report(files.status());
  options.instances = *files;
  bench::Interrupt interrupt;
  const auto table =
      bench::MeasureTable(options, interrupt, [this](const std::string& line) { Progress(line); });
  if (!table.ok()) return Report(table.status());
  const std::string json = bench::ToJson(*table).dump(2) + "\n";
  const std::string markdown = bench::ToMarkdown(*table);
  session_.console.out << (session_.json() ? json : markdown);
  if (!folder_.empty()) {
    std::ofstream(folder_ + "/targets.md") << markdown;
    std::ofstream written(folder_ + "/targets.json");
    written << json;
    written.close();
    if (!written) return Report(absl::NotFoundError("cannot write into " + folder_));
  }
  return table->failures == 0 ? ExitCode::kOk : ExitCode::kRefused;
}

ExitCode BenchCommands::MeasureGrowth() {
  bench::GrowthOptions options;
  options.bed = bed_;
  if (!subjects_.empty()) options.subjects = subjects_;
  options.in_flight_max = in_flight_max_;
  options.stored_max = stored_max_;
  options.steps_max = steps_max_;
  options.payload_bytes_max = payload_max_;
  options.runs = runs_;
  options.window = Millis(seconds_);
  options.warmup = Millis(warmup_);
  bench::Interrupt interrupt;
  const auto curves =
      bench::MeasureGrowth(options, interrupt, [this](const std::string& line) { Progress(line); });
  if (!curves.ok()) return Report(curves.status());
  if (absl::Status written = bench::WriteGrowth(*curves, folder_); !written.ok()) {
    return Report(written);
  }
  session_.console.out << "written to " << folder_ << "\n";
  return ExitCode::kOk;
}

}  // namespace tasker::cli
