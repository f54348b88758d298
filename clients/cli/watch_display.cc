#include "clients/cli/watch_display.h"

#include <optional>

#include "clients/cli/live_screen.h"
#include "clients/cli/task_changes.h"
#include "clients/cli/task_view.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

class LiveDisplay : public WatchDisplay {
 public:
  explicit LiveDisplay(Console& console) : console_(console), screen_(console) {}

  void Update(const v1::Task& task, absl::Time now) override {
    task_ = task;
    Tick(now);
  }

  void Tick(absl::Time now) override {
    if (!task_) return;
    const TerminalSize size = console_.size();
    // The cursor rests on a line of its own below the view.
    const TaskViewOptions options{.width = size.width,
                                  .height = size.height - 1,
                                  .color = console_.color,
                                  .animated = true,
                                  .notice = notice_};
    screen_.Draw(RenderTask(*task_, now, options), size.width);
  }

  void SetNotice(const std::string& notice) override { notice_ = notice; }

  absl::Duration tick_interval() const override { return absl::Milliseconds(100); }

 private:
  Console& console_;
  LiveScreen screen_;
  std::optional<v1::Task> task_;
  std::string notice_;
};

class LogDisplay : public WatchDisplay {
 public:
  explicit LogDisplay(Console& console) : console_(console) {}

  void Update(const v1::Task& task, absl::Time now) override {
    for (const auto& line : DescribeChanges(task_ ? &*task_ : nullptr, task, now)) {
      console_.out << line << '\n';
    }
    console_.out.flush();
    task_ = task;
  }

  void Tick(absl::Time) override {}

  void SetNotice(const std::string& notice) override {
    if (!notice.empty()) console_.err << "tasker: " << EscapeControls(notice) << '\n';
  }

  absl::Duration tick_interval() const override { return absl::Hours(1); }

 private:
  Console& console_;
  std::optional<v1::Task> task_;
};

class SilentDisplay : public WatchDisplay {
 public:
  void Update(const v1::Task&, absl::Time) override {}
  void Tick(absl::Time) override {}
  void SetNotice(const std::string&) override {}
  absl::Duration tick_interval() const override { return absl::Hours(1); }
};

}  // namespace

std::unique_ptr<WatchDisplay> MakeLiveDisplay(Console& console) {
  return std::make_unique<LiveDisplay>(console);
}

std::unique_ptr<WatchDisplay> MakeLogDisplay(Console& console) {
  return std::make_unique<LogDisplay>(console);
}

std::unique_ptr<WatchDisplay> MakeSilentDisplay() { return std::make_unique<SilentDisplay>(); }

}  // namespace tasker::cli
