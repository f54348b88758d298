# frozen_string_literal: true

module Tasker
  # The steps of a task, in the template's order, to be asked as the Rails engine's were. Immutable.
  class WorkflowSteps
    include Enumerable

    def initialize(steps)
      @steps = steps.to_a.freeze
    end

    def each(&block)
      return enum_for(:each) { size } unless block

      @steps.each(&block)
      self
    end

    def size
      @steps.size
    end
    alias length size

    def empty?
      @steps.empty?
    end

    def [](index)
      @steps[index]
    end

    def last
      @steps.last
    end

    # Values of the named attributes, a list for each step if several are named.
    def pluck(*attributes)
      @steps.map do |step|
        values = attributes.map { |attribute| step.public_send(attribute) }
        attributes.one? ? values.first : values
      end
    end

    # The first step whose attributes are as given; nil: none.
    def find_by(**wanted)
      @steps.find { |step| wanted.all? { |attribute, value| step.public_send(attribute) == value } }
    end

    # Those whose attributes are as given.
    def where(**wanted)
      WorkflowSteps.new(@steps.select { |step| wanted.all? { |attribute, value| step.public_send(attribute) == value } })
    end
  end
end
