# frozen_string_literal: true

# As FactoryBot would be used: `create(:task, context: {...})` is a task of the order process.
module Factories
  def create(kind, **attributes)
    raise ArgumentError, "no factory #{kind}" unless kind == :task

    make_task(template: 'order_process', **attributes)
  end
end

RSpec.configure { |config| config.include Factories }
