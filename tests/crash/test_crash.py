"""A few kills of the real service; `make crash` does a hundred."""

import pathlib

import pytest

from run import run


@pytest.mark.parametrize("power_cuts, faults", [(False, False), (True, True)],
                         ids=["kills", "power cuts and faults"])
def test_nothing_acknowledged_is_lost(tmp_path: pathlib.Path, power_cuts: bool, faults: bool):
    verdict = run(tmp_path, kills=5, seed=1, power_cuts=power_cuts, faults=faults)
    assert verdict.violations == []
    # A service without load loses nothing either.
    assert verdict.counts["creates acknowledged"] > 20 * verdict.counts["kills"]
    assert verdict.counts["results applied"] > 50 * verdict.counts["kills"]
    assert verdict.counts["signals acknowledged"] > 0
    # A disk that fails is waited out, not died of.
    assert verdict.counts["restarts by fault"] == 0
