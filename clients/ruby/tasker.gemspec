# frozen_string_literal: true

require_relative 'lib/tasker/version'

Gem::Specification.new do |spec|
  spec.name = 'tasker'
  spec.version = Tasker::VERSION
  spec.summary = 'Handlers, subscribers and a client for the Tasker workflow orchestrator'
  spec.description = 'Does the steps of Tasker\'s workflows in Ruby, follows their events, and creates and repairs tasks.'
  spec.authors = ['Tasker']
  spec.license = 'Nonstandard'
  spec.required_ruby_version = '>= 3.0'
  spec.files = Dir.chdir(__dir__) { Dir['lib/**/*.{rb,json}'] + ['README.md'] }
  spec.require_paths = ['lib']
  # A gem without the stubs could not even be loaded.
  unless spec.files.include?('lib/tasker/v1/handler_service_pb.rb')
    raise Gem::InvalidSpecificationException, 'the gRPC stubs are missing: clients/ruby/setup builds the gem, in build/ruby'
  end

  spec.add_runtime_dependency 'faraday', '>= 1.1', '< 3'
  spec.add_runtime_dependency 'google-protobuf', '>= 3.21', '< 5'
  spec.add_runtime_dependency 'grpc', '>= 1.51', '< 2'
  spec.add_development_dependency 'rspec', '>= 3.12', '< 4'
  spec.add_development_dependency 'webmock', '>= 3.18', '< 4'
end
