# frozen_string_literal: true

module Tasker
  # What all errors of this library have in common.
  class Error < StandardError; end

  # Fails the attempt, which is tried again. `retry_after`: seconds from now until then; nil: as the
  # template says. `details`: a Hash that belongs to the failure, for programs; nil: nothing.
  class RetryableError < Error
    attr_reader :retry_after, :details

    def initialize(message = nil, retry_after: nil, details: nil)
      super(message)
      @retry_after = retry_after
      @details = details
    end
  end

  # Fails the step for good: trying again would be of no use.
  class PermanentError < Error
    attr_reader :details

    def initialize(message = nil, details: nil)
      super(message)
      @details = details
    end
  end

  # An outcome that the business knows (the card was declined) rather than a fault of the technics. Never
  # tried again, and counted apart. `error_class` is what the engine calls it.
  class BusinessError < PermanentError
    attr_reader :error_class

    def initialize(error_class, message = nil, details = nil)
      super(message || error_class, details: details)
      @error_class = error_class
    end
  end

  # The work on a step is no longer wanted: what `Step#raise_if_cancelled` raises.
  class CancelledError < Error; end

  # The connected service is older than what was asked of it.
  class UnsupportedError < PermanentError; end

  # What was waited for has not happened in time.
  class TimeoutError < Error; end

  # A template is missing or not what it should be.
  class TemplateError < Error; end

  # The service refused a call. `code` is gRPC's, as a Symbol such as `:not_found`.
  class ServiceError < Error
    attr_reader :code, :details

    def initialize(code, details)
      super("#{code}: #{details}")
      @code = code
      @details = details
    end
  end
end
