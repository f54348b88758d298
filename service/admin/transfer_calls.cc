#include "service/admin/transfer_calls.h"

#include <string>
#include <string_view>
#include <utility>

#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

// At any time either gRPC or the thread of maintenance has the call, so it needs no lock: whoever
// has it starts the next operation or ends it, and nothing touches it after that.
class ExportCall final : public grpc::ServerWriteReactor<v1::ExportRecordsResponse> {
 public:
  ExportCall(Exporter exporter, Maintenance* maintenance)
      : exporter_(std::move(exporter)), maintenance_(*maintenance) {
    WriteNext();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
    } else if (sent_ < lines_.size()) {
      WritePiece();
    } else {
      WriteNext();
    }
  }
  void OnDone() override { delete this; }

 private:
  // A task of many large results is one line, longer than any message may be.
  static constexpr std::size_t kPieceBytes = 1u << 20;

  void WriteNext() {
    const absl::Status posted = maintenance_.Post([this](const Maintenance::Cancelled&) {
      absl::StatusOr<std::string> lines = exporter_.Next();
      if (!lines.ok() || lines->empty()) {
        Finish(ToGrpc(lines.status()));
        return;
      }
      lines_ = *std::move(lines);
      sent_ = 0;
      WritePiece();
    });
    if (!posted.ok()) Finish(ToGrpc(posted));
  }

  void WritePiece() {
    const std::string_view piece = std::string_view(lines_).substr(sent_, kPieceBytes);
    sent_ += piece.size();
    response_.set_lines(piece.data(), piece.size());
    StartWrite(&response_);
  }

  Exporter exporter_;
  Maintenance& maintenance_;
  v1::ExportRecordsResponse response_;
  // What was read last, and how much of it has been sent.
  std::string lines_;
  std::size_t sent_ = 0;
};

// As above.
class ImportCall final : public grpc::ServerReadReactor<v1::ImportRecordsRequest> {
 public:
  ImportCall(Importer importer, Maintenance* maintenance, v1::ImportRecordsResponse* response)
      : importer_(std::move(importer)), maintenance_(*maintenance), response_(*response) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    const absl::Status posted = maintenance_.Post([this, ok](const Maintenance::Cancelled&) {
      const absl::Status taken = ok ? importer_.Take(request_.lines()) : importer_.Finish();
      response_ = importer_.counts();
      if (ok && taken.ok()) {
        StartRead(&request_);
      } else {
        Finish(ToGrpc(taken));
      }
    });
    if (!posted.ok()) Finish(ToGrpc(posted));
  }
  void OnDone() override { delete this; }

 private:
  Importer importer_;
  Maintenance& maintenance_;
  v1::ImportRecordsRequest request_;
  v1::ImportRecordsResponse& response_;
};

}  // namespace

grpc::ServerWriteReactor<v1::ExportRecordsResponse>* BeginExport(Exporter exporter,
                                                                 Maintenance* maintenance) {
  return new ExportCall(std::move(exporter), maintenance);
}

grpc::ServerReadReactor<v1::ImportRecordsRequest>* BeginImport(
    Importer importer, Maintenance* maintenance, v1::ImportRecordsResponse* response) {
  return new ImportCall(std::move(importer), maintenance, response);
}

}  // namespace tasker::service
