# frozen_string_literal: true

module Tasker
  module Events
    # Reading from an event without knowing whether the field is there.
    module SafeGet
      # The field `key` of an Event or a Hash, or `default` where there is nothing. Never raises.
      def safe_get(event, key, default = nil)
        value =
          if event.is_a?(Hash) then event.fetch(key) { event.fetch(key.to_s) { event[key.to_sym] } }
          elsif event.respond_to?(:[]) then event[key]
          end
        value.nil? ? default : value
      rescue StandardError
        default
      end
    end
  end
end
