"""Handlers as their authors write and test them, without a server."""

import pytest

from tasker import Sequence, Step, StepHandler, Task, Worker, handler, safe_get

TASK = Task("id", "order", "default", "1.0.0", {"order_id": 1})


def test_the_decorator_names_the_class_that_templates_name():
    @handler("Order::Fetch")
    class Fetch(StepHandler):
        pass

    assert Fetch.handler_class == "Order::Fetch"


def test_a_handler_must_say_what_it_does():
    with pytest.raises(NotImplementedError, match="must implement process"):
        StepHandler().run(TASK, Sequence([]), Step("s"))


def test_previous_data_is_found_by_step_and_key():
    sequence = Sequence([Step("fetch", results={"items": [1, 2]}), Step("text", results="x")])
    assert StepHandler.get_previous_step_data(sequence, "fetch", "items") == [1, 2]
    assert StepHandler.get_previous_step_data(sequence, "fetch") == {"items": [1, 2]}
    assert StepHandler.get_previous_step_data(sequence, "fetch", "none") is None
    assert StepHandler.get_previous_step_data(sequence, "text", "key") is None
    with pytest.raises(KeyError, match="no step 'other'; it has fetch, text"):
        StepHandler.get_previous_step_data(sequence, "other")


def test_process_results_makes_the_results_or_sets_them():
    class Returns(StepHandler):
        def process(self, task, sequence, step):
            return {"body": "raw"}

        def process_results(self, step, process_output, initial_results):
            return {"parsed": process_output["body"]}

    class Sets(Returns):
        def process_results(self, step, process_output, initial_results):
            step.results = {"set": process_output["body"]}

    assert Returns().run(TASK, Sequence([]), Step("s")) == {"parsed": "raw"}
    assert Sets().run(TASK, Sequence([]), Step("s")) == {"set": "raw"}


def test_a_worker_needs_handlers_that_have_a_class():
    with pytest.raises(ValueError, match="at least one handler"):
        Worker("127.0.0.1:1", "w", [])
    with pytest.raises(ValueError, match="needs a handler_class"):
        Worker("127.0.0.1:1", "w", [StepHandler])


def test_safe_get_never_raises():
    assert safe_get({"a": 1}, "a") == 1
    assert safe_get({"a": None}, "a", 2) == 2
    assert safe_get(None, "a", 3) == 3
