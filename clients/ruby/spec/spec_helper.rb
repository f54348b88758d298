# frozen_string_literal: true

require 'tasker'
require 'tasker/step_handler/api'
require 'webmock/rspec'

ROOT = File.expand_path('../../..', __dir__)
ORDER_TEMPLATE = File.join(ROOT, 'config/tasks/order_process.yaml')
# Far above what anything here takes; only what would otherwise hang meets it.
PATIENCE_S = 30

# First, so that nothing is logged past it.
require 'support/silence'
require 'tasker/test_kit/rspec'
Dir[File.join(__dir__, 'support', '*.rb')].sort.each { |file| require file unless file.end_with?('junit_formatter.rb') }

RSpec.configure do |config|
  config.expect_with(:rspec) { |expectations| expectations.include_chain_clauses_in_custom_matcher_descriptions = true }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.disable_monkey_patching!
  config.shared_context_metadata_behavior = :apply_to_host_groups

  # What the specs talk to besides WebMock's stubs listens on the loopback interface.
  WebMock.disable_net_connect!(allow_localhost: true)
end
