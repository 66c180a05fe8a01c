"""How a played scenario is compared with its recording: what counts as the same and what does not."""
from lab.vm import recorder

HEAD = "$ ipvsadm -Lnc\nIPVS connection entries\npro expire state       source             virtual            destination\n"
FIRST = "TCP {}  TIME_WAIT   10.0.1.50:40006    10.0.1.100:80      10.0.2.13:80\n"
SECOND = "TCP {}  TIME_WAIT   10.0.1.52:40008    10.0.1.100:80      10.0.2.11:80\n"
TAIL = "[exit 0]\n"


def listing(*rows):
    return HEAD + "".join(row.format(life) for row, life in rows) + TAIL


RECORDED = listing((FIRST, "01:59"), (SECOND, "01:58"))


def test_connections_may_come_in_any_order():
    assert recorder.same(RECORDED, listing((SECOND, "01:58"), (FIRST, "01:59")))


def test_seconds_do_not_matter_and_minutes_do():
    assert recorder.same(RECORDED, listing((FIRST, "01:57"), (SECOND, "02:01")))
    assert not recorder.same(RECORDED, listing((FIRST, "00:59"), (SECOND, "01:58")))


def test_a_connection_more_or_to_another_server_matters():
    assert not recorder.same(RECORDED, listing((FIRST, "01:59"), (SECOND, "01:58"), (SECOND, "01:58")))
    assert not recorder.same(RECORDED, listing((FIRST.replace("2.13", "2.12"), "01:59"), (SECOND, "01:58")))


def test_ports_matter_unless_the_kernel_chose_them():
    other = listing((FIRST.replace("40006", "51234"), "01:59"), (SECOND, "01:58"))
    assert not recorder.same(RECORDED, other)
    assert recorder.same(RECORDED, other, ports_chosen=True)


def test_output_and_exit_code_matter():
    assert not recorder.same(RECORDED, RECORDED.replace("[exit 0]", "[exit 1]"))
    assert not recorder.same("$ cli\nrs1 rs2\n[exit 0]\n", "$ cli\nrs2 rs1\n[exit 0]\n")
    assert recorder.same("$ ipvsadm -Ln\nIP Virtual Server version 1.2.1 (size=4096)\n[exit 0]\n",
                         "$ ipvsadm -Ln\nIP Virtual Server version 1.2.1 (size=1048576)\n[exit 0]\n")
    assert recorder.same("ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n",
                         "ipvsadm v1.31 2019/12/24 (compiled with plenum 0.1.0 and IPVS v1.2.1)\n")
    assert not recorder.same("ipvsadm v1.31 (compiled with popt and IPVS v1.2.1)\n",
                             "ipvsadm v1.30 (compiled with popt and IPVS v1.2.1)\n")


def test_a_step_that_is_missing_differs(tmp_path):
    for path in (recorder.RECORDINGS / "behave").iterdir():
        if not path.name.startswith("45-"):
            (tmp_path / path.name).write_text(path.read_text())
    assert list(recorder.differences("behave", tmp_path)) == ["from-director"]
    assert recorder.differences("behave", tmp_path, without=["from-director"]) == {}


def _rates(total, server, name="TCP  10.0.1.100:80"):
    return (f"Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
            f"{name:33} {0:8} {2:8} {1:8} {total:8} {65:8}\n  -> 10.0.2.11:80             {0:8} {1:8} {0:8} {server:8} {22:8}\n")


def test_rates_may_be_a_sample_apart_and_no_further():
    assert recorder.same_rates(_rates(100, 33), _rates(100, 33))
    assert recorder.same_rates(_rates(100, 33), _rates(75, 24)) and recorder.same_rates(_rates(75, 24), _rates(100, 33))
    assert not recorder.same_rates(_rates(100, 33), _rates(70, 33))
    assert not recorder.same_rates(_rates(100, 33), _rates(100, 60))
    assert not recorder.same_rates(_rates(100, 33), _rates(100, 33, "UDP  10.0.1.100:80"))
    assert not recorder.same_rates(_rates(100, 33), _rates(100, 33) + _rates(100, 33))
