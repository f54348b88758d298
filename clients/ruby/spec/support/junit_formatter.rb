# frozen_string_literal: true

require 'rexml/document'
require 'rspec/core/formatters/base_formatter'

# Writes what was run as JUnit's XML, for the summary of all suites.
class JUnitFormatter < RSpec::Core::Formatters::BaseFormatter
  RSpec::Core::Formatters.register self, :dump_summary

  # Control characters have no place in XML.
  CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.freeze

  def dump_summary(summary)
    document = REXML::Document.new
    document << REXML::XMLDecl.new('1.0', 'UTF-8')
    suite = document.add_element('testsuite', 'name' => 'ruby', 'tests' => summary.example_count.to_s,
                                              'failures' => summary.failure_count.to_s, 'skipped' => summary.pending_count.to_s,
                                              'time' => summary.duration.to_s)
    summary.examples.each { |example| add(suite, example) }
    document.write(output)
  end

  private

  def add(suite, example)
    test = suite.add_element('testcase', 'name' => clean(example.full_description), 'classname' => example.file_path,
                                         'time' => example.execution_result.run_time.to_s)
    case example.execution_result.status
    when :failed then test.add_element('failure').text = clean(example.execution_result.exception.full_message(highlight: false))
    when :pending then test.add_element('skipped')
    end
  end

  def clean(text)
    text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub.gsub(CONTROL, '?')
  end
end
