"""What the end-to-end tests share: labs that are always taken down, the large file, and
the client's load program. They need root, and know the programs only by their command line."""
import pathlib
import signal
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from lab import payload  # noqa: E402  (the path above comes first)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """The large file and its SHA-256; removed at the end, for it is 200 MB."""
    path = tmp_path_factory.mktemp("large") / "large"
    digest = payload.write(path)
    yield path, digest
    path.unlink()


def pytest_configure(config):
    # ./dev passes an interruption on as SIGTERM: end like Ctrl-C does, so that labs are taken down.
    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180))
