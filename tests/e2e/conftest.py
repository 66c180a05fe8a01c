"""What the end-to-end tests share: labs that are always taken down, the large file, and
the client's load program. They need root, and know the programs only by their command line."""
import os
import pathlib
import sys
import time

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from lab import payload  # noqa: E402  (the path above comes first)
from lab.host import end_on_sigterm  # noqa: E402
from lab.network import Lab  # noqa: E402
from lab.pair import Pair  # noqa: E402
from lab.witness import Witness  # noqa: E402
from stage import Stage  # noqa: E402


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """The large file and its SHA-256; removed at the end, for it is 200 MB."""
    path = tmp_path_factory.mktemp("large") / "large"
    digest = payload.write(path)
    yield path, digest
    path.unlink()


@pytest.fixture(scope="module", params=["nat", "dr", "tun", "gue"])
def stage(request, large):
    """Every way of forwarding in turn, each with a running director and a standard set of services."""
    with Stage(request.param, large) as made:
        made.standard_services()
        yield made


@pytest.fixture
def lab():
    """Two directors' hosts beside each other, and nothing that runs."""
    with Lab("dr-pair") as made:
        yield made


# Those that ask what happens and not how soon: where PLENUM_TESTS is `patient` only they are run, and where it is `timed`
# all others, so that both may run at once.
PATIENT = ("test_explain", "test_fragments", "test_host_setup", "test_icmp", "test_keepalived_conf", "test_netfilter_marks",
           "test_operator", "test_tunnels")
IDLE_TEST = "test_an_idle_pair_stays_as_it_is_while_everything_else_runs"


@pytest.fixture(scope="session", autouse=True)
def idle_pair(request):
    """Two directors that do nothing but watch each other from the first test to the last, which keep the machine
    busy meanwhile. Made where the test that looks at it is among those that run."""
    if not any(item.name == IDLE_TEST for item in request.session.items):
        yield None
        return
    with Lab("dr-pair") as lab:
        # Above the daemons of other labs, which would be elsewhere; below the witness, which is to see what it does not.
        pair = Pair(lab).start("plenum", advert="100ms", bfd="30ms", more="failover: { realtime_priority: 55 }\n")
        pair.idle_since = time.time()
        with Witness(pair.hosts[0], pair.hosts[1].address(4)) as pair.witness:
            yield pair
        for daemon in pair.daemons:
            daemon.stop()


def pytest_configure():
    # ./dev passes an interruption on as SIGTERM.
    end_on_sigterm()


def pytest_collection_modifyitems(config, items):
    which = os.environ.get("PLENUM_TESTS")
    if which:
        left_out = [item for item in items if (item.path.stem in PATIENT) != (which == "patient")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180))
    items.sort(key=lambda item: item.name == IDLE_TEST)  # the last one: it looks back
