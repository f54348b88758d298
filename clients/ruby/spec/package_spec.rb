# frozen_string_literal: true

require 'rubygems/package'
require 'tmpdir'

# The gem, as clients/ruby/setup built it and installed it in a GEM_HOME of its own.
RSpec.describe 'The gem' do
  let(:built) { File.join(ROOT, 'build/ruby') }

  it 'holds the library, its stubs and its catalog, and nothing else' do
    files = Gem::Package.new(File.join(built, 'tasker.gem')).contents
    expect(files).to include('lib/tasker.rb', 'lib/tasker/v1/handler_service_pb.rb', 'lib/tasker/events/catalog.json', 'README.md')
    expect(files).to all(match(%r{\Alib/|\AREADME.md\z}))
  end

  it 'needs what Debian has' do
    spec = Gem::Package.new(File.join(built, 'tasker.gem')).spec
    spec.runtime_dependencies.each { |dependency| expect(dependency.matching_specs).not_to be_empty, dependency.to_s }
  end

  it 'is all that a program needs, from an empty folder' do
    Dir.mktmpdir do |folder|
      File.write(File.join(folder, 'handler.rb'), <<~RUBY)
        require 'tasker/test_kit'
        class Hello < Tasker::StepHandler::Base
          def process(task, _sequence, _step) = { hello: task.context[:name] }
        end
        step = Tasker::Step.new(name: 's')
        puts Hello.new.handle(Tasker::TestKit.make_task(context: { name: 'world' }), nil, step)
        puts Tasker::StepHandler::Api, $LOADED_FEATURES.grep(%r{/tasker\\.rb})
      RUBY
      program = Program.new(File.join(folder, 'handler.rb'), environment: { 'GEM_HOME' => File.join(built, 'gems') }, folders: [])
      expect(program.await_exit).to eq(0), program.lines.join
      expect(program.lines[0..1]).to eq(["{\"hello\"=>\"world\"}\n", "Tasker::StepHandler::Api\n"])
      expect(program.lines[2]).to include('build/ruby/gems/')
    end
  end
end
