"""keepalived.conf as keepalived itself takes it: the same file is given to Debian's keepalived and to Plenum,
in one network namespace with eth0 and eth1. Compared are what `keepalived -t` ends with, and the values that
keepalived shows of what it read with those of the YAML that `plenum convert` makes of it."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PLENUM_BIN_DIR") or
                   pathlib.Path(os.environ.get("PLENUM_BUILD", REPO / "build")) / "bin")
DATA = REPO / "tests/compat/keepalived"
KEEPALIVED = shutil.which("keepalived", path="/usr/sbin:/sbin:" + os.environ["PATH"])

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")

HOST = """
hostname nodea
mount -t tmpfs none /run
ip link set lo up
for n in 0 1; do
  ip link add eth$n type veth peer name peer$n
  ip link set eth$n up; ip link set peer$n up
done
ip address add 10.0.0.5/24 dev eth0
ip address add 192.168.0.5/24 dev eth1
exec "$@"
"""


def on_host(*words, timeout=60):
    """Runs a program on a host called nodea with eth0 and eth1, which is gone behind it."""
    return subprocess.run(["unshare", "-n", "-m", "-u", "--", "bash", "-c", HOST, "host", *map(str, words)],
                          capture_output=True, text=True, timeout=timeout)


def cases():
    for path in sorted((DATA / "classes").glob("*.txt")):
        for part in path.read_text().split("=== ")[1:]:
            name, _, text = part.partition("\n")
            yield pytest.param(text, id=name.replace(" ", "-"))


@pytest.mark.parametrize("text", cases())
def test_ends_as_keepalived_t(tmp_path, text):
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    theirs = on_host(KEEPALIVED, "-t", "-l", "-f", path)
    ours = on_host(BIN / "plenum", "check", "--keepalived", path)
    assert ours.returncode == theirs.returncode, f"keepalived:\n{theirs.stderr}{theirs.stdout}\nplenum:\n{ours.stderr}"
    # What is wrong with a word of a line is wrong in the same lines; other things keepalived tells at a block's end.
    # (Behind a block without its brace it goes on in another of its processes than the one that knows the block.)
    pattern = r"Line (\d+)\) (?:Unknown keyword '[^}]|invalid number|negative number|number '[^']*' outside)"
    found = set(re.findall(pattern, ours.stderr))
    expected = set(re.findall(pattern, theirs.stdout + theirs.stderr))
    assert found == expected or (found < expected and "Missing '{'" in theirs.stderr), \
        f"keepalived:\n{theirs.stderr}{theirs.stdout}\nplenum:\n{ours.stderr}"


def convert(path):
    done = on_host(BIN / "plenum", "convert", path)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def shown(path):
    """keepalived's own listing of what it read, as it runs: lines without their date."""
    done = on_host("bash", "-c", f'timeout -s TERM 2 {KEEPALIVED} -n -l -D -d -P -p /run/p -r /run/r -f "$0"', path)
    return [line[26:] for line in (done.stdout + done.stderr).splitlines()]


def instances(lines):
    """name -> {label: value} and the lists below labels, of each vrrp_instance."""
    out, name, label = {}, None, None
    for line in lines:
        if line.startswith("------<"):
            name = None
        match = re.match(r" VRRP Instance = (.*)", line)
        if match:
            name = match[1]
            out[name] = {"lists": {}}
        elif name and line.startswith("     "):
            out[name]["lists"].setdefault(label, []).append(line.strip())
        elif name and line.startswith("   "):
            key, _, value = line.strip().partition(" = ")
            label = re.sub(r" *(\(\d+\))? *:$", "", line.strip())
            out[name][key] = value
    return out


def seconds(text):
    text = str(text)
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.rstrip("s"))


def addresses(vip, vrrp, excluded):
    """As keepalived shows them."""
    options = {o["address"]: o for o in vrrp.get("address_options", [])}
    out = []
    for prefix in vrrp.get("excluded", []) if excluded else vip["addresses"]:
        address, _, length = prefix.partition("/")
        o = options.get(address, {})
        text = address if length in ("32", "128") else prefix
        if o.get("broadcast"):
            text += f" brd {o['broadcast']}"
        text += f" dev {o.get('interface', vrrp['interface'])} scope {o.get('scope', 'global')}"
        if o.get("label"):
            text += f" label {o['label']}"
        if ":" in address:
            text += " deprecated" if o.get("preferred") is False else " preferred_lft forever"
        out.append(text)
    return out


