#!/usr/bin/env bash
# Everything the lab writes into its state folder before it starts anything.

write_files() {
	local node
	# Copied, because the access point has its own /tmp: a checkout below /tmp would be out of its sight.
	cp -r "$LAB_HOME/node" "$LAB_STATE/node"
	[ -z "$LAB_BINAUTH" ] || [ "$LAB_BINAUTH" = log ] || install -m 755 "$LAB_BINAUTH" "$LAB_STATE/node/binauth"
	gcc -shared -fPIC -O1 -o "$LAB_STATE/steady.so" "$LAB_HOME/node/steady.c" -ldl || die "steady.c does not compile"
	make_certificates
	for node in $(nodes); do
		case $node in
			gw) echo 'nameserver 127.0.0.1' ;;
			client*) echo "nameserver $GW_LAN" ;;
			*) echo "nameserver $INET_WAN" ;;
		esac >"$LAB_STATE/resolv-$node.conf"
	done
	inet_dnsmasq_conf >"$LAB_STATE/dnsmasq-inet.conf"
	gw_dnsmasq_conf >"$LAB_STATE/dnsmasq-gw.conf"
	opennds_conf >"$LAB_STATE/opennds.conf"
	write_browsers
}

# make_certificates: a throw-away authority, and one certificate for the portal (https at level 3) and the internet.
make_certificates() {
	local tls=$LAB_STATE/tls
	mkdir "$tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout "$tls/ca.key" -out "$tls/ca.pem" \
		-days 30 -subj "/CN=$LAB_NAME lab authority" 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout "$tls/site.key" \
		-out "$tls/site.pem" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -days 30 -subj "/CN=$PORTAL_NAME" \
		-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth \
		-addext "subjectAltName=DNS:$PORTAL_NAME,DNS:example.test,DNS:*.gstatic.com,DNS:*.apple.com,IP:$SRV_WAN" 2>/dev/null
	chmod 600 "$tls"/*.key
}

# The internet's names: each is the one site, but for the portal.
inet_dnsmasq_conf() {
	cat <<CONF
user=root
no-resolv
no-hosts
listen-address=$INET_WAN
bind-interfaces
address=/#/$SITE_IP
address=/$PORTAL_NAME/$SRV_WAN
log-queries
log-facility=$LAB_STATE/log/dns-inet.log
pid-file=$LAB_STATE/dnsmasq-inet.pid
CONF
}

# DHCP and DNS of the access point. openNDS reads the leases in /tmp, adds its own lines (DHCP option 114) to this file
# and then asks for dnsmasq to be restarted.
gw_dnsmasq_conf() {
	cat <<CONF
user=root
no-resolv
interface=br-lan
interface=lo
bind-interfaces
server=$INET_WAN
dhcp-range=$LAN_NET.100,$LAN_NET.199,255.255.255.0,1h
dhcp-authoritative
no-ping
dhcp-leasefile=/tmp/dhcp.leases
log-dhcp
log-facility=$LAB_STATE/log/dnsmasq-gw.log
pid-file=/run/dnsmasq.pid
CONF
}

# The '#' of the first line hides it from the daemon, which would refuse it; authmon, which alone understands it, looks
# for the name anywhere in the file.
opennds_conf() {
	cat <<CONF
# nat_traversal_poll_interval $LAB_POLL_SEC
gatewayinterface br-lan
gatewayname $LAB_GW_NAME
enable_serial_number_suffix 0
login_option_enabled 0
sessiontimeout $LAB_SESSION_MIN
checkinterval $LAB_CHECK_SEC
debuglevel 1
fasport $LAB_FAS_PORT
faspath $LAB_FAS_PATH
faskey $LAB_FAS_KEY
fas_secure_enabled $LAB_FAS_LEVEL
fasremoteip $SRV_WAN
fasremotefqdn $PORTAL_NAME
FirewallRuleSet users-to-router {
FirewallRule allow udp port 53
FirewallRule allow tcp port 53
FirewallRule allow udp port 67
}
CONF
	case $LAB_BINAUTH in
		'') ;;
		log) echo "binauth $LAB_STATE/node/binauth-log" ;;
		*) echo "binauth $LAB_STATE/node/binauth" ;;
	esac
	[ -z "$LAB_EXTRA_CONF" ] || printf '%s\n' "$LAB_EXTRA_CONF"
}

# For tests that drive a browser: a program that is Chromium on the visitor's device.
write_browsers() {
	local node browser
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || return 0
	for node in $(client_nodes); do
		printf '#!/bin/sh\nLAB_NAME=%q LAB_STATE=%q exec %q %s %q "$@"\n' \
			"$LAB_NAME" "$LAB_STATE" "$LAB_PROGRAM" "$node" "$browser" >"$LAB_STATE/chromium-$node"
		chmod 755 "$LAB_STATE/chromium-$node"
	done
}
