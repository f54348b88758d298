# frozen_string_literal: true

require 'grpc'
require 'tasker/errors'
require 'tasker/stubs'

module Tasker
  # How every part of this library reaches the service: addresses, TLS, access token.
  class Connection
    # Frames are bounded by the service's own limits, not by gRPC's default of 4 MiB. A service that was
    # restarted is found again at once. The keepalive is there for the time-out that comes with it: a peer that
    # takes no bytes for 20 s is gone; pings more frequent than every 5 minutes would end the connection.
    CHANNEL_ARGS = {
      'grpc.max_receive_message_length' => -1,
      'grpc.max_send_message_length' => -1,
      'grpc.use_local_subchannel_pool' => 1,
      'grpc.initial_reconnect_backoff_ms' => 50,
      'grpc.min_reconnect_backoff_ms' => 5_000,
      'grpc.max_reconnect_backoff_ms' => 1_000,
      'grpc.keepalive_time_ms' => 360_000,
      'grpc.keepalive_timeout_ms' => 20_000,
      'grpc.http2.max_pings_without_data' => 0
    }.freeze

    CODES = GRPC::Core::StatusCodes.constants.to_h { |name| [GRPC::Core::StatusCodes.const_get(name), name.downcase] }.freeze

    # What a gRPC status is called here, such as `:not_found`.
    def self.code_name(number)
      CODES.fetch(number, :unknown)
    end

    # Runs the block; gRPC's errors become ServiceErrors.
    def self.translate_errors
      yield
    rescue GRPC::BadStatus => e
      raise ServiceError.new(code_name(e.code), e.details)
    rescue GRPC::Core::CallError => e
      raise ServiceError.new(:unavailable, e.message)
    end

    # addresses: `host:port`, a list of them, or one text with commas. tls: nil for none, or a Hash with any of
    # `ca_file`, `cert_file`, `key_file` (PEM) and `server_name` (the name in the certificate, if it is not the
    # address's). token: text, or what gives the current one when called.
    def initialize(addresses, tls: nil, token: nil)
      @addresses = Array(addresses).flat_map { |each| each.split(',') }.map(&:strip).reject(&:empty?)
      raise ArgumentError, 'at least one address, host:port, is needed' if @addresses.empty?

      @tls = tls
      @token = token
      @lock = Mutex.new
      @next = rand(@addresses.size)
      @channels = {}
    end

    # The address in use.
    def address
      @lock.synchronize { @addresses[@next] }
    end

    # Goes over to the next one.
    def rotate
      @lock.synchronize { @next = (@next + 1) % @addresses.size }
    end

    # A stub of the service (such as V1::TaskService) at the address in use.
    def stub(service)
      channel = @lock.synchronize { @channels[@addresses[@next]] ||= open(@addresses[@next]) }
      service::Stub.new('', nil, channel_override: channel)
    end

    # The access token to send now; nil: none.
    def token
      value = @token.respond_to?(:call) ? @token.call : @token
      value.nil? || value.empty? ? nil : value
    end

    # Whether the token may be another the next time.
    def renewable_token?
      @token.respond_to?(:call)
    end

    # What goes with a call.
    def metadata(token = self.token)
      token ? { 'authorization' => "Bearer #{token}" } : {}
    end

    # Calls what is in flight may still use the channels; they end by themselves.
    def close
      @lock.synchronize do
        @channels.each_value(&:close)
        @channels.clear
      end
    end

    private

    def open(address)
      arguments = CHANNEL_ARGS
      server_name = @tls && @tls[:server_name]
      arguments = arguments.merge('grpc.ssl_target_name_override' => server_name) if server_name
      GRPC::Core::Channel.new(address, arguments, credentials)
    end

    def credentials
      return :this_channel_is_insecure unless @tls

      GRPC::Core::ChannelCredentials.new(*%i[ca_file key_file cert_file].map { |each| @tls[each] && File.read(@tls[each]) })
    end
  end
end
