"""Templates for the real service; each is one YAML document."""

ECHO = """\
name: echo
task_handler_class: Tests::Echo
step_templates:
  - {name: only, handler_class: "Conformance::Echo", handler_config: {shop: 18446744073709551615}}
"""

CHAIN = """\
name: chain
task_handler_class: Tests::Chain
step_templates:
  - {name: first, handler_class: "Conformance::Echo"}
  - {name: second, handler_class: "Conformance::Echo", depends_on_step: first}
  - {name: third, handler_class: "Conformance::Sequence", depends_on_step: second}
"""

# Two steps that hold, and one that waits for both.
HOLD = """\
name: hold
task_handler_class: Tests::Hold
step_templates:
  - {name: left, handler_class: "Conformance::Hold"}
  - {name: right, handler_class: "Conformance::Hold"}
  - {name: last, handler_class: "Conformance::Hold", depends_on_steps: [left, right]}
"""

ITEMS = """\
name: items
task_handler_class: Tests::Items
step_templates:
  - {name: each, handler_class: "Conformance::Echo", for_each: {items: context.list}}
"""

TASK_HANDLER = """\
name: initialised
task_handler_class: Conformance::Task
step_templates:
  - {name: only, handler_class: "Conformance::Echo"}
"""


def one_step(name: str, retry_limit: int = 3) -> str:
    """A template `NAME` in lower case with one step of class `Conformance::NAME`."""
    return f"""\
name: {name.lower()}
task_handler_class: Tests::{name}
step_templates:
  - {{name: only, handler_class: "Conformance::{name}", default_retry_limit: {retry_limit}}}
"""