@pytest.mark.parametrize("name", ["failover", "generated"])
def test_reads_the_values_of_instances(name):
    path = DATA / "values" / f"{name}.conf"
    theirs, ours = instances(shown(path)), convert(path)
    assert theirs.keys() == {vip for vip in ours["vips"] if "vrrp" in ours["vips"][vip]} != set()
    for vip, their in theirs.items():
        vrrp = ours["vips"][vip]["vrrp"]
        announce = vrrp.get("announce", {})
        assert their["Interface"] == vrrp["interface"]
        assert int(their["VRRP Version"]) == vrrp.get("version", 3)
        assert int(their["Virtual Router ID"]) == vrrp["id"]
        assert int(their["Priority"]) == vrrp.get("priority", 100)
        interval = their["Advert interval"].split()
        assert int(interval[0]) / (1 if interval[1] == "sec" else 1000) == seconds(vrrp.get("advert", "1s"))
        assert (their["Accept"] == "enabled") == vrrp.get("accept", True)
        assert (their["Preempt"] == "enabled") == vrrp.get("preempt", True)
        assert seconds(vrrp.get("preempt_delay", "0s")) == float(their.get("Preempt delay", "0").split()[0])
        assert int(their["Gratuitous ARP delay"]) == seconds(announce.get("delay", "5s"))
        assert int(their["Gratuitous ARP repeat"]) == announce.get("repeat", 5)
        assert int(their["Gratuitous ARP refresh"]) == seconds(announce.get("refresh", "0s"))
        assert int(their["Gratuitous ARP lower priority delay"]) == seconds(announce.get("lower_delay", "5s"))
        assert int(their["Gratuitous ARP lower priority repeat"]) == announce.get("lower_repeat", 5)
        lists = their["lists"]
        shown_addresses = [a.replace(" forever", "").split(" preferred_lft")[0] for a in lists.get("Virtual IP", [])]
        expected = addresses(ours["vips"][vip], vrrp, False)
        assert shown_addresses == [a.split(" preferred_lft")[0] for a in expected]
        assert lists.get("Virtual IP Excluded", []) == addresses(ours["vips"][vip], vrrp, True)
        assert [p.split()[0] for p in lists.get("Unicast Peer", [])] == vrrp.get("peers", [])
        password = their.get("Password")
        assert password is None or password == str(vrrp["password"])
        if their.get("Using src_ip", "").endswith("(from configuration)"):
            assert vrrp["source"] == their["Using src_ip"].split()[0]
        routes = [r for r in lists.get("Virtual Routes", [])]
        assert len(routes) == len(vrrp.get("routes", []))
        for text, route in zip(routes, vrrp.get("routes", [])):
            words = text.split()
            assert route["to"] in words and all(str(route[k]) in words for k in ("via", "dev", "src", "table", "metric")
                                                if k in route)
        for text, rule in zip(lists.get("Virtual Rules", []), vrrp.get("rules", [])):
            words = text.split()
            assert all(str(rule[k]) in words for k in ("from", "to", "iif", "table", "priority") if k in rule)
        assert len(lists.get("Virtual Rules", [])) == len(vrrp.get("rules", []))


def test_reads_the_values_of_trackers():
    path = DATA / "values" / "failover.conf"
    lines, ours = shown(path), convert(path)["failover"]
    text = "\n".join(lines)

    def section(title, name):
        return re.search(rf"^ {title} = {name}\n((?:   .*\n)+)", text, re.M)[1]

    for name, script in ours["scripts"].items():
        their = dict(re.findall(r"^   (.*?) = (.*)$", section("VRRP Script", name), re.M))
        assert float(their["Interval"].split()[0]) == seconds(script.get("interval", "1s"))
        assert float(their["Timeout"].split()[0]) == seconds(script.get("timeout", "0s"))
        assert int(their["Rise"]) == script.get("rise", 1) and int(their["Fall"]) == script.get("fall", 1)
        assert int(their["Weight"].split()[0]) == script.get("weight", 0)
        assert ("reverse" in their["Weight"]) == script.get("reverse", False)
        words = re.findall(r"'([^']*)'", their["Command"])
        assert words[1:] == [str(w) for w in script["run"]["run"][1:]]
    process = section("VRRP Track process", "proxy")
    assert "Min processes = 2" in process and ours["processes"]["proxy"]["least"] == 2
    assert "Fork delay = 1.500000s" in process and seconds(ours["processes"]["proxy"]["start_delay"]) == 1.5
    assert "Parameters = -f /etc/x" in process or "'-f' '/etc/x'" in process
    assert ours["processes"]["proxy"]["program"] == ["haproxy", "-f", "/etc/x"]
    assert "Weight = 3" in section("Track file", "load") and ours["files"]["load"]["weight"] == 3


