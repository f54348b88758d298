# frozen_string_literal: true

module Tasker
  module Events
    # Where a subscriber keeps the place up to which it has handled events. Anything with `load` (the cursor, or
    # nil) and `save(cursor)` will do.
    module CursorStore
      # Forgets with the process.
      class Memory
        def initialize(cursor = nil)
          @cursor = cursor
        end

        def load
          @cursor
        end

        def save(cursor)
          @cursor = cursor
        end
      end

      # One file, replaced as a whole: what is read is always a cursor that was saved.
      class File
        def initialize(path)
          @path = path.to_s
        end

        def load
          text = ::File.read(@path).strip
          text.empty? ? nil : text
        rescue Errno::ENOENT
          nil
        end

        def save(cursor)
          temporary = "#{@path}.new"
          ::File.write(temporary, cursor)
          ::File.rename(temporary, @path)
        end
      end
    end
  end
end
