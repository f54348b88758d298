# frozen_string_literal: true

require 'logger'

# The business classes that the guide's code calls: just enough of each to be called.

class Order
  def self.exists?(id)
    id.to_i.positive?
  end
end

class PaymentService
  Charge = Struct.new(:id, :amount, :transaction_id)

  def self.charge(order_id:, payment_method:)
    Charge.new("pay_#{order_id}", 100, "#{payment_method}_#{order_id}")
  end
end

class NotificationService
  def self.send_email(to:, subject:, body:); end
end

class AlertService
  def self.notify(level:, message:, tags:); end
end

class StatsD
  def self.histogram(name, value, tags: []); end

  def self.increment(name, tags: []); end
end

class Sentry
  def self.capture_message(message, level:, fingerprint:, tags:); end
end

module Rails
  def self.env
    'test'
  end

  def self.logger
    @logger ||= Logger.new(IO::NULL)
  end
end

class Time
  def self.current
    now
  end
end