def test_converts_what_is_balanced():
    ours = convert(DATA / "values" / "balanced.conf")["l4"]
    web = ours["10.0.0.1-80-tcp"]
    assert web["forward"] == "nat" and web["scheduler"] == "wrr" and web["quorum"] == 3 and web["hysteresis"] == 2
    assert web["persistence"] == {"timeout": "50s", "netmask": "255.255.255.0"}
    assert web["sorry"] == {"address": "10.0.0.200", "port": 8080} and web["notify"] == {"at_end": True}
    first, second = web["servers"]["10.0.0.11"], web["servers"]["10.0.0.12"]
    assert (first["port"], first["weight"], first["upper"], first["lower"]) == (8080, 3, 100, 50)
    assert first["on_failure"] == "inhibit"
    page, tcp = first["check"]
    assert page["host"] == "www.example.net" and page["port"] == 81 and page["timeout"] == "2500ms"
    assert page["retry"] == 2 and page["retry_delay"] == "4s" and page["initial"] == "down"
    assert page["pages"] == [{"expect": [200, "300-302"]},
                             {"path": "/digest", "expect": ["200-299"], "host": "other.example.net",
                              "digest": "9b3a0c85a887a256d6939da88aabd8cd"}]
    assert (tcp["address"], tcp["port"], tcp["source"]) == ("10.0.0.99", 82, "10.0.0.5")
    assert tcp["start_delay"] in (0, "0") and tcp["retry"] == 7 and tcp["interval"] == "6s"
    secure = second["check"][0]
    assert secure["type"] == "https" and secure["regex"] == "a+b" and secure["tls"] == {"ca": "/etc/ca.pem"}
    assert secure["interval"] == "9s" and second["check"][1]["type"] == "ping"
    names = ours["10.0.0.2-53-udp"]
    assert names["scheduler_flags"] == ["port"] and names["one_packet"] is True
    dns, udp = names["check"]
    assert dns["record"] == "A" and dns["query"] == "example.net" and dns["retry_delay"] == "2500ms"
    assert udp["send_hex"] == "01 02" and udp["begins_hex"] == "41 42"
    assert udp["min_answer"] == 2 and udp["max_answer"] == 255
    mark = ours["mark-7"]
    assert mark["listen"] == {"fwmark": 7, "family": "ipv4"}
    assert mark["tunnel"] == {"type": "gue", "port": 6080, "checksum": "full"}
    smtp, file = mark["check"]
    assert smtp["helo"] == "mail.example.net" and file["factor"] == 5 and file["path"] == "/tmp/weight"
    group = [name for name in ours if name.startswith("several-")]
    assert sorted(ours[name]["listen"]["address"] for name in group) == \
        ["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.2.0", "10.0.2.1", "10.0.2.2", "10.0.2.3"]


def test_refuses_only_what_keepalived_would_not_start_with(tmp_path):
    path = tmp_path / "keepalived.conf"
    path.write_text("vrrp_instance a {\n interface eth0\n virtual_router_id 1\n priority\n}\n")
    done = on_host(BIN / "plenum", "check", path)
    assert done.returncode == 1 and ":4:" in done.stderr and "missing a parameter" in done.stderr
    path.write_text("vrrp_instance a {\n interface eth0\n virtual_router_id 1\n priorty 7\n"
                    " virtual_ipaddress { 10.0.0.9 }\n}\n")
    done = on_host(BIN / "plenum", "check", path)
    assert done.returncode == 0 and "1 warning" in done.stdout and 'did you mean "priority"?' in done.stderr
    done = on_host(BIN / "plenum", "check", "--strict", path)
    assert done.returncode == 1 and "priorty" in done.stderr


RUN = """
"$1"/plenum-vrrpd --config "$2" --run-dir /run/plenum 2>/run/log >&2 & daemon=$!
for i in $(seq 200); do
  ip -br address show eth0 | grep -q 10.0.0.77/24 && break
  sleep 0.1
done
ip -br address show eth0
kill $daemon; wait $daemon; cat /run/log
ip -br address show eth0
"""


def test_plenum_vrrpd_runs_from_the_file(tmp_path):
    path = tmp_path / "keepalived.conf"
    path.write_text("global_defs {\n smtp_alert on\n}\nvrrp_instance VI_1 {\n interface eth0\n"
                    " virtual_router_id 51\n priority 150\n virtual_ipaddress {\n  10.0.0.77/24\n }\n}\n")
    done = on_host("bash", "-c", "mkdir -p /run/plenum\n" + RUN, "run", BIN, path)
    first, *log, last = done.stdout.splitlines()
    assert "10.0.0.77/24" in first and "10.0.0.77/24" not in last, done.stdout
    assert any(f"{path}:2: smtp_alert is not carried out" in line for line in log), done.stdout
