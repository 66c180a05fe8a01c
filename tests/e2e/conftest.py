"""What the end-to-end tests share: labs that are always taken down, the large file, and
the client's load program. They need root, and know the programs only by their command line."""
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from lab import payload  # noqa: E402  (the path above comes first)
from lab.host import end_on_sigterm  # noqa: E402
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


def pytest_configure():
    # ./dev passes an interruption on as SIGTERM.
    end_on_sigterm()


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180))
