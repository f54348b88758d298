# frozen_string_literal: true

require 'tmpdir'

RSpec.describe Tasker::Template do
  around { |example| Dir.mktmpdir { |folder| (@folder = folder) && example.run } }

  def write(name, text)
    File.join(@folder, name).tap { |path| File.write(path, text) }
  end

  let(:text) { <<~YAML }
    name: t
    task_handler_class: T
    step_templates:
      - {name: a, handler_class: A, handler_config: {x: {y: 1, z: 2}}}
      - {name: b, handler_class: B, depends_on_step: a, depends_on_steps: [a, c]}
    environments:
      test:
        step_templates: [{name: a, default_retry_limit: 9, handler_config: {x: {y: 3}}}, {name: unknown}]
  YAML

  it 'has defaults, and the steps with what they depend on' do
    template = described_class.load(write('t.yaml', text), environment: 'production')
    expect([template.name, template.namespace, template.version]).to eq(%w[t default 0.1.0])
    task = template.build_task(context: { k: 1 })
    expect(task.workflow_steps.pluck(:name, :retry_limit, :depends_on)).to eq([['a', 3, []], ['b', 3, %w[a c]]])
    expect(task.workflow_steps.pluck(:id)).to eq(["#{task.id}.0", "#{task.id}.1"])
  end

  it 'merges its environment by the steps\' names' do
    step = described_class.load(write('t.yaml', text), environment: 'test').build_task.find_step_by_name('a')
    expect([step.retry_limit, step.handler_config]).to eq([9, { 'x' => { 'y' => 3, 'z' => 2 } }])
  end

  it 'is found by its handler class, whatever lies beside it' do
    write('a_broken.yaml', 'name: [')
    write('b_other.yaml', 'name: other')
    write('t.yaml', text)
    Tasker.configuration.template_paths.unshift(@folder)
    expect(described_class.find_by_handler('T').name).to eq('t')
    expect { described_class.find_by_handler('Z') }.to raise_error(Tasker::TemplateError, /no template of task_handler_class Z among/)
    expect(log_text).to include('template passed over')
  ensure
    Tasker.configuration.template_paths.delete(@folder)
  end

  it 'says which file is no template' do
    expect { described_class.load(write('n.yaml', '- 1')) }.to raise_error(Tasker::TemplateError, /n.yaml: it is not a mapping/)
    expect { described_class.load(File.join(@folder, 'none.yaml')) }.to raise_error(Tasker::TemplateError, /none.yaml/)
  end
end
