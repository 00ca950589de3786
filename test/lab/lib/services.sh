#!/usr/bin/env bash
# What runs in the nodes: the small internet, DHCP and DNS, openNDS; and what can be asked of them.

# try WHAT COMMAND...: repeats COMMAND until it works.
try() {
	local what=$1 deadline=$(( SECONDS + PATIENCE_SEC )); shift
	until "$@" >/dev/null 2>&1; do
		(( SECONDS < deadline )) || { say "waited ${PATIENCE_SEC} s in vain for $what"; return 1; }
		sleep 0.1
	done
}

start_inet() {
	background inet inet node "$LAB_STATE/node/inet-server.mjs" "$SITE_IP" "$LAB_STATE"
	run_in inet dnsmasq --conf-file="$LAB_STATE/dnsmasq-inet.conf" || die "the internet's DNS did not start"
}

start_gw() {
	run_in gw systemctl start dnsmasq || die "dnsmasq did not start in gw"
	try "the internet" run_in gw curl -sf -m 2 -o /dev/null http://example.test/ || die "gw does not reach the internet"
	start_opennds
}

start_opennds() {
	local deadline=$(( SECONDS + PATIENCE_SEC ))
	rm -f "$LAB_STATE/ended"
	background gw opennds "$LAB_STATE/node/opennds-run"
	until run_in gw ndsctl status >/dev/null 2>&1; do
		sleep 0.2
		if (( SECONDS >= deadline )) || no_opennds; then
			tail -n 20 "$LAB_STATE/log/opennds.log" >&2
			die "openNDS did not start; its last words are above"
		fi
	done
}
no_opennds() { ! run_in gw pgrep -x opennds >/dev/null; }

# stop_opennds: politely, or else by force, because openNDS may have stopped answering.
stop_opennds() {
	run_in gw ndsctl stop >/dev/null 2>&1 || true
	try "openNDS to stop" no_opennds || run_in gw pkill -KILL -x opennds || true
	try "its end to be written down" test -e "$LAB_STATE/ended" || true
}

# dhcp CLIENT: fetches an address as the visitor's device does; asks for option 114 (RFC 8910) too.
dhcp() {
	run_in "$1" udhcpc -i eth0 -n -q -f -t 10 -T 1 -O 114 -s "$LAB_STATE/node/dhcp-event" >"$LAB_STATE/log/dhcp-$1.log" 2>&1
}

fas_url() {
	local scheme=http
	(( LAB_FAS_LEVEL < 3 )) || scheme=https
	echo "$scheme://$PORTAL_NAME:$LAB_FAS_PORT$LAB_FAS_PATH"
}

status() {
	local node
	[ -e "$LAB_STATE/settings" ] || { echo "lab '$LAB_NAME' is down"; return 1; }
	echo "lab '$LAB_NAME': openNDS level $LAB_FAS_LEVEL, portal $(fas_url), logs in $LAB_STATE/log"
	for node in $(nodes); do
		holder "$node" >/dev/null || { echo "  $node: not running"; continue; }
		echo "  $node: $(ip -n "$(namespace "$node")" -4 -o addr show scope global | awk '{print $2" "$4}' | paste -sd' ')"
	done
	[ ! -e "$LAB_STATE/ended" ] || cat "$LAB_STATE/ended"
	run_in gw ndsctl json 2>/dev/null || echo "  openNDS does not answer"
}

# check CLIENT: is the visitor online, or sent to the portal? Asked as Android asks.
check() {
	local node=$1 answer
	[ "$node" != client ] || node=client1
	answer=$(run_in "$node" curl -s -m 10 -o /dev/null -w '%{http_code} %{redirect_url}' \
		http://connectivitycheck.gstatic.com/generate_204) || true
	case $answer in
		204*) echo online ;;
		30?\ *) echo "captive ${answer#* }"; return 1 ;;
		*) echo "no answer (${answer% *})"; cat "$LAB_STATE/ended" 2>/dev/null; return 2 ;;
	esac
}
