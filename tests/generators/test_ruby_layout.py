"""Ruby's files are where the Rails engine's generators put them, and look as in its guide."""


def test_a_task_handler_has_the_guides_files(project):
    created = project.generate("task-handler", "OrderProcess", "--language", "ruby")
    assert {
        "app/tasks/order_process.rb",
        "config/tasker/tasks/order_process.yaml",
        "spec/tasks/order_process_spec.rb",
    } <= set(created)
    code = project.read("app/tasks/order_process.rb")
    assert "class OrderProcess < Tasker::TaskHandler::Base\n" in code
    assert "  def initialize_task_context(task_request)\n    super" in code
    assert "  def validate_task_request(task_request)\n    super" in code
    template = project.read("config/tasker/tasks/order_process.yaml")
    assert template.startswith("---\nname: order_process\nmodule_namespace: OrderProcess\n")
    assert "task_handler_class: OrderProcess\n" in template


def test_step_handlers_are_in_the_guides_modules(project):
    project.generate("step-handler", "OrderProcess::ProcessPayment", "--language", "ruby")
    code = project.read("app/tasks/order_process/step_handler/process_payment_handler.rb")
    assert (
        "module OrderProcess\n"
        "  module StepHandler\n"
        "    class ProcessPaymentHandler < Tasker::StepHandler::Base\n"
    ) in code
    assert "def process(task, " in code


def test_api_step_handlers_extend_the_guides_class(project):
    project.generate("api-step-handler", "OrderProcess::FetchInventory", "--language", "ruby")
    code = project.read("app/tasks/order_process/step_handler/fetch_inventory_handler.rb")
    assert "    class FetchInventoryHandler < Tasker::StepHandler::Api\n" in code
    template = project.read("config/tasker/tasks/order_process.yaml")
    assert "      type: api\n" in template and "      url: https://" in template


def test_subscribers_route_as_in_the_guide(project):
    events = ["task.completed", "task.failed", "step.failed"]
    project.generate("subscriber", "notification", "--events", *events, "--language", "ruby")
    code = project.read("app/subscribers/notification_subscriber.rb")
    assert "class NotificationSubscriber < Tasker::Events::Subscribers::BaseSubscriber\n" in code
    assert "  subscribe_to 'task.completed', 'task.failed', 'step.failed'\n" in code
    for event in events:
        assert f"  def handle_{event.replace('.', '_')}(event)\n" in code
    assert "safe_get(event, :task_id)" in code


def test_a_rails_project_keeps_its_helper(project):
    helper = project.folder / "spec" / "rails_helper.rb"
    helper.parent.mkdir()
    helper.write_text("# the project's own\n")
    project.generate("task-handler", "OrderProcess", "--language", "ruby")
    assert "require 'rails_helper'\n" in project.read("spec/tasks/order_process_spec.rb")
    assert helper.read_text() == "# the project's own\n"


def test_nothing_is_replaced_without_force(project):
    project.generate("task-handler", "OrderProcess", "--language", "ruby")
    mine = project.folder / "app" / "tasks" / "order_process.rb"
    mine.write_text("# mine\n")
    assert "app/tasks/order_process.rb is there already" in project.refused("task-handler", "OrderProcess")
    assert mine.read_text() == "# mine\n"
    assert project.generate("task-handler", "OrderProcess", "--force") == []
    assert "class OrderProcess" in mine.read_text()
