#include "clients/bench/ledger.h"

#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/str_format.h"

#include "clients/bench/figures.h"

namespace tasker::bench {
namespace {

struct Duty {
  std::string_view thread;
  std::string_view does;
};

constexpr std::array kDuties = {
    Duty{"partition",
         "takes commands, applies them, makes records; commits those that are not many"},
    Duty{"commit", "commits what is many: store, sync, release of what waited"},
    Duty{"events", "reads the event log for subscribers, filters and sends"},
    Duty{"grpcpp_sync_ser", "gRPC's calls: reading, parsing, checks at the door, replies"},
    Duty{"nexting_thread", "gRPC's callbacks: streams of handlers and subscribers"},
    Duty{"default-executo", "gRPC's callbacks: streams of handlers and subscribers"},
    Duty{"grpc_global_tim", "gRPC's timers and deferred work"},
    Duty{"timer_manager", "gRPC's timers and deferred work"},
    Duty{"subscriptions", "named subscriptions: what is delivered and acknowledged"},
    Duty{"rocksdb:low", "RocksDB's compactions"},
    Duty{"rocksdb:high", "RocksDB's flushes"},
    Duty{"maintenance", "retention"},
    Duty{"templates", "watches the folder of templates"},
    Duty{"civetweb-master", "takes in scrapes"},
    Duty{"civetweb-worker", "answers scrapes"},
    Duty{"taskerd", "waits for signals; some threads of gRPC bear this name too"},
};

double Micros(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

// The largest first; those that did nothing are left out.
void Arrange(std::vector<ThreadUsage>& threads) {
  std::erase_if(threads, [](const ThreadUsage& each) { return each.cpu.count() == 0; });
  std::ranges::sort(threads,
                    [](const ThreadUsage& a, const ThreadUsage& b) { return a.cpu > b.cpu; });
}

double SumOf(const std::vector<ThreadUsage>& threads) {
  double sum = 0;
  for (const ThreadUsage& each : threads) sum += Micros(each.cpu);
  return sum;
}

}  // namespace

std::string_view DutyOf(std::string_view thread_name) {
  const auto found = std::ranges::find(kDuties, thread_name, &Duty::thread);
  return found == kDuties.end() ? "?" : found->does;
}

nlohmann::ordered_json LedgerJson(std::vector<ThreadUsage> threads, double steps) {
  Arrange(threads);
  const double sum = SumOf(threads);
  const double per = steps > 0 ? steps : std::numeric_limits<double>::quiet_NaN();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const ThreadUsage& each : threads) {
    rows.push_back(
        {{"thread", each.name},
         {"does", DutyOf(each.name)},
         {"threads", each.threads},
         {"cpu_us_per_step", JsonNumber(Micros(each.cpu) / per)},
         {"share", Micros(each.cpu) / sum},
         {"waited_for_core_us_per_step", JsonNumber(Micros(each.waited_for_core) / per)},
         {"waits_per_step", JsonNumber(static_cast<double>(each.switches_to_wait) / per)},
         {"forced_switches_per_step",
          JsonNumber(static_cast<double>(each.switches_forced) / per)}});
  }
  return rows;
}

std::string LedgerTable(std::vector<ThreadUsage> threads, double steps) {
  Arrange(threads);
  const double sum = SumOf(threads);
  const double per = std::max(steps, 1.0);
  std::string table =
      absl::StrFormat("  %-16s %3s  %10s %6s  %13s  %9s  %9s  %s\n", "thread", "n", "CPU us/st",
                      "share", "waits for core", "sleeps/st", "forced/st", "does");
  for (const ThreadUsage& each : threads) {
    absl::StrAppendFormat(&table, "  %-16s %3d  %10.2f %5.1f%%  %14.2f  %9.3f  %9.3f  %s\n",
                          each.name, each.threads, Micros(each.cpu) / per,
                          100 * Micros(each.cpu) / sum, Micros(each.waited_for_core) / per,
                          static_cast<double>(each.switches_to_wait) / per,
                          static_cast<double>(each.switches_forced) / per, DutyOf(each.name));
  }
  absl::StrAppendFormat(&table, "  %-16s %3s  %10.2f\n", "all", "", sum / per);
  return table;
}

}  // namespace tasker::bench
