# frozen_string_literal: true

require 'tasker/errors'
require 'tasker/payload'
require 'tasker/stubs'
require 'tasker/times'

module Tasker
  class Worker
    # From what a handler did to what the engine is told.
    module Outcome
      INVALID_RESULTS = 'Tasker::InvalidResults'
      # An endless recursion has ten thousand frames, and says the same with a few.
      BACKTRACE_LINES_MAX = 100
      MESSAGE_BYTES_MAX = 16 << 10
      DETAILS_BYTES_MAX = 64 << 10

      module_function

      # A failure instead if the results are not JSON, or longer than the service takes.
      def success(token, results, payload_bytes_max)
        payload = Payload.bytes(results)
        if payload_bytes_max.positive? && payload.bytesize > payload_bytes_max
          return plain_failure(token, INVALID_RESULTS,
                               "the results have #{payload.bytesize} bytes, the limit is #{payload_bytes_max} bytes")
        end

        V1::StepResult.new(token: token, success: V1::StepSuccess.new(results: payload))
      rescue Payload::InvalidError => e
        plain_failure(token, INVALID_RESULTS, "the results are not JSON: #{e.message}")
      end

      def deferral(token, timeout)
        V1::StepResult.new(token: token, deferred: V1::Deferral.new(timeout: timeout && Times.duration(timeout)))
      end

      # What `error` makes of an attempt; `retryable` overrules it. `details`: whether the service takes them.
      def failure(token, error, retryable: !error.is_a?(PermanentError), details: true)
        proto = V1::Failure.new(error_class: class_name(error), message: message(error), backtrace: backtrace(error),
                                retryable: retryable)
        retry_after = error.retry_after if error.is_a?(RetryableError)
        proto.retry_after = Times.duration(retry_after) if retry_after && retryable
        add_details(proto, error) if details
        V1::StepResult.new(token: token, failure: proto)
      end

      # A permanent failure of this library's own making.
      def plain_failure(token, error_class, message)
        V1::StepResult.new(token: token, failure: V1::Failure.new(error_class: error_class, message: utf8(message), retryable: false))
      end

      def add_details(proto, error)
        proto.business = error.is_a?(BusinessError)
        details = error.respond_to?(:details) && error.details
        return unless details.respond_to?(:to_hash)

        json = Payload.bytes(details.to_hash)
        json = Payload.bytes(left_out: "#{json.bytesize} bytes of details are over the limit") if json.bytesize > DETAILS_BYTES_MAX
        proto.details = json
      rescue Payload::InvalidError => e
        proto.details = Payload.bytes(left_out: "the details are not JSON: #{e.message}")
      end

      def class_name(error)
        name = error.is_a?(BusinessError) ? error.error_class.to_s : named_class(error.class).name
        name = error.class.name if name.empty?
        utf8(name)
      end

      # An anonymous class is told by the first of its ancestors that has a name.
      def named_class(kind)
        kind.ancestors.find { |each| each.is_a?(Class) && each.name }
      end

      def message(error)
        text = error.message.to_s
        utf8(text.empty? ? error.class.to_s : text).byteslice(0, MESSAGE_BYTES_MAX).scrub('')
      rescue StandardError => e
        "its message cannot be read: #{e.class}"
      end

      # Ruby's has the innermost frame first.
      def backtrace(error)
        lines = error.backtrace || []
        shown = lines.first(BACKTRACE_LINES_MAX)
        shown += ["... #{lines.size - shown.size} more"] if lines.size > shown.size
        utf8(shown.join("\n"))
      end

      def utf8(text)
        text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
      end

      private_class_method :add_details, :class_name, :named_class, :message, :backtrace, :utf8
    end
  end
end
