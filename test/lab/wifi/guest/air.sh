#!/bin/busybox sh
# shellcheck shell=dash
# The commands of the emulated machine. The access point has the radio wlan0; the device has wlan1, in a network
# namespace of its own, so that what they say to each other goes through the air.
# shellcheck disable=SC2154 # the settings come from the host

AP_ADDRESS=10.77.0.1

lay_network() {
	ip link set lo up
	ip link set eth0 up
	ip addr add 10.0.2.15/24 dev eth0
	ip route add default via 10.0.2.2
	ip netns add device
	iw phy "phy$(cat /sys/class/net/wlan1/phy80211/index)" set netns name device
	device ip link set lo up
}

# busybox has an ip of its own, which knows less.
ip() { /usr/sbin/ip "$@"; }
# device COMMAND...: runs it as the device.
device() { /usr/sbin/ip netns exec device "$@"; }
wpa() { device wpa_cli -p /run/wpa -i wlan1 "$@" 2>/dev/null; }

# wait_for SECONDS COMMAND...
wait_for() {
	deadline=$(($(now) + $1)); shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now)" -lt $deadline ] || return 1
		sleep 0.1
	done
}
now() { cut -d. -f1 /proc/uptime; }
ap_said() { grep -q "$1" /tmp/hostapd.log; }
device_said() { grep -q "$1" /tmp/wpa.log; }

# ap open|owe: (re)starts the access point, which asks RADIUS about every device address.
ap() {
	end hostapd
	write_hostapd_conf "$1" >/tmp/hostapd.conf
	hostapd -d -t /tmp/hostapd.conf >/tmp/hostapd.log 2>&1 &
	wait_for 30 ap_said AP-ENABLED || { tail -n 20 /tmp/hostapd.log; return 1; }
	ip addr replace $AP_ADDRESS/24 dev wlan0
}

write_hostapd_conf() {
	cat <<CONF
interface=wlan0
driver=nl80211
ctrl_interface=/run/hostapd
ssid=$SSID
bssid=02:0a:0b:0c:0d:01
hw_mode=g
channel=1
macaddr_acl=2
auth_algs=1
own_ip_addr=10.0.2.15
nas_identifier=$NAS_ID
auth_server_addr=10.0.2.2
auth_server_port=$AUTH_PORT
auth_server_shared_secret=$SECRET
acct_server_addr=10.0.2.2
acct_server_port=$ACCT_PORT
acct_server_shared_secret=$SECRET
radius_das_port=3799
radius_das_client=10.0.2.2 $SECRET
radius_das_require_event_timestamp=1
radius_das_require_message_authenticator=1
logger_stdout=-1
logger_stdout_level=1
CONF
	[ "$INTERIM_SEC" -eq 0 ] || echo "radius_acct_interim_interval=$INTERIM_SEC"
	[ "$1" != owe ] || printf 'wpa=2\nwpa_key_mgmt=OWE\nrsn_pairwise=CCMP\nieee80211w=2\n'
	printf '%s\n' "$HOSTAPD_EXTRA"
}

# join ADDRESS: a device with this address joins the network. Says what came of it.
join() {
	end wpa_supplicant
	device ip link set wlan1 down
	device ip link set wlan1 address "$1"
	device ip link set wlan1 up
	management='key_mgmt=NONE'
	grep -q 'wpa_key_mgmt=OWE' /tmp/hostapd.conf && management='key_mgmt=OWE ieee80211w=2'
	printf 'ctrl_interface=/run/wpa\nnetwork={\nssid="%s"\nscan_freq=2412\nscan_ssid=1\n%s\n}\n' \
		"$SSID" "$(echo "$management" | tr ' ' '\n')" >/tmp/wpa.conf
	device wpa_supplicant -Dnl80211 -iwlan1 -c/tmp/wpa.conf -d -t >/tmp/wpa.log 2>&1 &
	if ! wait_for 45 is_answered; then echo unanswered
	elif is_associated; then echo "associated $(wpa status | sed -n 's/^key_mgmt=//p')"
	else echo refused
	fi
}
is_associated() { wpa status | grep -q wpa_state=COMPLETED; }
is_refused() { device_said CTRL-EVENT-AUTH-REJECT; }
is_answered() { is_associated || is_refused; }

# address: the device fetches an address by DHCP and prints it.
address() {
	end udhcpd
	printf '%s\n' "start 10.77.0.100" "end 10.77.0.150" 'interface wlan0' 'lease_file /tmp/leases' >/tmp/udhcpd.conf
	: >/tmp/leases
	udhcpd -f /tmp/udhcpd.conf >/dev/null 2>&1 &
	device udhcpc -i wlan1 -n -q -t 10 -T 1 -s /lab/dhcp-event >/dev/null 2>&1
	device ip -4 -o addr show wlan1 | sed -n 's/.*inet \([0-9.]*\).*/\1/p'
}

# download KILOBYTES: the device fetches so much, after "address" has given it an address. Prints the bytes that came.
download() {
	end httpd
	mkdir -p /tmp/www
	dd if=/dev/zero of=/tmp/www/file bs=1000 count="$1" 2>/dev/null
	httpd -p $AP_ADDRESS:80 -h /tmp/www
	device wget -q -O - http://$AP_ADDRESS/file | wc -c
}
# leave: the device says good-bye.
leave() {
	wpa disconnect >/dev/null
	wait_for 10 ap_said AP-STA-DISCONNECTED
}

# gone SECONDS: waits until the access point has sent the device away, and says what the device thinks of it.
gone() {
	wait_for "$1" ap_said AP-STA-DISCONNECTED || return 1
	wait_for 5 device_said CTRL-EVENT-DISCONNECTED
	grep -a CTRL-EVENT-DISCONNECTED /tmp/wpa.log | tail -n 1 | sed 's/.*CTRL-EVENT-//'
}

# session: the Acct-Session-Id of the last session.
session() { sed -n 's/.*starting accounting session \([0-9A-F]*\).*/\1/p' /tmp/hostapd.log | tail -n 1; }

# end PROGRAM: and wait until it has ended.
end() {
	killall "$1" 2>/dev/null
	wait_for 5 no_process "$1" || killall -9 "$1" 2>/dev/null
}
no_process() { ! pidof "$1"; }
