# shellcheck shell=bash
# interop: two directors keep their connections in step: kernel IPVS, in a namespace `k` of its own, and Plenum in
# `lb`. Each tells the other of its connections. What a client began through the one goes on through the other
# when that has the addresses. Steps are named FROM-WAY-FAMILY-WHAT; lab/vm/interop.py says what each must say.
#
#   k    eth0 10.0.1.2, fd01::2   eth1 10.0.2.2, fd02::2    tells as syncid 1, hears syncid 2
#   lb   eth0 10.0.1.1, fd01::1   eth1 10.0.2.3, fd02::3    hears syncid 1, tells as syncid 2
#   who directs also has 10.0.1.100, fd01::100 and the servers' gateway, 10.0.2.1 and fd02::1
V4=10.0.1.100 V6=fd01::100 GATEWAY4=10.0.2.1 GATEWAY6=fd02::1
k() { nsenter --net=/run/netns/k env PATH=/usr/sbin:/usr/bin "$@"; }
ip netns add k
k bash -c "$(declare -f host_settings); host_settings lb"
ip -n k link set lo up
plug k eth0 br0 02:00:00:00:00:02
plug k eth1 br1 02:00:00:00:01:02
printf '%s\n' 'link set eth0 up' 'link set eth1 up' 'addr add 10.0.1.2/24 dev eth0' 'addr add 10.0.2.2/24 dev eth1' \
  'addr add fd01::2/64 dev eth0 nodad' 'addr add fd02::2/64 dev eth1 nodad' | ip -n k -batch -
printf '%s\n' "addr del $GATEWAY4/24 dev eth1" "addr del $GATEWAY6/64 dev eth1" 'addr add 10.0.2.3/24 dev eth1' \
  'addr add fd02::3/64 dev eth1 nodad' "addr del $V4/32 dev eth0" "addr del $V6/128 dev eth0" | ip -n lb -batch -
director_up <<<"  xdp: native
  marks: [{mark: 7, destination: $V4, protocol: tcp, ports: [81]}]"
modprobe -a ip_vs ip_vs_rr ip_vs_pe_sip ipip ip6_tunnel nf_tables
k nft -f - <<<"table ip m { chain p { type filter hook prerouting priority -150; ip daddr $V4 tcp dport 81 meta mark set 7; }; }"
head -c 3000000 /dev/urandom >/run/large
mkdir -p /run/www
ln -s /run/large /run/www/large
sha256sum </run/large | cut -c1-64 >"$out/digest"
for i in 1 2 3; do
  rs $i sh -c 'ip link set tunl0 up; ip link set ip6tnl0 up
    for d in all tunl0; do echo 0 >/proc/sys/net/ipv4/conf/$d/rp_filter; done'
  rs $i busybox httpd -p '[::]:8000' -h /run/www
done

# What is sent must wait for the client: else the server is done before the directors change.
cl sysctl -q -w net.ipv4.tcp_rmem='4096 65536 131072'

name_of() { if [ "$1" = k ]; then echo ipvs; else echo plenum; fi; }
other_of() { if [ "$1" = k ]; then echo lb; else echo k; fi; }
both() {
  k ipvsadm "$@"
  lb ipvsadm "$@"
}

# -- who directs ------------------------------------------------------------------------
addresses() { # ADD-OR-DEL DIRECTOR
  printf '%s\n' "addr $1 $V4/32 dev eth0" "addr $1 $V6/128 dev eth0" "addr $1 $GATEWAY4/32 dev eth1" \
    "addr $1 $GATEWAY6/128 dev eth1" | if [ "$1" = add ]; then sed 's/.*:.*/& nodad preferred_lft 0/'; else cat; fi |
    ip -n "$2" -batch -
}

directing=
give() { # DIRECTOR: the addresses, and takes them from who had them
  if [ "$directing" = "$1" ]; then return; fi
  if [ -n "$directing" ]; then addresses del "$directing"; fi
  addresses add "$1"
  directing=$1
  # In a cluster gratuitous ARP does this.
  for host in cl rs1 rs2 rs3; do
    ip -n $host neigh flush all
    ip -n $host -6 neigh flush all
  done
}

# -- lists of connections -----------------------------------------------------------------
list() { # DIRECTOR PATTERN: rows of these clients
  "$1" ipvsadm -Lnc --persistent-conn | grep -E "^IPVS|^pro|$2"
}
rows() { list "$1" "$2" | awk 'NR > 2 { print $1, $3, $4, $5, $6, $7, $8 }' | sort; }

