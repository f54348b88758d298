# frozen_string_literal: true

module Tasker
  # A Hash whose keys are Strings and may be asked for by Symbol as well, at every depth. Contexts, results
  # and payloads are such. What derives another Hash without `merge`, `slice` or `except` (`select`,
  # `transform_values`, ...) gives a plain Hash with String keys.
  class IndifferentHash < Hash
    # The same value with every Hash in it made indifferent.
    def self.wrap(value)
      case value
      when IndifferentHash then value
      when Hash then new(value)
      when Array then value.map { |each| wrap(each) }
      else value
      end
    end

    def initialize(from = {})
      super()
      update(from)
    end

    def [](key)
      super(name_of(key))
    end

    def []=(key, value)
      super(name_of(key), IndifferentHash.wrap(value))
    end
    alias store []=

    def fetch(key, *default, &block)
      super(name_of(key), *default, &block)
    end

    def key?(key)
      super(name_of(key))
    end
    alias has_key? key?
    alias include? key?
    alias member? key?

    def delete(key, &block)
      super(name_of(key), &block)
    end

    def dig(key, *more)
      value = self[key]
      more.empty? || value.nil? ? value : value.dig(*more)
    end

    def values_at(*keys)
      super(*keys.map { |key| name_of(key) })
    end

    def fetch_values(*keys, &block)
      super(*keys.map { |key| name_of(key) }, &block)
    end

    def slice(*keys)
      IndifferentHash.new(super(*keys.map { |key| name_of(key) }))
    end

    def except(*keys)
      IndifferentHash.new(super(*keys.map { |key| name_of(key) }))
    end

    def update(*others)
      others.each do |other|
        other.to_hash.each_pair do |key, value|
          self[key] = block_given? && key?(key) ? yield(name_of(key), self[key], value) : value
        end
      end
      self
    end
    alias merge! update

    def merge(*others, &block)
      IndifferentHash.new(self).update(*others, &block)
    end

    private

    def name_of(key)
      key.is_a?(String) ? key : key.to_s
    end
  end
end
