"""Connections in step between kernel IPVS and Plenum, on Debian's kernel: TCP, UDP and a download go on through
the other director by NAT, DR and TUN, over IPv4 and IPv6, whichever of the two began; the lists agree."""
import pytest

from lab.vm import interop


@pytest.mark.timeout(7200)
def test_interop(machines):
    problems = interop.wrong(machines["interop"].result())
    assert not problems, "\n".join(problems)
