"""A daemon that stops, dies or is replaced under load: forwarding goes on, nothing is lost or forgotten."""
import shutil
import time

import pytest

from lab.host import build_dir
from stage import Stage


def _stop(stage):
    assert stage.director.stop() == 0


def _kill(stage):
    stage.director.kill()


def _upgrade(stage):
    """The old program ends; the one that starts is another file."""
    assert stage.director.stop() == 0
    new = stage.director.directory / "plenum-lbd-new"
    shutil.copy2(build_dir() / "bin" / "plenum-lbd", new)
    old = stage.director.argv
    stage.director.argv = lambda *more: [new, *old(*more)[1:]]


@pytest.mark.parametrize("way", ["nat", "dr", "tun"])
@pytest.mark.parametrize("end", [_stop, _kill, _upgrade], ids=["sigterm", "sigkill", "upgrade"])
def test_restart_under_load_loses_nothing(way, end, large):
    with Stage(way, large) as stage:
        stage.standard_services()
        with (stage.client.background("http", stage.vip(4), concurrency=4, pause=0.005) as load4,
              stage.client.background("http", stage.vip(6), concurrency=4, pause=0.005) as load6,
              stage.client.background("download", stage.vip(4), path="/large?rate=60m") as download,
              stage.client.hold(stage.vip(4), 200) as held):
            assert held.opened["failed"] == 0, held.opened
            rules = stage.director.ipvsadm("-Sn").stdout
            before, _ = stage.counters(4)
            end(stage)
            assert held.round()["failed"] == 0
            time.sleep(0.5)  # new connections come in while no daemon runs
            stage.director.start()
            assert stage.director.ipvsadm("-Sn").stdout == rules
            after, _ = stage.counters(4)
            assert all(after[name] >= before[name] for name in after), (before, after)
            assert after["conns"] > before["conns"]
            assert held.round()["failed"] == 0
            result = download.result()
            assert result["sha256"] == stage.digest, result
            for load in (load4, load6):
                result = load.stop()
                assert result["failed"] == 0 and result["requests"] > 100, result
        status = stage.director.ask("status")["status"]
        assert status["data_plane_uptime"] >= status["uptime"]


def test_unload_takes_the_data_plane_away(large):
    with Stage("dr", large) as stage:
        stage.standard_services(families=(4,))
        assert stage.client.http(stage.vip(4), requests=10)["failed"] == 0
        assert stage.director.stop() == 0
        assert stage.client.http(stage.vip(4), requests=10)["failed"] == 0
        stage.director.unload()
        assert "xdp" not in stage.director.host.ip("link", "show", "dev", "eth0").stdout
        assert not stage.director.bpf_dir.exists() or not list(stage.director.bpf_dir.iterdir())
        # Nobody listens on the director itself.
        assert stage.client.connect(stage.vip(4)) == "ECONNREFUSED"
