// The folder of templates, watched.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "service/templates/folder_watch.h"
#include "service/templates/scan_schedule.h"
#include "service/templates/template_files.h"

namespace tasker::service {

// Applies what the folder holds, and from Begin on what changes in it, on a thread of its own,
// `templates`. The folder may come later, go and come back. Public methods may be called from any
// thread, but for LoadNow and Begin.
class TemplateFolder {
 public:
  // `rescan`: how often to look though nothing was said to have changed: for file systems that do
  // not tell, such as those of a network; zero: never. `registry` must outlive it.
  TemplateFolder(std::string folder, std::chrono::milliseconds rescan, TemplateRegistry* registry);
  // Stops as Stop does.
  ~TemplateFolder() { Stop(); }
  TemplateFolder(const TemplateFolder&) = delete;
  TemplateFolder& operator=(const TemplateFolder&) = delete;

  // Loads what there is, on the caller's thread and on all cores, before the service has anything
  // else to do. Files that are just being written are waited for, up to a second.
  void LoadNow();

  // Watches the folder, and starts the thread, once. Error: UNAVAILABLE: the system gives none.
  absl::Status Begin();

  // What could not be stored can be stored now.
  void StoreIsBack();

  // Ends the thread, which finishes what it is applying. Idempotent.
  void Stop();

  // Never null.
  std::shared_ptr<const FolderReport> report() const { return files_.report(); }
  // Why changes are not noticed as they happen; empty if they are.
  std::string watch_problem() const;
  // Times that the system lost events, so that all was looked at anew.
  std::uint64_t overflows() const { return overflows_.load(std::memory_order_relaxed); }

 private:
  void Run();
  void Look();
  void SetWatchProblem(const absl::Status& status);

  const std::chrono::milliseconds rescan_;
  TemplateFiles files_;

  // Of the thread, but for Call.
  std::unique_ptr<FolderWatch> watch_;
  ScanSchedule schedule_;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> store_is_back_{false};
  std::atomic<std::uint64_t> overflows_{0};
  mutable absl::Mutex mutex_;
  std::string watch_problem_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex stop_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace tasker::service
