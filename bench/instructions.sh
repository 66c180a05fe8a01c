# shellcheck shell=bash
# Runs in the emulated machine: instructions per packet, Plenum's and others' in its place.
#   gen:g0 <-> d0:lb:d1 <-> s0:sink
# Packets enter lb by d0, leave it by d1 and end in sink at once, so that what is counted is lb's
# work: the sending, receiving and dropping that each figure also contains is the row `base`.
# Prints `row WHO METHOD KIND FIGURE...`, or `lost ...` where packets took another way.
set -u
packets=${PACKETS:-40000} runs=3
vip=10.9.1.100 server=10.9.3 lb_mac=02:00:00:00:00:01 sink_mac=02:00:00:00:00:03
gen() { nsenter --net=/run/netns/gen "$@"; }
lb() { nsenter --net=/run/netns/lb "$@"; }
sink() { nsenter --net=/run/netns/sink "$@"; }

network() {
  modprobe -a veth ipip sch_ingress cls_bpf
  modprobe ip_vs conn_tab_bits=16
  echo 1 >/proc/sys/net/core/bpf_jit_enable
  echo 1 >/proc/sys/net/core/bpf_jit_kallsyms
  local ns
  for ns in gen lb sink; do
    ip netns add $ns
    nsenter --net=/run/netns/$ns sh -c 'for where in all default; do
      echo 1 >/proc/sys/net/ipv6/conf/$where/disable_ipv6; echo 0 >/proc/sys/net/ipv4/conf/$where/rp_filter; done'
  done
  ip link add g0 netns gen address 02:00:00:00:00:09 type veth peer name d0 netns lb address $lb_mac
  ip link add d1 netns lb address 02:00:00:00:00:02 type veth peer name s0 netns sink address $sink_mac
  gen ip link set g0 up
  sink ip link set s0 up
  lb ip -batch - <<TEXT
link set lo up
link set d0 up
link set d1 up
addr add 10.9.1.1/24 dev d0
addr add $vip/32 dev d0
addr add $server.1/24 dev d1
neigh add 10.9.1.2 lladdr 02:00:00:00:00:09 dev d0
route add 10.8.0.0/16 via 10.9.1.2
neigh add $server.50 lladdr $sink_mac dev d1
route add 10.7.0.0/16 via $server.50
TEXT
  local i
  for i in 11 12 13; do lb ip neigh add $server.$i lladdr $sink_mac dev d1; done
  lb sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
    for d in all d0 d1; do echo 0 >/proc/sys/net/ipv4/conf/$d/send_redirects; done'
  gen bench_flow attach g0 drop
  sink bench_flow attach s0 drop
}

left_by_d1() { lb awk '$1 == "d1:" { print $11 }' /proc/net/dev; }

# count WHO METHOD KIND TO_PORT PACKET FLOWS CLIENT CLIENT_PORT SERVER known|new: a row of output
count() {
  local who=$1 method=$2 kind=$3 port=$4 packet=$5 flows=$6 client=$7 client_port=$8 to=$9 known=${10} n=$packets before
  if [ "$known" = new ]; then n=$((packets / 2)); fi
  before=$(left_by_d1)
  echo "row $who $method $kind $(gen bench_flow send g0 $lb_mac $n $flows $packet $client $client_port $to $port $runs $known)"
  before=$(($(left_by_d1) - before))
  if [ "$who" != base ] && [ "$method" != bounce ] && [ $before -lt $((n * runs)) ]; then
    echo "lost $who $method $kind: $before of $((n * runs)) left by d1"
  fi
}

# Each row has client addresses of its own: connections of the row before are still there.
client=0
next_client() {
  client=$((client + 1))
  address=10.8.$client.1
}

# director WHO: the rows of an IPVS, set up through ipvsadm
director() {
  local who=$1 method flag row
  for row in dr:-g nat:-m tun:-i; do
    method=${row%:*} flag=${row#*:}
    serve -u "$flag" 11 12 13
    next_client; count "$who" $method known 80 udp 256 $address 1024 $vip known
    next_client; count "$who" $method known-4096 80 udp 4096 $address 1024 $vip known
    next_client; count "$who" $method new 80 udp 131072 $address 1024 $vip new
    serve -t $flag 11 12 13
    next_client; gen bench_flow send g0 $lb_mac 256 256 syn $address 1024 $vip 80 1 known >/dev/null
    count "$who" $method tcp 80 ack 256 $address 1024 $vip known
    next_client; count "$who" $method tcp-new 80 syn 131072 $address 1024 $vip new
  done
  serve -u -m 11
  gen bench_flow send g0 $lb_mac 64 1 udp 10.7.0.1 5000 $vip 80 1 known >/dev/null
  count "$who" nat answer 5000 udp 1 $server.11 80 10.7.0.1 known
  ipvsadm_of "$who" -C
}

# serve -u|-t METHOD HOST...: one service with these servers and nothing else
serve() {
  local protocol=$1 flag=$2 host
  shift 2
  ipvsadm_of "$who" -C
  ipvsadm_of "$who" -A $protocol $vip:80 -s rr
  for host; do ipvsadm_of "$who" -a $protocol $vip:80 -r $server.$host:80 $flag; done
  settle
}

ipvsadm_of() {
  local who=$1
  shift
  if [ "$who" = plenum ]; then lb bash -c 'exec -a ipvsadm plenum "$@"' ipvsadm "$@"; else lb ipvsadm "$@"; fi
}

# Until what was set is in force. Waiting is free here.
settle() { sleep 3; }

network
lb bench_flow attach d0 drop
count base - - 80 udp 256 10.8.0.1 1024 $vip known
lb bench_flow detach d0
for program in bounce redirect route; do
  arguments=
  if [ $program = redirect ]; then arguments="d1 $sink_mac"; fi
  # shellcheck disable=SC2086  # words
  lb bench_flow attach d0 $program $arguments
  count xdp $program known 80 udp 256 10.8.0.1 1024 $server.11 known
  lb bench_flow detach d0
done

export PLENUM_RUN_DIR=/run/plenum
mkdir -p $PLENUM_RUN_DIR /sys/fs/bpf/plenum
echo 'version: 1' >/run/plenum.yaml
daemon="plenum-lbd --config /run/plenum.yaml --run-dir $PLENUM_RUN_DIR --bpf-dir /sys/fs/bpf/plenum"
nsenter --net=/run/netns/lb $daemon >/run/lbd.log 2>&1 &
daemon_pid=$!
for _ in $(seq 200); do
  if ipvsadm_of plenum -Ln >/dev/null 2>&1; then break; fi
  sleep 0.1
done
director plenum
lb plenum status --drops
kill $daemon_pid
wait $daemon_pid
lb $daemon --unload || cat /run/lbd.log
if lb ip link show | grep xdp; then
  echo "lost: programs are still there, the kernel would be measured with them"
  exit 1
fi

if [ -z "${PLENUM_ONLY:-}" ]; then
  # Frames come to the stack through NAPI, as those of a NIC; the sink has to take what it sends.
  lb ethtool -K d0 gro on
  sink bench_flow detach s0
  sink bench_flow drop-skb s0
  count kernel forward known 80 udp 256 10.8.0.1 1024 $server.11 known
  director ipvs
fi
