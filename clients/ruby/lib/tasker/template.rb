# frozen_string_literal: true

require 'securerandom'
require 'yaml'
require 'tasker/configuration'
require 'tasker/errors'
require 'tasker/payload'
require 'tasker/step'
require 'tasker/task'

module Tasker
  # A template as its YAML file says, with one environment merged in: what task handlers and the test kit need
  # of it. Whether it is right is the service's to say.
  class Template
    DEFAULT_RETRY_LIMIT = 3

    attr_reader :name, :namespace, :version, :task_handler_class

    class << self
      # Raises TemplateError if the file is not a template.
      def load(path, environment: Tasker.configuration.environment)
        document = YAML.safe_load(File.read(path), permitted_classes: [Symbol, Date, Time], aliases: true, filename: path.to_s)
        raise TemplateError, "#{path}: it is not a mapping" unless document.is_a?(Hash)

        new(document, environment: environment, source: path)
      rescue Psych::Exception, SystemCallError => e
        raise TemplateError, "#{path}: #{e.message}"
      end

      # The template of a task handler class, from Tasker.configuration.template_paths. Raises TemplateError.
      def find_by_handler(handler_class)
        find("task_handler_class #{handler_class}") { |template| template.task_handler_class == handler_class }
      end

      # The template of that name.
      def find_by_name(name)
        find("name #{name}") { |template| template.name == name.to_s }
      end

      private

      def find(wanted)
        files = Tasker.configuration.template_paths.flat_map { |path| Dir[File.join(path, '**', '*.{yaml,yml}')].sort }
        files.each do |file|
          # Another file that is broken, or something else, is no obstacle to finding this one.
          template = begin
            load(file)
          rescue TemplateError => e
            Tasker.log.warn('template passed over', reason: e.message)
            next
          end
          return template if yield(template)
        end
        raise TemplateError, "no template of #{wanted} among #{files.size} files in #{Tasker.configuration.template_paths.join(', ')}"
      end
    end

    def initialize(document, environment:, source: 'template')
      merged = merge_environment(document, environment)
      @name = merged['name'] or raise TemplateError, "#{source}: it has no name"
      @namespace = merged.fetch('namespace_name', 'default')
      @version = merged.fetch('version', '0.1.0').to_s
      @task_handler_class = merged['task_handler_class']
      @steps = merged.fetch('step_templates', []) || []
    end

    def step_names
      @steps.map { |step| step['name'] }
    end

    # A task of it whose steps are pending, with an id of its own; `fields` as of Task.new.
    def build_task(**fields)
      id = fields.fetch(:id) { SecureRandom.uuid }
      steps = @steps.each_with_index.map { |step, index| build_step(step, "#{id}.#{index}") }
      Task.new(name: name, namespace: namespace, version: version, workflow_steps: steps, **fields, id: id)
    end

    private

    def build_step(step, id)
      Step.new(
        name: step['name'], id: id, handler_class: step['handler_class'], handler_config: step['handler_config'] || {},
        retry_limit: step.fetch('default_retry_limit', DEFAULT_RETRY_LIMIT), state: 'pending',
        depends_on: [*step['depends_on_step'], *step['depends_on_steps']].uniq
      )
    end

    # Steps are merged by their name, Hashes deeply, all else is replaced.
    def merge_environment(document, environment)
      override = document.dig('environments', environment.to_s)
      return document unless override.is_a?(Hash)

      document.merge(override) do |key, base, changed|
        key == 'step_templates' ? merge_steps(base, changed) : deep_merge(base, changed)
      end
    end

    def merge_steps(base, changed)
      by_name = (changed || []).to_h { |step| [step['name'], step] }
      (base || []).map { |step| deep_merge(step, by_name.fetch(step['name'], {})) }
    end

    def deep_merge(base, changed)
      return changed unless base.is_a?(Hash) && changed.is_a?(Hash)

      base.merge(changed) { |_, before, after| deep_merge(before, after) }
    end
  end
end
