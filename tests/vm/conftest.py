"""What the tests of the emulated machine share: the machines, two of them running at a time."""
import concurrent.futures
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from lab.host import end_on_sigterm  # noqa: E402  (the path above comes first)
from lab.vm import interop, recorder, smoke  # noqa: E402
from replayed import SCHEDULERS  # noqa: E402

# All of them are run on this host. On the other kernel what may differ is whether the programs load and what the
# helpers do, which every fifth case tells as well, in a fifth of the longest time here; `./dev vm smoke` runs all.
# Five, since cases come in rows of two, three and four: each fifth is another one of its row.
PACKETS_ONE_IN = 5


def _wanted(items):
    """Names of the machines that the selected tests ask for: a scenario, or what the test is called after."""
    names = []
    for item in items:
        if "machines" in getattr(item, "fixturenames", ()):
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            name = parameters.get("scenario", item.originalname.removeprefix("test_"))
            if name not in names:
                names.append(name)
    return names


@pytest.fixture(scope="session")
def machines(request, tmp_path_factory):
    """{name: future}: "packets" gives (directory of reports, output), "traffic", "interop" and a scenario the
    directory of its steps."""
    processes = []
    tmp_path_factory.getbasetemp()  # made by whoever asks first, which must not be two threads at once

    def run(name):
        directory = tmp_path_factory.mktemp(name)
        if name == "packets":
            return directory, smoke.packets(directory, started=processes.append, one_in=PACKETS_ONE_IN).output
        if name == "traffic":
            return smoke.traffic(directory, started=processes.append)
        if name == "interop":
            return interop.play(directory, started=processes.append)
        return recorder.play(name, "plenum", directory, SCHEDULERS, started=processes.append)

    pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
    try:
        yield {name: pool.submit(run, name) for name in _wanted(request.session.items)}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()  # no harm to one that has ended
        pool.shutdown()


def pytest_configure():
    # ./dev passes an interruption on as SIGTERM.
    end_on_sigterm()
