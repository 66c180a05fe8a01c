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
            return directory, smoke.packets(directory, started=processes.append).output
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
