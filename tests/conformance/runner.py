"""Runs one scenario with one client."""

from __future__ import annotations

import pathlib
import shutil
import time
import traceback
from typing import List

import grpc

from outcome import ScenarioFailed
from report import Verdict
from scenario import Scenario, World


def run_scenario(scenario: Scenario, command: List[str], folder: pathlib.Path, taskerd: pathlib.Path) -> Verdict:
    """In a folder of its own, which stays only if the scenario fails."""
    folder.mkdir(parents=True)
    began = time.monotonic()
    world = World(command, folder, taskerd)
    reason = ""
    try:
        try:
            scenario.run(world)
        except (ScenarioFailed, grpc.RpcError) as failed:
            told = failed.details() if isinstance(failed, grpc.RpcError) else str(failed)
            # What the handler did wrongly before is often why.
            reason = "; ".join([told, *world.rules.breaches])
        except Exception as error:  # what came back is not even of the right shape; the others run all the same
            line = traceback.extract_tb(error.__traceback__)[-1]
            reason = "; ".join([f"{type(error).__name__}: {error} ({pathlib.Path(line.filename).name}:{line.lineno})",
                                *world.rules.breaches])
        else:
            world.check_rules()
    except ScenarioFailed as failed:
        reason = str(failed)
    finally:
        world.close()
    verdict = Verdict(reason, time.monotonic() - began, world.tail() if reason else "", str(folder))
    if verdict.ok:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict
