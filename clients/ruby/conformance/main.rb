# frozen_string_literal: true

require 'optparse'
require 'tasker'
require_relative 'handlers'

# ruby main.rb --address HOST:PORT[,HOST:PORT] [...]: the handler that the conformance suite drives.

options = { concurrency: 4, namespace: '' }
OptionParser.new do |flags|
  flags.on('--address LIST') { |list| options[:address] = list }
  flags.on('--concurrency N', Integer) { |count| options[:concurrency] = count }
  flags.on('--tls-ca FILE') { |file| options[:tls] = { ca_file: file } }
  flags.on('--token-file FILE') { |file| options[:token] = -> { File.read(file).strip } }
  flags.on('--namespace NAME') { |name| options[:namespace] = name }
end.parse!
abort 'main.rb: --address is needed' unless options[:address]

begin
  Tasker::Worker.new(options.delete(:address), name: 'conformance', handlers: Conformance::HANDLERS, **options).run
rescue Tasker::ServiceError => e
  abort "conformance: #{e.message}"
end
