"""What each generator writes in each language: built with this repository's package, and tested."""

import os

import pytest

LANGUAGES = ["ruby", "python", "typescript", "go", "cpp"]
# Where a build takes minutes, `make test` builds all generators' output as one project, and only `make
# generators` each in a folder of its own.
QUICK = LANGUAGES if os.environ.get("GENERATORS") == "all" else ["ruby", "python", "go"]

# One generator in an empty folder, and how many tests it brings.
ALONE = {
    "task": (["task-handler", "OrderProcess"], 2),
    "task with steps": (["task-handler", "Shop::OrderProcess", "--steps", "fetch_order,ChargeCard"], 4),
    "step": (["step-handler", "OrderProcess::ProcessData"], 1),
    "step in a module": (["step-handler", "Shop::OrderProcess::ProcessData"], 1),
    "api step": (["api-step-handler", "OrderProcess::FetchData"], 2),
    "api step in a module": (["api-step-handler", "Shop::OrderProcess::HTTPFetch"], 2),
    "subscriber": (["subscriber", "notification", "--events", "task.completed", "step.failed"], 2),
    "subscriber to patterns": (["subscriber", "audit", "--events", "step.*", "task.failed", "order.paid"], 3),
}


@pytest.mark.parametrize("language", QUICK)
@pytest.mark.parametrize("case", ALONE)
def test_each_generator_alone_in_an_empty_folder(project, toolchain_of, language, case):
    arguments, tests = ALONE[case]
    created = project.generate(*arguments, "--language", language)
    assert created
    project.lint()
    assert toolchain_of(language).test(project.folder) == tests


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_them_in_one_project(project, toolchain_of, language):
    project.generate("task-handler", "OrderProcess", "--steps", "fetch_order,check_stock", "--language", language)
    # From here on the project tells its language.
    project.generate("step-handler", "OrderProcess::ChargeCard", "--depends-on", "fetch_order,check_stock")
    project.generate("api-step-handler", "OrderProcess::FetchRates", "--depends-on", "fetch_order")
    project.generate("task-handler", "Shop::OrderProcess", "--steps", "fetch_order", "--namespace", "sales")
    project.generate("subscriber", "notification", "--events", "task.completed", "step.failed")
    project.generate("subscriber", "metrics", "--events", "step.*")
    project.lint()
    assert toolchain_of(language).test(project.folder) == 4 + 1 + 2 + 3 + 2 + 1
