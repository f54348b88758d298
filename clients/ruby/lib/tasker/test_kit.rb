# frozen_string_literal: true

require 'tasker'
require 'tasker/test_kit/taskerd_server'

module Tasker
  # For tests of handlers and subscribers. In RSpec:
  #
  #   require 'tasker/test_kit/rspec'
  #
  #   task = make_task(context: { order_id: 1 }, template: 'config/tasker/tasks/order_process.yaml')
  #   sequence = build_sequence_for(task, 'fetch_order' => { items: [] })
  #   expect(run_step(ProcessPaymentHandler, task, 'process_payment', sequence)).to include('payment_id')
  module TestKit
    module_function

    # A task with the steps of a template: a file, the name of one in Tasker.configuration.template_paths, or a
    # Template. Without one, a task that has no steps. `fields`: as of Task.new.
    def make_task(context: {}, template: nil, **fields)
      template = find_template(template) if template
      template ? template.build_task(context: context, **fields) : Task.new(name: 'made', context: context, **fields)
    end

    # The sequence of a task as a handler would see it. `results`: what steps gave back, by name; these are
    # complete. The steps are the task's own, else those of `template`, else those of the template of its name,
    # else those that have results.
    def build_sequence_for(task, results = {}, template: nil, **more)
      results = IndifferentHash.new(results).merge(more)
      steps = task.workflow_steps
      steps = find_template(template || task.name).build_task(id: task.id).workflow_steps if steps.empty? && (template || results.empty?)
      return Sequence.new(results.map { |name, each| Step.new(name: name, results: each, state: 'complete') }) if steps.empty?

      unknown = results.keys - steps.pluck(:name)
      raise ArgumentError, "the task has no step #{unknown.join(', ')}; it has #{steps.pluck(:name).join(', ')}" if unknown.any?

      Sequence.new(steps.map { |step| started(step, results) })
    end

    # What a worker would make of one attempt: the results, as they would be stored. `handler`: a StepHandler's
    # class or instance.
    def run_step(handler, task, step_name, sequence = build_sequence_for(task))
      handler = handler.new if handler.is_a?(Class)
      Payload.parse(Payload.generate(handler.handle(task, sequence, sequence.find_step_by_name(step_name))))
    end

    # An event for a subscriber; fields that are not an event's own make up its payload.
    def fake_event(name, **fields)
      own = fields.slice(*Events::Event::IDENTITY, :payload)
      payload = IndifferentHash.new(own.delete(:payload) || {}).merge(fields.reject { |key, _| own.key?(key) || key == :payload })
      Events::Event.new(name: name, payload: payload, **own)
    end

    def find_template(template)
      return template if template.is_a?(Template)

      File.file?(template.to_s) ? Template.load(template.to_s) : Template.find_by_name(template)
    end

    def started(step, results)
      done = results.key?(step.name)
      Step.new(name: step.name, id: step.id, handler_class: step.handler_class, handler_config: step.handler_config,
               attempt_number: 1, retry_limit: step.retry_limit, results: results[step.name],
               state: done ? 'complete' : 'in_progress', depends_on: step.depends_on)
    end

    private_class_method :find_template, :started
  end
end
