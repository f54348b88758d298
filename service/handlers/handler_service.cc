#include "service/handlers/handler_service.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "service/handlers/handler_stream.h"

namespace tasker::service {
namespace {

// A stream that is refused before it begins.
class RefusedStream final
    : public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  explicit RefusedStream(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

bool Serves(const v1::ConnectedHandler& handler, const std::string& handler_class) {
  return handler_class.empty() ||
         std::ranges::any_of(handler.handler_classes(), [&](const v1::HandlerClass& served) {
           return served.handler_class() == handler_class;
         });
}

}  // namespace

grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>* HandlerService::Connect(
    grpc::CallbackServerContext* context) {
  if (draining_) {
    return new RefusedStream({grpc::StatusCode::UNAVAILABLE, "the service stops"});
  }
  return HandlerStream::Begin(context, &limits_, &runner_, &sessions_);
}

grpc::ServerUnaryReactor* HandlerService::ListHandlers(grpc::CallbackServerContext* context,
                                                       const v1::ListHandlersRequest* request,
                                                       v1::ListHandlersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // How much each holds is the engine's to say.
  runner_.Inspect([this, reactor, response,
                   wanted = request->handler_class()](const engine::Partition* partition) {
    if (partition == nullptr) {
      reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the service stops"});
      return;
    }
    for (const std::shared_ptr<HandlerStream>& stream : sessions_.All()) {
      std::optional<v1::ConnectedHandler> handler = stream->Describe();
      if (!handler || !Serves(*handler, wanted)) continue;
      handler->set_in_flight(partition->InFlightOf(stream->session()));
      *response->add_handlers() = *std::move(handler);
    }
    std::ranges::sort(*response->mutable_handlers(), {}, [](const v1::ConnectedHandler& handler) {
      return std::tie(handler.name(), handler.instance_id());
    });
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

void HandlerService::Drain() {
  draining_ = true;
  for (const std::shared_ptr<HandlerStream>& stream : sessions_.All()) {
    runner_.Submit(engine::DrainHandler{stream->session()}, nullptr);
    stream->AddDrain("the service stops");
    stream->Flush();
  }
}

}  // namespace tasker::service
