#include "tests/bench/followers.h"

#include <atomic>
#include <csignal>
#include <iostream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include "clients/bench/channels.h"
#include "clients/bench/roll.h"
#include "tasker/v1/event_service.grpc.pb.h"

namespace tasker::bench {
namespace {

constexpr char kReady[] = "all are there";
constexpr char kMethod[] = "/tasker.v1.EventService/Subscribe";

// Events in a SubscribeResponse: counted by the lengths of its fields, since reading them would
// cost more than sending them.
std::uint64_t CountEvents(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return 0;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  constexpr std::uint32_t kLengthDelimited = 2;
  std::uint64_t events = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint32_t length = 0;
    if ((tag & 7) != kLengthDelimited) {
      if (!in.ReadVarint32(&length)) break;
      continue;
    }
    if (!in.ReadVarint32(&length) || !in.Skip(static_cast<int>(length))) break;
    if (tag >> 3 == v1::SubscribeResponse::kEventsFieldNumber) ++events;
  }
  return events;
}

class Follower final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Follower(const std::shared_ptr<grpc::Channel>& channel, const v1::SubscribeRequest& request,
           bool reads, Roll& roll)
      : roll_(roll), reads_(reads), stub_(channel) {
    bool own = false;
    grpc::SerializationTraits<v1::SubscribeRequest>::Serialize(request, &request_, &own);
    stub_.PrepareBidiStreamingCall(&context_, kMethod, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    events_.fetch_add(CountEvents(response_), std::memory_order_relaxed);
    const bool first = !std::exchange(there_, true);
    if (first) roll_.Arrived();
    if (reads_ || !first) StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    roll_.Ended(status);
    done_.Notify();
  }
  void End() {
    context_.TryCancel();
    done_.WaitForNotification();
  }
  std::uint64_t events() const { return events_.load(std::memory_order_relaxed); }

 private:
  Roll& roll_;
  const bool reads_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::atomic<std::uint64_t> events_ = 0;
  bool there_ = false;
  absl::Notification done_;
};

// A filter of its own for each number.
v1::EventFilter PickyFilter(std::uint32_t number) {
  v1::EventFilter filter;
  switch (number % 3) {
    case 0:
      filter.add_task_ids(absl::StrCat("ffffffff-0000-0000-0000-", 100'000'000'000 + number));
      break;
    case 1:
      filter.add_names(absl::StrCat("bench.event_", number));
      break;
    default:
      filter.set_namespace_(absl::StrCat("bench_", number));
      filter.add_names("*.completed");
  }
  return filter;
}

using FollowerPtr = std::unique_ptr<Follower>;

std::vector<FollowerPtr> Connect(const std::string& address, const FollowerCounts& counts,
                                 std::uint32_t connections, Roll& roll) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (std::uint32_t i = 0; i < connections; ++i) channels.push_back(OpenChannel(address));
  const auto aside = OpenChannel(address);
  std::vector<FollowerPtr> followers;
  for (std::uint32_t i = 0; i < counts.all(); ++i) {
    v1::SubscribeRequest request;
    const bool is_picky = i >= counts.greedy && i < counts.greedy + counts.picky;
    const bool is_stuck = i >= counts.greedy + counts.picky;
    if (is_picky) *request.mutable_filter() = PickyFilter(i);
    followers.push_back(std::make_unique<Follower>(is_stuck ? aside : channels[i % connections],
                                                   request, !is_stuck, roll));
  }
  return followers;
}

}  // namespace

int RunFollowers(const std::string& address, const FollowerCounts& counts,
                 std::uint32_t connections, int nice) {
  // Before there are threads, which all take it over.
  if (setpriority(PRIO_PROCESS, 0, nice) != 0) std::cerr << "cannot be made nice\n";
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Roll roll;
  const std::vector<FollowerPtr> followers = Connect(address, counts, connections, roll);
  absl::Status status = roll.Await(counts.all());
  if (status.ok()) {
    std::cout << kReady << std::endl;
    int signal = 0;
    while (sigwait(&signals, &signal) == 0 && signal == SIGUSR1) {
      std::vector<std::uint64_t> received;
      for (std::uint32_t i = 0; i < counts.greedy; ++i) received.push_back(followers[i]->events());
      std::cout << absl::StrJoin(received, " ") << std::endl;
    }
    status = roll.error();
  }
  for (const FollowerPtr& each : followers) each->End();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

absl::StatusOr<std::unique_ptr<Followers>> Followers::Start(const std::string& self,
                                                            const std::string& address,
                                                            const FollowerCounts& counts,
                                                            std::uint32_t connections, int nice,
                                                            const std::string& output) {
  std::unique_ptr<Followers> made(new Followers);
  auto process = ChildProcess::Start(
      {self, "follow", "--address", address, "--greedy", std::to_string(counts.greedy), "--picky",
       std::to_string(counts.picky), "--stuck", std::to_string(counts.stuck), "--connections",
       std::to_string(connections), "--nice", std::to_string(nice)},
      output);
  if (!process.ok()) return process.status();
  made->process_ = *std::move(process);
  const absl::StatusOr<std::string> ready = made->AwaitLine(made->lines_++);
  if (!ready.ok()) return ready.status();
  if (*ready != kReady) return absl::UnavailableError(*ready);
  return made;
}

absl::StatusOr<std::vector<std::uint64_t>> Followers::Received() {
  kill(process_->pid(), SIGUSR1);
  const absl::StatusOr<std::string> line = AwaitLine(lines_++);
  if (!line.ok()) return line.status();
  std::vector<std::uint64_t> received;
  for (const absl::string_view text : absl::StrSplit(*line, ' ', absl::SkipEmpty())) {
    if (!absl::SimpleAtoi(text, &received.emplace_back())) return absl::UnavailableError(*line);
  }
  return received;
}

absl::StatusOr<std::string> Followers::AwaitLine(std::size_t number) {
  std::vector<std::string> lines;
  const absl::Status written = process_->AwaitOutput([&](const std::string& text) {
    lines = absl::StrSplit(text, '\n');
    // The last one is what follows the last line's end.
    return lines.size() > number + 1;
  });
  if (!written.ok()) return written;
  return lines[number];
}

}  // namespace tasker::bench