# in_step CASE WHAT PATTERN: records both lists, when they agree or after ten seconds. Virtual time is free,
# to start programs is not.
in_step() {
  local ours
  for _ in $(seq 20); do
    ours=$(rows k "$3")
    if [ -n "$ours" ] && [ "$ours" = "$(rows lb "$3")" ]; then break; fi
    sleep 0.5
  done
  as "$1-$2-ipvs" "ipvsadm -Lnc" list k "$3"
  as "$1-$2-plenum" "ipvsadm -Lnc" list lb "$3"
}

# -- conversations ------------------------------------------------------------------------
begin() { # CLI'S ARGUMENTS...
  : >/run/answers
  coproc TALK { cl cli -i -t 20000 "$@"; }
  # shellcheck disable=SC2153  # coproc sets both
  exec {to}>&"${TALK[1]}" {from}<&"${TALK[0]}"
  # shellcheck disable=SC2153
  talker=$TALK_PID
}
heard() {
  answer=!nothing
  read -r -t 30 answer <&"$from"
  echo "$answer" >>/run/answers
}
ask() {
  for word in "$@"; do
    echo "$word" >&"$to"
    heard
  done
}
end() {
  eval "exec ${TALK[1]}>&-" 2>/dev/null
  exec {to}>&- {from}<&-
  wait "$talker"
}

# download PORT ADDRESS: half a second for each twelfth, and the sender has to wait
download() {
  local host=$2
  case $2 in *:*) host="[$2]" ;; esac
  cl curl -sg --max-time 60 --local-port "$1" "http://$host:8000/large" |
    for _ in $(seq 12); do
      dd bs=250000 count=1 iflag=fullblock 2>/dev/null
      sleep 0.5
    done | sha256sum | cut -c1-64
}

# -- a client's connections, from one director to the other -------------------------------
port=20000
carry() { # FROM WAY FAMILY
  local first=$1 second case client address pattern
  second=$(other_of "$first")
  case="$(name_of "$first")-$2-$3"
  client=10.0.1.50 address=$V4
  if [ "$3" = 6 ]; then client=fd01::50 address=$V6; fi
  port=$((port + 10))

  give "$first"
  pattern=":$port "
  begin -b $client -p $port $address 80
  heard
  ask a b c
  in_step "$case" tcp "$pattern"
  give "$second"
  # shellcheck disable=SC2046
  ask $(seq 60)
  as "$case-tcp-answers" "tcp" cat /run/answers
  end
  in_step "$case" tcp-closed "$pattern"

  give "$first"
  pattern=":$((port + 1)) "
  begin -u -b $client -p $((port + 1)) $address 80
  ask a b c
  in_step "$case" udp "$pattern"
  give "$second"
  ask 1 2 3
  as "$case-udp-answers" "udp" cat /run/answers
  end

  give "$first"
  pattern=":$((port + 2)) "
  as "$case-download" "download" download $((port + 2)) "$address" &
  local downloading=$!
  for _ in $(seq 8); do
    if rows "$second" "$pattern" | grep -q ESTABLISHED; then break; fi
    sleep 0.5
  done
  rows "$second" "$pattern" >"$out/$case-download.known"
  give "$second"
  wait $downloading
  in_step "$case" download-closed "$pattern"
}

# -- persistent clients --------------------------------------------------------------------
stays() { # CASE FIRST PATTERN CLI'S ARGUMENTS...: the template moves, so the same server answers
  local case=$1 first=$2 pattern=$3
  shift 3
  give "$first"
  as "$case-first" "cli" cl cli -n 1 "$@"
  in_step "$case" template "$pattern"
  give "$(other_of "$first")"
  # By turns alone it would be each server once.
  as "$case-then" "cli" cl cli -n 3 "$@"
  in_step "$case" template-then "$pattern"
}

persistence() {
  local first name client=54 address
  both -C
  for address in $V4 "[$V6]"; do
    both -A -t "$address:8080" -s rr -p 600
    both -A -u "$address:81" -s rr -p 300 --pe sip
    for i in 1 2 3; do
      case $address in
        *:*) both -a -t "$address:8080" -r "[fd01::1$i]:8080" -g
             both -a -u "$address:81" -r "[fd02::1$i]:81" -m ;;
        *) both -a -t "$address:8080" -r "10.0.2.1$i:8080" -m
           both -a -u "$address:81" -r "10.0.2.1$i:81" -m ;;
      esac
    done
  done
  both -A -f 7 -s rr -p 400
  for i in 1 2 3; do both -a -f 7 -r 10.0.1.1$i:0 -g; done
  for first in k lb; do
    name=$(name_of $first)
    client=$((client + 1))
    stays "$name-persistent-4" $first "10.0.1.$client:0 " -b 10.0.1.$client $V4 8080
    stays "$name-persistent-6" $first "fd01::${client}[]]:0 " -b fd01::$client $V6 8080
    client=$((client + 1))
    stays "$name-mark" $first "10.0.1.$client:0 " -b 10.0.1.$client $V4 81
    client=$((client + 1))
    printf '%s\r\n' 'OPTIONS sip:a@b SIP/2.0' "Call-ID: $name@10.0.1.$client" 'Content-Length: 0' '' >/run/call
    stays "$name-sip-4" $first "10.0.1.$client:0 " -u -x 3 -q /run/call -b 10.0.1.$client $V4 81
    stays "$name-sip-6" $first "fd01::${client}[]]:0 " -u -x 3 -q /run/call -b fd01::$client $V6 81
  done
}

