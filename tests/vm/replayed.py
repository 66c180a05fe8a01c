"""What of the recorded scenarios is played with Plenum, and what is not, with the reason."""
from lab.vm import recorder

# twos picks at random, so that no recording says what it does next.
_AT_RANDOM = ("twos",)
SCHEDULERS = tuple(s for s in recorder.SCHEDULERS if s not in _AT_RANDOM)
# What a director sends to itself never meets XDP (ARCHITECTURE.md), so this step is not balanced ...
_FROM_DIRECTOR = ("from-director",)
# ... and later lists lack the connections from its address.
NOT_COMPARED_CLIENTS = ("10.0.2.1",)
# No files in /proc: listings say the same.
_LIST = ("proc-ip_vs_conn",)
# Plenum asks who may write to its socket, and root may whatever else was taken from it.
_ERRORS = ("noperm-drop-netadmin",)

# Scenario: steps that are not compared, by name or by the scheduler their names begin with.
SCENARIOS = {"sched-nat": _AT_RANDOM, "sched-dr": _AT_RANDOM, "sched-tun": _AT_RANDOM,
             "behave": _FROM_DIRECTOR, "sip": (), "sync": (), "tunnels": (),
             "list": _LIST, "errors": _ERRORS, "modules": ()}
