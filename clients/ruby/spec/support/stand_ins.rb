# frozen_string_literal: true

require 'json'
require 'socket'
require 'webrick'

# Systems that subscribers tell of what happens, on the loopback interface. Each speaks its protocol as the real one
# does, and refuses what the real one would.
module StandIns
  # An HTTP service. `received` are the requests that were taken; `answers` are given first, as pairs of a status and
  # headers, before any request is looked at.
  class Http
    attr_reader :received, :answers, :refusals

    def initialize
      @received = Thread::Queue.new
      @answers = []
      @refusals = []
      @server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: 0, AccessLog: [], Logger: WEBrick::Log.new(IO::NULL))
      @server.mount_proc('/') { |request, response| serve(request, response) }
      @thread = Thread.new { @server.start }
    end

    def port
      @server.config[:Port]
    end

    # The next request that was taken.
    def await
      Timeout.timeout(PATIENCE_S) { received.pop }
    end

    def stop
      @server.shutdown
      @thread.join
    end

    private

    def serve(request, response)
      if (status, headers = @answers.shift)
        response.status = status
        headers&.each { |name, value| response[name] = value }
      else
        refusal = refusal_of(request)
        @refusals << refusal if refusal
        answer(refusal, response)
      end
    end

    def json(text)
      JSON.parse(text)
    rescue JSON::ParserError
      nil
    end
  end

  # hooks.slack.com: JSON with a text or blocks; `ok`, or 400 with a word.
  class Slack < Http
    BLOCK_TEXTS = %w[mrkdwn plain_text].freeze

    def url
      "http://127.0.0.1:#{port}/services/T0/B0/x"
    end

    private

    def refusal_of(request)
      return 'no_service' unless request.path == '/services/T0/B0/x'

      message = json(request.body)
      return 'invalid_payload' unless message.is_a?(Hash) && request.content_type.start_with?('application/json')
      return 'no_text' if message['text'].to_s.empty? && message['blocks'].nil?
      return 'invalid_blocks' unless message.fetch('blocks', []).all? { |block| section?(block) }

      received << message
      nil
    end

    def section?(block)
      texts = [block['text'], *block['fields']].compact
      block['type'] == 'section' && texts.any? && texts.size <= 11 &&
        texts.all? { |text| BLOCK_TEXTS.include?(text['type']) && (1..3000).cover?(text['text'].size) }
    end

    def answer(refusal, response)
      response.status = refusal ? 400 : 200
      response.body = refusal || 'ok'
    end
  end

  # events.pagerduty.com: 202 with the key, or 400 with a list of what is wrong.
  class PagerDuty < Http
    KEY = 'r' * 32
    SEVERITIES = %w[critical error warning info].freeze

    def url
      "http://127.0.0.1:#{port}/v2/enqueue"
    end

    private

    def refusal_of(request)
      event = json(request.body)
      return ['invalid JSON'] unless event.is_a?(Hash) && request.path == '/v2/enqueue' && request.request_method == 'POST'

      faults = faults_of(event)
      return faults if faults.any?

      @key = event['dedup_key']
      received << event
      nil
    end

    def faults_of(event)
      faults = []
      faults << "'routing_key' is invalid" unless event['routing_key'] == KEY
      faults << "'event_action' is invalid" unless %w[trigger acknowledge resolve].include?(event['event_action'])
      faults << "'dedup_key' is invalid" unless (1..255).cover?(event['dedup_key'].to_s.size)
      faults.concat(payload_faults(event['payload'])) if event['event_action'] == 'trigger'
      faults
    end

    def payload_faults(payload)
      return ["'payload' is missing or blank"] unless payload.is_a?(Hash)

      faults = %w[summary source].select { |name| payload[name].to_s.empty? }.map { |name| "'payload.#{name}' is missing or blank" }
      faults << "'payload.summary' is too long" if payload['summary'].to_s.size > 1024
      faults << "'payload.severity' is invalid (must be one of: #{SEVERITIES.join(', ')})" unless SEVERITIES.include?(payload['severity'])
      Time.iso8601(payload['timestamp']) if payload['timestamp']
      faults
    rescue ArgumentError
      ["'payload.timestamp' is invalid"]
    end

    def answer(refusal, response)
      response['Content-Type'] = 'application/json'
      response.status = refusal ? 400 : 202
      response.body = JSON.generate(refusal ? { status: 'invalid event', message: 'Event object is invalid', errors: refusal } :
                                              { status: 'success', message: 'Event processed', dedup_key: @key })
    end
  end

  # Sentry's ingestion of envelopes: a header's line, then for each item a line of its own header and so many bytes.
  class Sentry < Http
    LEVELS = %w[fatal error warning info debug].freeze

    def dsn
      "http://#{'p' * 32}@127.0.0.1:#{port}/42"
    end

    private

    def refusal_of(request)
      return 'bad project' unless request.path == '/api/42/envelope/' && request.content_type == 'application/x-sentry-envelope'

      auth = request['X-Sentry-Auth'].to_s.delete_prefix('Sentry ').split(/, ?/).to_h { |pair| pair.split('=', 2) }
      return 'missing authorization information' unless auth['sentry_key'] == 'p' * 32 && auth['sentry_version'] == '7'

      header, item = request.body.b.split("\n", 3).first(2).map { |line| json(line) }
      event = item && json(request.body.b.split("\n", 3)[2].byteslice(0, item['length']).force_encoding('UTF-8'))
      fault = fault_of(header, item, event, request.body)
      received << event unless fault
      fault
    end

    def fault_of(header, item, event, body)
      return 'invalid envelope header' unless header.is_a?(Hash) && header['event_id'].to_s.match?(/\A\h{32}\z/)
      return 'invalid item header' unless item['type'] == 'event'
      return 'invalid item length' unless body.b.split("\n", 3)[2].chomp.bytesize == item['length']
      return 'invalid event' unless event && event['event_id'] == header['event_id'] && LEVELS.include?(event['level'])

      Time.iso8601(header['sent_at']) && Time.iso8601(event['timestamp'])
      values = event.dig('exception', 'values')
      'invalid exception' unless values.is_a?(Array) && values.all? { |value| value['type'] && value['value'] }
    end

    def answer(refusal, response)
      response['Content-Type'] = 'application/json'
      response.status = refusal ? 400 : 200
      response.body = JSON.generate(refusal ? { detail: refusal } : { id: 'taken' })
    end
  end

  # An agent of StatsD with DogStatsD's tags, on UDP.
  class Statsd
    METRIC = /\A(?<name>[\w.]+):(?<value>-?\d+(\.\d+)?(e-?\d+)?)\|(?<type>c|g|ms|h|d)(\|@(?<rate>[\d.]+))?(\|#(?<tags>[^|]*))?\z/.freeze

    def initialize
      @socket = UDPSocket.new.tap { |socket| socket.bind('127.0.0.1', 0) }
    end

    def address
      "127.0.0.1:#{@socket.addr[1]}"
    end

    # The next metric: name, value, type and a Hash of tags. Fails on a datagram that is none.
    def await
      text, = Timeout.timeout(PATIENCE_S) { @socket.recvfrom(8192) }
      metric = METRIC.match(text.force_encoding('UTF-8')) or raise "no metric: #{text}"
      [metric[:name], Float(metric[:value]), metric[:type], metric[:tags].to_s.split(',').to_h { |tag| tag.split(':', 2) }]
    end

    def stop
      @socket.close
    end
  end
end
