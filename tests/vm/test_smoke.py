"""Plenum on Debian's own kernel (6.1) in the emulated machine: it loads, handles packets as the
packet tests say, and forwards by NAT, DR and TUN."""
from xml.etree import ElementTree

import pytest

from lab.vm import smoke


def cases(machines, name):
    """{test case: what went wrong, or None}"""
    directory, output = machines["packets"].result()
    path = directory / name
    assert path.exists(), f"no report {name}\n{output[-4000:]}"
    wrong = {}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        problem = next((case.find(kind) for kind in ("failure", "error", "skipped") if case.find(kind) is not None),
                       None)
        wrong[f"{case.get('classname')}.{case.get('name')}"] = None if problem is None else \
            f"{problem.get('message')}\n{problem.text or ''}"
    return wrong


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("program, at_least", [("packet_test", 330), ("realserver_packet_test", 1)])
def test_packets(machines, program, at_least):
    ran = cases(machines, f"{program}.xml")
    assert len(ran) >= at_least
    assert {name: problem for name, problem in ran.items() if problem} == {}


@pytest.mark.timeout(7200)
def test_traffic(machines):
    problems = smoke.wrong(machines["traffic"].result())
    assert not problems, "\n".join(problems)
