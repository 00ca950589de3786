#!/usr/bin/env bash
# hold.sh STATE NODE: the first process of a node. Gives it private folders, then holds its namespaces until it is ended.
# Every node has its own copy of /etc, because openNDS rewrites hosts and dnsmasq.conf there, and DHCP resolv.conf. gw
# has its own /tmp and /run too, where openNDS keeps its files.
set -eu
state=$1 node=$2
read -r pid _ </proc/self/stat             # our number as the whole machine sees it: /proc is still the machine's
[ "$node" != gw ] || mount -t proc proc /proc

mkdir -p "$state/etc/$node"
mount -t tmpfs -o mode=0755 tmpfs "$state/etc/$node"
cp -a /etc/. "$state/etc/$node/" || :      # a file may vanish while we copy
rm -f "$state/etc/$node/resolv.conf"
cp "$state/resolv-$node.conf" "$state/etc/$node/resolv.conf"
mount --bind "$state/etc/$node" /etc
cat "$state/tls/ca.pem" >>/etc/ssl/certs/ca-certificates.crt

if [ "$node" = gw ]; then
	mount -t tmpfs -o mode=0755,size=64m tmpfs /run
	mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp
	cp "$state/dnsmasq-gw.conf" /etc/dnsmasq.conf
	mkdir -p /etc/opennds
	cp "$state/opennds.conf" /etc/opennds/opennds.conf
fi

echo "$pid" >"$state/$node.pid.new"
mv "$state/$node.pid.new" "$state/$node.pid"
trap 'exit 0' TERM
while :; do sleep 86400 & wait $! || :; done
