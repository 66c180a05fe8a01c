# shellcheck shell=bash
# sched-nat, sched-dr, sched-tun: every scheduler with 24 TCP connections one after the other (seq),
# kept open (hold), and to eight addresses of a service by mark (fwm). Clients take turns; weights 1 2 3.
case $scenario in
  sched-nat) method=-m base=10.0.2.1 ;;
  sched-dr) method=-g base=10.0.1.1 ;;
  sched-tun)
    method=-i base=10.0.1.1
    modprobe ipip
    for k in 1 2 3; do
      rs $k sh -c 'ip link set tunl0 up; for d in all tunl0; do echo 0 >/proc/sys/net/ipv4/conf/$d/rp_filter; done'
    done
    ;;
esac
sources=$(joined 10.0.1.)
addresses=$(for i in $virtual; do echo 10.0.1.$i; done | paste -sd, -)
director_up </dev/null
# The set-up names what was typed; the rules came from standard input.
set_up nft -f - <<<'table ip m { chain p { type filter hook prerouting priority -150; ip daddr 10.0.1.100-10.0.1.107 tcp dport 81 meta mark set 1; }; }'
echo "# 24 TCP connections, client addresses 10.0.1.50-.65 in turn, weights rs1=1 rs2=2 rs3=3, forwarding $method" >"$out/table.txt"
for scheduler in $SCHEDULERS; do
  for mode in seq hold; do
    keep=
    if [ $mode = hold ]; then keep=-k; fi
    clear_all
    v -A -t 10.0.1.100:80 -s "$scheduler"
    three -t 10.0.1.100:80 "$base" 80 $method
    # shellcheck disable=SC2086  # an option or none
    as "$scheduler-$mode" "[client] cli -n 24 -s $keep -t 1500 -b 10.0.1.50..65 -p 40000 10.0.1.100 80" \
      cl cli -n 24 -s $keep -t 1500 -b "$sources" -p 40000 10.0.1.100 80
    printf '%-6s %-4s tcp   %s\n' "$scheduler" $mode "$(tail -1 /run/said)" >>"$out/table.txt"
    if [ $mode = seq ]; then on_director "$scheduler-list" ipvsadm -Ln; fi
  done
  clear_all
  v -A -f 1 -s "$scheduler"
  three -f 1 "$base" "" $method
  as "$scheduler-fwm" "[client] cli -n 24 -s -t 1500 -b 10.0.1.50..65 -p 41000 10.0.1.100..107 81   # fwmark 1 service, 8 VIPs" \
    cl cli -n 24 -s -t 1500 -b "$sources" -p 41000 "$addresses" 81
  printf '%-6s seq  fwm   %s\n' "$scheduler" "$(tail -1 /run/said)" >>"$out/table.txt"
done
