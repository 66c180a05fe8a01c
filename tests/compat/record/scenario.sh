# shellcheck shell=bash
# Runs in the emulated machine: a client, a director and three real servers, and one recorded
# scenario with them. What each step printed goes to /out/SCENARIO/NN-name.txt.
#
# usage: script SCENARIO     DIRECTOR=ipvs: the kernel's; DIRECTOR=plenum: plenum-lbd, in its place
#
#   cl   eth0 10.0.1.50-.65, fd01::50-::65
#   lb   eth0 10.0.1.1, virtual addresses 10.0.1.100-.107, fd01::100-::107; eth1 10.0.2.1, fd02::1
#   rsN  eth0 10.0.1.1N; eth1 10.0.2.1N, which answers through lb; the virtual addresses on lo
# Two bridges in a namespace of their own connect the eth0s and the eth1s.
set -u
scenario=$1
out=/out/$scenario
director=${DIRECTOR:-ipvs}
virtual=$(seq 100 107)
clients=$(seq 50 65)
mkdir -p "$out"

lb() { nsenter --net=/run/netns/lb "$@"; }
cl() { nsenter --net=/run/netns/cl "$@"; }
rs() {
  local number=$1
  shift
  nsenter --net="/run/netns/rs$number" "$@"
}

# -- the network ------------------------------------------------------------------------
host_settings() {
  cd /proc/sys/net || return
  echo 0 >ipv6/conf/default/accept_dad
  echo 0 >ipv6/conf/all/accept_dad
  echo 0 >ipv6/conf/default/router_solicitations
  echo 0 >ipv4/conf/all/rp_filter
  echo 0 >ipv4/conf/default/rp_filter
  local where
  case $1 in
    lb)
      echo 1 >ipv4/ip_forward
      echo 1 >ipv6/conf/all/forwarding
      for where in all default; do echo 0 >ipv4/conf/$where/send_redirects; done
      ;;
    rs?)
      for where in all default lo; do
        echo 1 >ipv4/conf/$where/arp_ignore
        echo 2 >ipv4/conf/$where/arp_announce
      done
      ;;
  esac
}

# plug HOST INTERFACE BRIDGE MAC: one end in the host, the other a port of the bridge. Checksums
# are whole and segments of wire size on every link, since XDP programs see them as they are.
plug() {
  ip link add "$2" netns "$1" address "$4" type veth peer name "$1$2" netns sw
  ip -n sw link set "$1$2" master "$3" up
  nsenter --net="/run/netns/$1" ethtool -K "$2" tx off rx off tso off gso off gro off sg off >/dev/null
  nsenter --net=/run/netns/sw ethtool -K "$1$2" tx off tso off gro on >/dev/null
  if [ "$director" = plenum ]; then nsenter --net=/run/netns/sw bench_flow attach "$1$2" pass; fi
}

network() {
  local host i k
  modprobe -a veth bridge
  for host in sw cl lb rs1 rs2 rs3; do ip netns add $host; done
  for host in cl lb rs1 rs2 rs3; do
    nsenter --net=/run/netns/$host bash -c "$(declare -f host_settings); host_settings $host"
    ip -n $host link set lo up
  done
  for i in br0 br1; do ip -n sw link add $i type bridge forward_delay 0 mcast_snooping 0; ip -n sw link set $i up; done
  plug cl eth0 br0 02:00:00:00:00:50
  plug lb eth0 br0 02:00:00:00:00:01
  plug lb eth1 br1 02:00:00:00:01:01
  for k in 1 2 3; do
    plug rs$k eth0 br0 02:00:00:00:00:1$k
    plug rs$k eth1 br1 02:00:00:00:01:1$k
  done
  {
    echo "link set eth0 up"
    for i in $clients; do
      echo "addr add 10.0.1.$i/24 dev eth0"
      echo "addr add fd01::$i/64 dev eth0 nodad"
    done
    echo "route add 10.0.2.0/24 via 10.0.1.1"
    echo "route add fd02::/64 via fd01::1"
  } | ip -n cl -batch -
  {
    echo "link set eth0 up"
    echo "link set eth1 up"
    echo "addr add 10.0.1.1/24 dev eth0"
    echo "addr add 10.0.2.1/24 dev eth1"
    echo "addr add fd01::1/64 dev eth0 nodad"
    echo "addr add fd02::1/64 dev eth1 nodad"
    # preferred_lft 0: no tunnel begins at a virtual address.
    for i in $virtual; do
      echo "addr add 10.0.1.$i/32 dev eth0"
      echo "addr add fd01::$i/128 dev eth0 nodad preferred_lft 0"
    done
  } | ip -n lb -batch -
  for k in 1 2 3; do
    {
      echo "link set eth0 up"
      echo "link set eth1 up"
      echo "addr add 10.0.1.1$k/24 dev eth0"
      echo "addr add 10.0.2.1$k/24 dev eth1"
      echo "addr add fd01::1$k/64 dev eth0 nodad"
      echo "addr add fd02::1$k/64 dev eth1 nodad"
      echo "rule add from 10.0.2.0/24 lookup 100 pref 100"
      echo "route add default via 10.0.2.1 table 100"
      for i in $virtual; do
        echo "addr add 10.0.1.$i/32 dev lo"
        echo "addr add fd01::$i/128 dev lo nodad preferred_lft 0"
      done
    } | ip -n rs$k -batch -
    printf '%s\n' "rule add from fd02::/64 lookup 100 pref 100" "route add default via fd02::1 table 100" |
      ip -6 -n rs$k -batch -
    rs $k srv rs$k 80 81 8080 >/run/rs$k.log 2>&1 &
  done
  sleep 0.1
}

