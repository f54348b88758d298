# frozen_string_literal: true

require 'rspec/core'
require 'tasker/test_kit'

# Gives every example the methods of Tasker::TestKit, and those tagged `taskerd: [templates]` a `taskerd` of their
# own: a Tasker::TestKit::TaskerdServer with these templates.
#
#   it 'runs to its end', taskerd: ['config/tasker/tasks/order_process.yaml'] do
#     taskerd.start_worker(handlers: [FetchOrderHandler])
#     expect(taskerd.run_task('order_process', { order_id: 1 })).to be_complete
#   end
RSpec.configure do |config|
  config.include Tasker::TestKit
  config.include(Module.new { attr_reader :taskerd })

  config.around(:each, :taskerd) do |example|
    templates = example.metadata[:taskerd]
    Tasker::TestKit::TaskerdServer.open(templates: templates == true ? [] : Array(templates)) do |server|
      @taskerd = server
      example.run
    end
  end
end
