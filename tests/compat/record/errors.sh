# shellcheck shell=bash
# errors: wrong and odd command lines, with what they answer.
director_up </dev/null
web=10.0.1.100:80

usual() {
  v -A -t $web -s rr
  v -a -t $web -r 10.0.2.11:80 -m
}

# try NAME COMMAND-LINE...: one of ipvsadm
try() {
  local name=$1 shown=ipvsadm word
  shift
  for word; do shown="$shown ${word:-''}"; done
  as "$name" "$shown" lb ipvsadm "$@"
}

usual
try unknown-scheduler -A -t 10.0.1.101:80 -s foo
try unknown-scheduler-edit -E -t $web -s foo
try dup-service -A -t $web -s rr
try dup-server -a -t $web -r 10.0.2.11:80 -m
try no-such-service-edit -E -t 10.0.1.99:80 -s rr
try no-such-service-del -D -t 10.0.1.99:80
try no-such-service-add-server -a -t 10.0.1.99:80 -r 10.0.2.11 -m
try no-such-server-del -d -t $web -r 10.0.2.99:80
try no-such-server-edit -e -t $web -r 10.0.2.99:80 -m -w 3
try missing-server -a -t $web -m
try missing-service -a -r 10.0.2.11:80 -m
try missing-service-A -A -s rr
for weight in -1 65536 2147483647 2147483648 abc 1.5 ''; do
  try "weight_$weight" -a -t $web -r 10.0.2.12:80 -m -w "$weight"
  lb ipvsadm -d -t $web -r 10.0.2.12:80 >/dev/null 2>&1
done
for address in 10.0.1.300:80 10.0.1.100:99999 10.0.1.100: :80 10.0.1.100 nohost.invalid:80 10.0.1.100:http \
  10.0.1.100:nosuch fd01::100:80 '[fd01::100]' '[fd01::zz]:80' 10.0.1.100:-1 10.0.1.100:0; do
  try "addr_$(tr '/:[]' '_...' <<<"$address" | tr -d '\n')" -A -t "$address" -s rr
  lb ipvsadm -D -t "$address" >/dev/null 2>&1
done
clear_all
usual
try dr-port-mismatch -a -t $web -r 10.0.1.12:8080 -g
try dr-port-list -Ln
try mixed-family -a -t $web -r '[fd01::11]:80' -m
try mixed-family-tun -a -t $web -r '[fd01::11]:80' -i
try mixed-family-list -Ln
try two-fwd -a -t $web -r 10.0.2.13:80 -m -g
try bad-thresholds -a -t $web -r 10.0.2.13:80 -m -x 5 -y 10
try bad-threshold-x -a -t $web -r 10.0.2.13:80 -m -x abc
try bad-threshold-neg -a -t $web -r 10.0.2.13:80 -m -x -1
try bad-timeout-p -A -t 10.0.1.102:80 -s rr -p abc
try bad-timeout-p0 -A -t 10.0.1.102:80 -s rr -p 0
try bad-timeout-big -A -t 10.0.1.102:80 -s rr -p 2678401
try netmask-no-p -A -t 10.0.1.103:80 -s rr -M 255.255.255.0
try bad-netmask -A -t 10.0.1.104:80 -s rr -p 60 -M 255.255.255.300
try zero-netmask -A -t 10.0.1.104:80 -s rr -p 60 -M 0.0.0.0
try bad-netmask6 -A -t '[fd01::104]:80' -s rr -p 60 -M 129
try netmask6-0 -A -t '[fd01::104]:80' -s rr -p 60 -M 0
try ops-tcp -A -t 10.0.1.105:80 -s rr -o
try ops-tcp-list -Ln
try port0-no-persist -A -t 10.0.1.106:0 -s rr
try bad-flags -A -t 10.0.1.107:80 -s sh -b nosuch
try flags-wrong-sched -A -t 10.0.1.107:80 -s rr -b sh-port
try flags-nums -A -t 10.0.1.107:81 -s rr -b flag-1,flag-3
try bad-pe -A -u 10.0.1.107:5060 -s rr -p 60 --pe nosuch
try flags-list -Ln
try flags-save -Sn
try fwmark-0 -A -f 0 -s rr
try fwmark-neg -A -f -1 -s rr
try fwmark-abc -A -f abc -s rr
try fwmark-big -A -f 4294967296 -s rr
try fwmark-max -A -f 4294967295 -s rr
try fwmark-list -Ln
try tun-type-bad -a -t $web -r 10.0.1.13:80 -i --tun-type vxlan
try tun-type-nofwd -a -t $web -r 10.0.1.13:80 -m --tun-type gre
try gue-no-port -a -t $web -r 10.0.1.14:80 -i --tun-type gue
try gue-port-bad -a -t $web -r 10.0.1.15:80 -i --tun-type gue --tun-port 99999
try tun-port-ipip -a -t $web -r 10.0.1.16:80 -i --tun-port 6080
try gre-remcsum -a -t $web -r 10.0.1.17:80 -i --tun-type gre --tun-remcsum
try tun-list -Ln
try no-args
try unknown-opt --nosuch
try two-cmds -A -D -t $web
try two-services -A -t $web -u $web -s rr
try extra-arg -Ln foo
try illegal-combo -C -t $web
try L-with-w -L -w 3
try set-few --set 1 2
try set-bad --set a b c
try set-neg --set -1 0 0
try set-big --set 9999999999 0 0
try daemon-bad-if --start-daemon master --mcast-interface nosuch
try daemon-bad-state --start-daemon foo
try daemon-bad-id --start-daemon master --syncid 300
try stop-none --stop-daemon master
on_director noperm-list setpriv --reuid 65534 --regid 65534 --clear-groups ipvsadm -Ln
on_director noperm-add setpriv --reuid 65534 --regid 65534 --clear-groups ipvsadm -A -t 10.0.1.200:80 -s rr
on_director noperm-drop-netadmin setpriv --bounding-set -net_admin --inh-caps -net_admin ipvsadm -A -t 10.0.1.200:80 -s rr
lb ipvsadm -D -t 10.0.1.200:80 >/dev/null 2>&1
as restore-bad "printf '-A -t 10.0.1.210:80 -s rr\\nbogus\\n-a -t 10.0.1.210:80 -r 10.0.2.11:80 -m\\n' | ipvsadm -R" \
  lb sh -c "printf -- '-A -t 10.0.1.210:80 -s rr\nbogus\n-a -t 10.0.1.210:80 -r 10.0.2.11:80 -m\n' | ipvsadm -R"
try restore-bad-list -Ln