services() { # METHOD V4-SERVERS V6-SERVERS
  local family protocol service address server i
  both -C
  for family in 4 6; do
    address=$V4 server=$2
    if [ $family = 6 ]; then address="[$V6]" server=$3; fi
    for service in -t:80 -u:80 -t:8000; do
      protocol=${service%%:*}
      both -A $protocol "$address:${service#*:}" -s rr
      for i in 1 2 3; do both -a $protocol "$address:${service#*:}" -r "${server/N/$i}:${service#*:}" "$1"; done
    done
  done
}

# -- a kernel director is replaced in service (docs/replacing.md) ---------------------------
# Three clients are connected before anybody thinks of synchronisation, and stay.
speakers="1 2 3"
speak() { # WORD: each of them, and waits for the answers
  local i
  for i in $speakers; do echo "$1" >"/run/talk$i"; done
  for i in $speakers; do
    for _ in $(seq 100); do
      if grep -q " $1\$" "/run/said$i"; then break; fi
      sleep 0.1
    done
  done
}

replacing() {
  local i
  give k
  k ipvsadm -A -t $V4:80 -s wrr
  for i in 1 2 3; do k ipvsadm -a -t $V4:80 -r 10.0.2.1$i:80 -m -w $i; done
  for i in $speakers; do
    mkfifo "/run/talk$i"
    cl cli -i -t 20000 -b 10.0.1.5$i -p 1000$i $V4 80 <"/run/talk$i" >"/run/said$i" &
    # shellcheck disable=SC2034  # kept open: what is said to the client does not end
    exec {held}>"/run/talk$i"
  done
  speak before
  as replace-old-list "ipvsadm -Ln" k ipvsadm -Ln
  as replace-old-connections "ipvsadm -Lnc" k ipvsadm -Lnc
  as replace-save "ipvsadm -Sn" k ipvsadm -Sn
  k ipvsadm -Sn | lb ipvsadm-restore
  as replace-restored "ipvsadm -Ln" lb ipvsadm -Ln
  lb ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 51
  k ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 52
  as replace-threshold "sysctl -w net.ipv4.vs.sync_threshold='0 1'" k sysctl -w net.ipv4.vs.sync_threshold='0 1'
  k ipvsadm --start-daemon master --mcast-interface eth0 --syncid 51
  lb ipvsadm --start-daemon master --mcast-interface eth0 --syncid 52
  # One stays silent: nobody hears of it before it speaks.
  speakers="1 2"
  speak daemons
  in_step replace waiting ":1000[12] "
  as replace-silent "ipvsadm -Lnc" lb ipvsadm -Lnc
  speakers=3
  speak late
  speakers="1 2 3"
  in_step replace all ":1000. "
  as replace-status "plenum status" lb plenum status
  give lb
  speak moved
  as replace-new-list "ipvsadm -Ln" lb ipvsadm -Ln
  give k
  speak back
  as replace-answers "answers" cat /run/said1 /run/said2 /run/said3
  k sysctl -q -w net.ipv4.vs.sync_threshold='3 50'
  for i in k lb; do
    $i ipvsadm --stop-daemon master
    $i ipvsadm --stop-daemon backup
  done
}
ln -sf /usr/sbin/plenum /job/bin/ipvsadm-restore
replacing

k ipvsadm --start-daemon master --mcast-interface eth0 --syncid 1
k ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 2
lb ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 1
lb ipvsadm --start-daemon master --mcast-interface eth0 --syncid 2
as daemons-ipvs "ipvsadm -L --daemon" k ipvsadm -L --daemon
as daemons-plenum "ipvsadm -L --daemon" lb ipvsadm -L --daemon

for way in $WAYS; do
  case $way in
    nat) services -m '10.0.2.1N' '[fd02::1N]' ;;
    dr) services -g '10.0.1.1N' '[fd01::1N]' ;;
    tun) services -i '10.0.1.1N' '[fd01::1N]' ;;
  esac
  for family in 4 6; do
    for first in k lb; do carry $first $way $family; done
  done
done
persistence
lb plenum status --json >"$out/status.json"
lb plenum status --drops --json >"$out/drops.json"
