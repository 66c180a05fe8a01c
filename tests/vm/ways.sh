# shellcheck shell=bash
# ways: NAT, DR and TUN once, end to end, in IPv4 and IPv6: connections and datagrams over three servers, and
# a file that must arrive whole both ways. Steps are named WAY-FAMILY-WHAT.
director_up </dev/null
modprobe -a ipip ip6_tunnel
head -c 1000000 /dev/urandom >/run/large
mkdir -p /run/www
ln -s /run/large /run/www/large
mkdir -p /run/www/cgi-bin
cat >/run/www/cgi-bin/digest <<'TEXT'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
head -c "$CONTENT_LENGTH" | sha256sum | cut -c1-64
TEXT
chmod +x /run/www/cgi-bin/digest
for k in 1 2 3; do
  rs $k sh -c 'ip link set tunl0 up; ip link set ip6tnl0 up
    for d in all tunl0; do echo 0 >/proc/sys/net/ipv4/conf/$d/rp_filter; done'
  rs $k busybox httpd -p '[::]:8000' -h /run/www
done
sha256sum </run/large | cut -c1-64 >"$out/digest"

# way NAME METHOD V4-SERVERS V6-SERVERS
way() {
  local name=$1 method=$2 family address server protocol port
  for family in 4 6; do
    case $family in
      4) address=10.0.1.100 server=$3 ;;
      6) address='[fd01::100]' server=$4 ;;
    esac
    lb ipvsadm -C
    for protocol in -t -u; do
      for port in 80 8000; do
        lb ipvsadm -A $protocol "$address:$port" -s rr
        for k in 1 2 3; do
          lb ipvsadm -a $protocol "$address:$port" -r "${server/N/$k}:$port" "$method"
        done
      done
    done
    as "$name-$family-tcp" "tcp" cl cli -n 12 -s "$(tr -d '[]' <<<"$address")" 80
    as "$name-$family-udp" "udp" cl cli -u -n 6 -s "$(tr -d '[]' <<<"$address")" 80
    as "$name-$family-download" "download" \
      cl sh -c "curl -sg --max-time 60 'http://$address:8000/large' | sha256sum | cut -c1-64"
    as "$name-$family-upload" "upload" \
      cl curl -sg --max-time 60 -H Expect: --data-binary @/run/large "http://$address:8000/cgi-bin/digest"
  done
}

way nat -m 10.0.2.1N '[fd02::1N]'
way dr -g 10.0.1.1N '[fd01::1N]'
way tun -i 10.0.1.1N '[fd01::1N]'
lb plenum status --drops --json >"$out/drops.json"
