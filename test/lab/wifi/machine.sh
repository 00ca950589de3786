#!/usr/bin/env bash
# Starts the machine and talks to it. Its only way out is QEMU's user-mode network: 10.0.2.2 is this machine's 127.0.0.1.

up() {
	command -v qemu-system-x86_64 >/dev/null || die "missing program: qemu-system-x86_64 (Debian package qemu-system-x86)"
	mkdir -p "$WIFI_LAB_STATE/in/lab"
	exec 9>"$WIFI_LAB_STATE/up.lock"; flock -n 9 || die "a lab is up in $WIFI_LAB_STATE"
	rm -f "$WIFI_LAB_STATE"/{console.log,to,from}*
	cp "$LAB_HOME"/wifi/guest/* "$WIFI_LAB_STATE/in/lab/"
	mv "$WIFI_LAB_STATE/in/lab/init" "$WIFI_LAB_STATE/in/init"
	local name
	for name in "${SETTINGS[@]}"; do printf "%s='%s'\n" "${name#WIFI_LAB_}" "${!name//\'/\'\\\'\'}"; done >"$WIFI_LAB_STATE/in/lab/settings"
	{ cat "$IMAGE/base.cpio"; pack "$WIFI_LAB_STATE/in"; } >"$WIFI_LAB_STATE/initrd"
	mkfifo "$WIFI_LAB_STATE"/talk.{in,out} 2>/dev/null || true

	local processor
	read -ra processor <<<"$(processor)"
	# It holds lock 9 as long as it lives. Nobody writes to its disks: it has none, and can be ended at any time.
	exec qemu-system-x86_64 "${processor[@]}" -m 384 -smp 1 -nodefaults -no-user-config -display none -monitor none \
		-no-reboot -kernel "$IMAGE/vmlinuz" -initrd "$WIFI_LAB_STATE/initrd" -append "console=ttyS0 quiet panic=-1" \
		-serial "file:$WIFI_LAB_STATE/console.log" \
		-chardev "pipe,id=talk,path=$WIFI_LAB_STATE/talk" -serial chardev:talk \
		-netdev "user,id=net,net=10.0.2.0/24,hostfwd=udp:127.0.0.1:$WIFI_LAB_DAS_PORT-10.0.2.15:3799" \
		-device virtio-net-pci,netdev=net,romfile= -device virtio-rng-pci \
		-object "filter-dump,id=dump,netdev=net,file=$WIFI_LAB_STATE/radius.pcap" >"$WIFI_LAB_STATE/qemu.log" 2>&1
}

# The plain processor matters: with emulated AVX, elliptic curves are slow. OWE reckons with them while the device waits,
# which starts over every 0.2 s; where time is counted in instructions, that is time enough.
processor() {
	if [ "$WIFI_LAB_STEADY" = yes ]; then
		echo "-accel tcg,thread=single -icount shift=1,sleep=on -cpu qemu64"
	elif kvm_works; then
		echo "-accel kvm -cpu host"
	else
		echo "-accel tcg -cpu qemu64"
	fi
}

# kvm_works: a machine may offer /dev/kvm and yet not be able to use it; tried once and remembered.
kvm_works() {
	[ -w /dev/kvm ] || return 1
	local answer=$IMAGE/kvm
	if [ ! -e "$answer" ]; then
		timeout 20 qemu-system-x86_64 -accel kvm -cpu host -m 256 -nodefaults -display none -monitor none -no-reboot \
			-serial "file:$answer.log" -kernel "$IMAGE/vmlinuz" -append "console=ttyS0 panic=-1" >/dev/null 2>&1 || true
		if grep -q 'Linux version' "$answer.log"; then echo yes; else echo no; fi >"$answer"
	fi
	[ "$(cat "$answer")" = yes ]
}

# run COMMAND: hands one line to the machine (guest/init reads it) and prints what it says; returns its status.
run() {
	local token=$$-$RANDOM line begun='' status
	await_machine
	exec 7>"$WIFI_LAB_STATE/run.lock"; flock -w "$PATIENCE_SEC" 7 || die "another command does not end"
	printf '%s %s\n' "$token" "$1" >"$WIFI_LAB_STATE/talk.in"
	# Opened for writing too, so that it has no end while QEMU lives. An earlier command's rest may come first.
	exec 6<>"$WIFI_LAB_STATE/talk.out"
	while IFS= read -r -t "$PATIENCE_SEC" line <&6; do
		case $line in
			"begin $token") begun=yes ;;
			"end $token "*) status=${line##* }; return "$status" ;;
			*) [ -z "$begun" ] || printf '%s\n' "$line" ;;
		esac
	done
	die "the machine did not end '$1' within $PATIENCE_SEC s"
}

await_machine() {
	local deadline=$(( SECONDS + PATIENCE_SEC ))
	until grep -q '^ready' "$WIFI_LAB_STATE/console.log" 2>/dev/null; do
		(( SECONDS < deadline )) || die "the machine is not ready: $WIFI_LAB_STATE/console.log, qemu.log"
		sleep 0.1
	done
	! flock -n "$WIFI_LAB_STATE/up.lock" true || die "the lab is not up"
}
