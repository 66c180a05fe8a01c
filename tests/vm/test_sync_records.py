"""When two directors told others the same of a client's connections."""
from lab.vm import recorder, sync_records

STEP = next((recorder.RECORDINGS / "sync").glob("*-tcp-nat.txt")).read_text()
HEAD = "$ cli\n{}[exit 0]\n"
_ONE = "000500{:02x}{:02x}010000{}"


def records():
    """The three of the recorded step, each as hex: established, closing, closed."""
    line = STEP.splitlines()[1][16:]
    return [line[i:i + 72] for i in range(0, len(line), 72)]


def step(*datagrams):
    return HEAD.format("".join(_ONE.format(8 + 36 * len(d), len(d), "".join(d)) + "\n" for d in datagrams))


def test_how_many_share_a_datagram_does_not_matter():
    first, second, third = records()
    assert step((first, second, third)).splitlines()[1] == STEP.splitlines()[1]
    assert sync_records.same(STEP, step((first,), (second, third)))


def test_what_was_passed_quickly_may_be_left_out():
    first, second, third = records()
    assert sync_records.same(STEP, step((third,)))
    assert not sync_records.same(STEP, step((first, second))), "the last word matters"


def test_nothing_else_may_be_said():
    first, second, third = records()
    other = first.replace("0384", "0385")
    assert other != first and not sync_records.same(STEP, step((other, second, third)))
    elsewhere = first.replace("9c41", "9c42")
    assert not sync_records.same(STEP, step((first, second, third), (elsewhere,)))


def test_silence_and_broken_datagrams_differ():
    assert not sync_records.same(STEP, HEAD.format(""))
    assert not sync_records.same(HEAD.format(""), HEAD.format(""))
    assert not sync_records.same(STEP, STEP.replace("000500740301", "000500740401"))
    assert not sync_records.same(STEP, STEP.replace("0005", "00050", 1))


def test_a_template_may_be_told_after_the_first_answer():
    recorded = next((recorder.RECORDINGS / "sync").glob("*-persistent-sip.txt")).read_text()
    assured = recorded.replace("0000110000000000", "0000110000010000")
    assert assured != recorded and sync_records.same(recorded, assured)
    assert not sync_records.same(recorded, recorded.replace("0000110000000000", "0000110000020000"))
    assert not sync_records.same(recorded, recorded.replace("63616c6c", "63616c6d")), "the Call-ID matters"
