# frozen_string_literal: true

require 'json'
require 'time'
require 'tasker/indifferent_hash'

module Tasker
  # From values to JSON in UTF-8 and back, as contexts, results, checkpoints and events travel.
  #
  # Integers keep all their digits. Symbols become Strings and times ISO 8601; a Struct its members; what has
  # `as_json` (Rails) is asked for it. Anything else is refused rather than written as its `to_s`.
  module Payload
    # A value that JSON cannot hold; the message says where it is and what.
    class InvalidError < ArgumentError; end

    # Deeper than anything sensible: what is deeper contains itself.
    DEPTH_MAX = 500

    module_function

    # The value of JSON text, Hashes made indifferent; an empty text is an empty Hash. Raises JSON::ParserError.
    def parse(text)
      return IndifferentHash.new if text.empty?

      JSON.parse(String.new(text, encoding: Encoding::UTF_8), object_class: IndifferentHash, max_nesting: DEPTH_MAX)
    end

    # JSON text for a value; raises InvalidError.
    def generate(value)
      JSON.generate(plain(value, '', 0), max_nesting: 0)
    end

    # The same as bytes, as fields of that kind want it.
    def bytes(value)
      generate(value).b
    end

    # The value in terms of what JSON knows.
    def plain(value, place, depth)
      raise InvalidError, "#{place[0, 80]}...: it is nested too deeply, or contains itself" if depth > DEPTH_MAX

      case value
      when nil, true, false, Integer then value
      when String, Symbol then text(value.to_s, place)
      when Float then number(value, place)
      when Hash then object(value, place, depth)
      when Array then value.each_with_index.map { |each, index| plain(each, "#{place}[#{index}]", depth + 1) }
      when Time then value.iso8601(6)
      else other(value, place, depth)
      end
    end

    def text(value, place)
      unless [Encoding::UTF_8, Encoding::US_ASCII, Encoding::BINARY].include?(value.encoding)
        return value.encode(Encoding::UTF_8)
      end

      utf8 = value.encoding == Encoding::UTF_8 ? value : value.dup.force_encoding(Encoding::UTF_8)
      return utf8 if utf8.valid_encoding?

      raise InvalidError, "#{at(place)}a String is not UTF-8"
    rescue EncodingError => e
      raise InvalidError, "#{at(place)}a String is not UTF-8: #{e.message}"
    end

    def number(value, place)
      return value if value.finite?

      raise InvalidError, "#{at(place)}#{value} is no number in JSON"
    end

    def object(value, place, depth)
      value.each_with_object({}) do |(key, each), made|
        made[text(key.to_s, place)] = plain(each, "#{place}.#{key}", depth + 1)
      end
    end

    def other(value, place, depth)
      if value.respond_to?(:as_json) then plain(value.as_json, place, depth + 1)
      elsif value.is_a?(Struct) then plain(value.to_h, place, depth + 1)
      elsif value.respond_to?(:iso8601) then value.iso8601
      else raise InvalidError, "#{at(place)}a #{value.class} is nothing that JSON can hold"
      end
    end

    def at(place)
      place.empty? ? '' : "#{place.delete_prefix('.')}: "
    end

    private_class_method :plain, :text, :number, :object, :other, :at
  end
end
