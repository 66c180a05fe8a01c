"""Many connections at once, and more than there is room for."""
import pytest

from lab.peer import ECHO_PORT
from stage import FAMILIES, Stage


@pytest.mark.parametrize("family", FAMILIES)
def test_two_thousand_connections_at_once(stage, family):
    with stage.client.hold(stage.vip(family), 2000, timeout=30) as held:
        assert held.opened == {"open": 2000, "failed": 0, "errors": {}}
        for _ in range(3):
            assert held.round()["failed"] == 0
        rows = stage.active(family, ECHO_PORT)
        assert sum(active for _, active, _ in rows.values()) == 2000, rows
        shares = sorted(active for _, active, _ in rows.values())
        assert all(abs(got - wanted) <= 1 for got, wanted in zip(shares, (333, 667, 1000))), rows


@pytest.mark.parametrize("way", ["nat", "dr"])
def test_a_full_table_gives_way_and_says_so(way, large):
    """Room for 1024, three times as many flows: new ones still get through, each eviction is counted,
    the daemon lives, and the table works as before when they are gone."""
    with Stage(way, large, config="version: 1\ndirector: { connections: 1024 }\n") as stage:
        stage.standard_services(families=(4,))
        with stage.client.hold(stage.vip(4), 3000, timeout=30) as held:
            assert held.opened["open"] > 1024, held.opened
            status = stage.director.ask("status")["status"]
            assert status["connection_room"] == 1024
            assert 0 < status["connections"] <= 1024
            evictions = {name: n for name, n in stage.director.drops().items() if "evict" in name and n}
            assert sum(evictions.values()) >= held.opened["open"] - 1024, stage.director.drops()
            # Who was evicted is reset at its next word; the others go on.
            answered = held.round()
            assert 700 <= answered["answered"] <= 1024, answered
            # A newcomer is served although the table is full of established connections.
            assert stage.client.http(stage.vip(4), requests=50)["failed"] == 0
        assert stage.director.alive()
        assert stage.client.download(stage.vip(4))["sha256"] == stage.digest