# -- the director -----------------------------------------------------------------------
# Plenum's, if it is to be; standard input is added to its file, below `director:`. IPVS needs its module
# only. A small table: what looks through it every second does so for free, but not for nothing.
director_up() {
  if [ "$director" = ipvs ]; then
    modprobe ip_vs
    return
  fi
  export PLENUM_RUN_DIR=/run/plenum PATH=/job/bin:$PATH
  mkdir -p /run/plenum /sys/fs/bpf/plenum /job/bin
  ln -sf /usr/sbin/plenum /job/bin/ipvsadm
  {
    printf '%s\n' 'version: 1' 'director:' '  connections: 16k' '  servers: 1k'
    cat
  } >/run/plenum.yaml
  nsenter --net=/run/netns/lb plenum-lbd --config /run/plenum.yaml --run-dir $PLENUM_RUN_DIR \
    --bpf-dir /sys/fs/bpf/plenum >/out/lbd.log 2>&1 &
  for _ in $(seq 200); do
    if lb ipvsadm -Ln >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "plenum-lbd does not answer"
  cat /out/lbd.log
  exit 1
}

# -- recording --------------------------------------------------------------------------
steps=0

# as NAME SHOWN COMMAND...: one step; SHOWN is the command as the recording has it
as() {
  local name=$1 shown=$2 status file
  shift 2
  steps=$((steps + 1))
  file=$out/$(printf %02d $steps)-$name.txt
  "$@" >/run/said 2>/run/complained
  status=$?
  {
    echo "\$ $shown"
    cat /run/said
    if [ -s /run/complained ]; then echo "[stderr]"; cat /run/complained; fi
    echo "[exit $status]"
  } >"$file"
}

# on_director NAME COMMAND..., on_client NAME COMMAND...: steps
on_director() {
  local name=$1
  shift
  as "$name" "$*" lb "$@"
}

on_client() {
  local name=$1
  shift
  as "$name" "[client] $*" cl "$@"
}

# set_up COMMAND...: on the director, into the scenario's 00-setup.txt
set_up() {
  local status
  echo "\$ $*" >>"$out/00-setup.txt"
  lb "$@" >/run/said 2>&1
  status=$?
  cat /run/said >>"$out/00-setup.txt"
  if [ $status != 0 ]; then echo "[exit $status]" >>"$out/00-setup.txt"; fi
  return $status
}

v() { set_up ipvsadm "$@"; }

# What -C leaves (connections, removed servers with their counts) has expired after this: none is left
# established, and datagrams are remembered for 300 s. IPVS keeps removed servers longer, in its trash.
clear_all() {
  v -C
  if [ "$director" = ipvs ]; then sleep 1000; else sleep 310; fi
}

# three SERVICE BASE PORT METHOD: servers BASE1 to BASE3, of weights 1 to 3
three() {
  local i
  for i in 1 2 3; do v -a "${@:1:2}" -r "$3$i${4:+:$4}" "$5" -w $i; done
}

joined() { # PREFIX: PREFIX50,PREFIX51,...
  # shellcheck disable=SC2086  # a list
  printf "$1%s\n" $clients | paste -sd, -
}

network
# shellcheck disable=SC1090  # given to the machine beside this file
. "/job/$scenario.sh"
echo "$scenario: $steps steps"
