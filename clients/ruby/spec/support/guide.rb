# frozen_string_literal: true

require 'fileutils'
require 'tmpdir'

# The code blocks of the developer guide, verbatim.
module Guide
  FILE = File.expand_path('../fixtures/TASKER_DEVELOPER_GUIDE.md', __dir__)
  # `line`: where its first line stands in the guide.
  Block = Struct.new(:language, :code, :line, keyword_init: true)

  class << self
    def blocks(language)
      @blocks ||= read
      @blocks.select { |block| block.language == language }
    end

    # The one Ruby block that has this text.
    def block(text)
      found = blocks('ruby').select { |block| block.code.include?(text) }
      raise "#{found.size} blocks have #{text.inspect}" unless found.one?

      used << found.first
      found.first
    end

    # Blocks that a spec has asked for.
    def used
      @used ||= []
    end

    # Evaluates blocks at the top level, as files of a program, and returns the constants that they define, by
    # name. These are gone afterwards, and what had their names before is hidden meanwhile: the guide has a class
    # OrderProcess as well as a module of that name. `before`: code that the blocks expect to be there.
    def evaluate(*blocks, before: '')
      names = [before, *blocks.map(&:code)].join.scan(/^(?:class|module) (\w+)/).flatten.map(&:to_sym).uniq
      hidden = remove(names)
      begin
        eval(before, TOPLEVEL_BINDING.dup) # rubocop:disable Security/Eval, Style/EvalWithLocation
        blocks.each { |block| eval(block.code, TOPLEVEL_BINDING.dup, FILE, block.line) } # rubocop:disable Security/Eval
      ensure
        defined = remove(names)
        hidden.each { |name, constant| Object.const_set(name, constant) }
      end
      defined
    end

    # A folder with the guide's template, where task handlers look for it.
    def template_folder
      @template_folder ||= Dir.mktmpdir('tasker-guide').tap do |folder|
        at_exit { FileUtils.rm_rf(folder) }
        yaml = blocks('yaml').find { |block| block.code.include?('name: order_process') }
        FileUtils.mkdir_p(File.join(folder, 'config/tasker/tasks'))
        File.write(File.join(folder, 'config/tasker/tasks/order_process.yaml'), yaml.code)
      end
    end

    private

    def remove(names)
      names.select { |name| Object.const_defined?(name, false) }.to_h { |name| [name, Object.send(:remove_const, name)] }
    end

    def read
      lines = File.readlines(FILE)
      open = nil
      lines.each_with_index.with_object([]) do |(line, index), found|
        if line.start_with?('```') && open
          found << open
          open = nil
        elsif line.start_with?('```') then open = Block.new(language: line.strip.delete('`'), code: +'', line: index + 2)
        elsif open then open.code << line
        end
      end
    end
  end
end

RSpec.configure do |config|
  # Examples that stand in the guide itself as well as those about it.
  config.define_derived_metadata(file_path: /DEVELOPER_GUIDE/) { |metadata| metadata[:guide] = true }
  config.around(:each, :guide) do |example|
    before = Tasker.configuration.template_paths
    Tasker.configuration.template_paths = [File.join(Guide.template_folder, 'config/tasker/tasks')]
    example.run
  ensure
    Tasker.configuration.template_paths = before
  end
end
