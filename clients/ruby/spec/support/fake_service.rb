# frozen_string_literal: true

# The services that clients and subscribers call, scripted by a spec: `requests` are what came, `answers` blocks by
# the call's name that are given the request.
class FakeService
  V1 = Tasker::V1

  attr_reader :address, :answers

  def initialize
    @requests = Thread::Queue.new
    @answers = {}
    @server = GRPC::RpcServer.new(pool_size: 8, poll_period: 1)
    @address = "127.0.0.1:#{@server.add_http2_port('127.0.0.1:0', :this_port_is_insecure)}"
    [V1::TaskService, V1::OperatorService, V1::EventService, V1::TemplateService, V1::HandlerService].each { |each| serve(each) }
    @thread = Thread.new { @server.run }
    @server.wait_till_running
  end

  # The next request that came; with its metadata.
  def await_request
    Timeout.timeout(PATIENCE_S) { @requests.pop }
  end

  def stop
    @server.stop
    @thread.join
  end

  private

  def serve(service)
    fake = self
    kind = Class.new(service::Service) do
      service::Service.rpc_descs.each do |name, description|
        next if description.input.is_a?(GRPC::RpcDesc::Stream)

        method = GRPC::GenericService.underscore(name.to_s).to_sym
        define_method(method) { |request, call| fake.answer(method, request, call, description.output) }
      end
    end
    @server.handle(kind.new)
  end

  public

  def answer(method, request, call, output)
    @requests << [method, request, call.metadata]
    block = answers[method]
    return block.call(request) if block
    raise GRPC::Unimplemented, method.to_s if output.is_a?(GRPC::RpcDesc::Stream)

    output.new
  end
end

# For examples tagged `:service`.
module FakeServices
  def service
    @service ||= FakeService.new
  end
end

RSpec.configure do |config|
  config.include FakeServices, :service
  config.after(:each, :service) { @service&.stop }
end
