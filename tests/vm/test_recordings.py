"""Recorded IPVS beside Plenum: the scenarios of tests/compat/record, played in the emulated machine with
plenum-lbd as the director, must do what the kernel's IPVS did: which server each connection goes to, what
ipvsadm lists, when connections expire."""
import pytest
from replayed import NOT_COMPARED_CLIENTS, SCENARIOS

from lab.vm import recorder


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(machines, scenario):
    played = machines[scenario].result()
    found = recorder.differences(scenario, played, SCENARIOS[scenario], NOT_COMPARED_CLIENTS)
    assert not found, "\n".join(f"--- {name}, recorded\n{then}+++ {name}, now\n{now}"
                                for name, (then, now) in found.items())
