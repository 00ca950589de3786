#!/usr/bin/env bash
# Makes the machine: a kernel and a root file system in memory, out of Debian's packages. Nothing is installed here.

guest_packages=(hostapd wpasupplicant iw iproute2 busybox-static)
guest_programs=(hostapd hostapd_cli wpa_supplicant wpa_cli iw ip)
guest_modules=(virtio_pci virtio_net virtio-rng mac80211_hwsim ccm gcm cmac ctr ghash-generic arc4)
libraries=lib/x86_64-linux-gnu

build() {
	[ ! -e "$IMAGE/done" ] || return 0
	local tool began=$SECONDS
	for tool in apt-get dpkg-deb cpio awk flock; do command -v "$tool" >/dev/null || die "missing program: $tool"; done
	[ "$(dpkg --print-architecture)" = amd64 ] || die "the machine can be built on amd64 only"
	mkdir -p "$WIFI_LAB_CACHE"
	exec 8>"$WIFI_LAB_CACHE/build.lock"; flock 8
	[ ! -e "$IMAGE/done" ] || return 0
	rm -rf -- "$WIFI_LAB_CACHE"/image-*
	mkdir -p "$IMAGE/debs" "$IMAGE/all" "$IMAGE/system"

	kernel_version || apt_get update || true
	kernel_version || die "the package lists name no linux-image-amd64: apt-get update"
	say "building the machine with Linux $kernel"
	fetch_packages || { apt_get update && fetch_packages; } || die "the packages could not be fetched"
	unpack_packages
	copy_programs
	copy_modules
	unpack_kernel "$IMAGE/all/boot/vmlinuz-$kernel" "$IMAGE/vmlinuz"
	pack "$IMAGE/system" >"$IMAGE/base.cpio"
	rm -rf "$IMAGE/debs" "$IMAGE/all" "$IMAGE/system"
	: >"$IMAGE/done"
	say "built in $(( SECONDS - began )) s"
	exec 8>&-
}

apt_get() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Sandbox::User=root "$@" >&2; }

kernel_version() {
	kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-//p' | head -n 1)
	[ -n "$kernel" ]
}

fetch_packages() {
	local packages
	# What the programs may be linked with: the libraries among everything that their packages depend on.
	mapfile -t packages < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "${guest_packages[@]}" |
		grep -E '^(lib[a-z0-9]|zlib1g)' | grep -Ev 'perl|pam|debian-installer|newt|slang|textwrap' | sort -u)
	( cd "$IMAGE/debs" && apt_get download "linux-image-$kernel" "${guest_packages[@]}" "${packages[@]}" )
}

unpack_packages() {
	local deb
	for deb in "$IMAGE"/debs/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$IMAGE/all"; done
}

copy_programs() {
	local root=$IMAGE/system all=$IMAGE/all loader name program library
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,lib64,dev,proc,sys,run,tmp,etc,lab} "$root/$libraries"
	cp "$(find "$all" -path '*bin/busybox' -type f | head -n 1)" "$root/bin/busybox"
	loader=$(find "$all" -name ld-linux-x86-64.so.2 | head -n 1)
	cp -L "$loader" "$root/lib64/"
	for name in "${guest_programs[@]}"; do
		program=$(find "$all"/{usr/,}{sbin,bin} -name "$name" 2>/dev/null | head -n 1)
		[ -n "$program" ] || die "no $name in the packages"
		cp -L "$program" "$root/usr/sbin/"
		while IFS= read -r library; do
			[[ $library == "$all"/* ]] || die "$name needs $library, which is not among the packages"
			cp -Lu "$library" "$root/$libraries/"
		done < <("$loader" --library-path "$all/$libraries:$all/usr/$libraries" --list "$program" | awk '$2 == "=>" { print $3 }')
	done
}

# The drivers that the radios, the network card and the ciphers need, with those that they build on.
copy_modules() {
	local from=$IMAGE/all/lib/modules/$kernel to=$IMAGE/system/lib/modules/$kernel name file
	local busybox=$IMAGE/system/bin/busybox
	"$busybox" depmod -b "$IMAGE/all" "$kernel" 2>/dev/null
	mkdir -p "$to"
	for name in "${guest_modules[@]}"; do
		awk -v name="$name" -F '[: ]+' '
			function bare(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/_/, "-", path); return path }
			BEGIN { gsub(/_/, "-", name) }
			bare($1) == name { for (i = 1; i <= NF; i++) if ($i != "") print $i }' "$from/modules.dep"
	done | sort -u | while IFS= read -r file; do
		file=${file##*"lib/modules/$kernel/"}
		mkdir -p "$to/${file%/*}"
		cp "$from/$file" "$to/$file"
	done
	cp "$from"/modules.{builtin,order}* "$to/"
	"$busybox" depmod -b "$IMAGE/system" "$kernel" 2>/dev/null
}

# unpack_kernel FROM TO: takes the kernel out of its compressed form, because the emulated processor needs ten seconds for
# that. Where it lies is in the boot protocol's header (Documentation/arch/x86/boot.rst: setup_sects at 0x1f1,
# payload_offset at 0x248, payload_length at 0x24c). What is not understood is copied as it is, and starts slower.
unpack_kernel() {
	local sectors at length unpack
	number() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
	sectors=$(number "$1" 497 1)
	at=$(( (sectors + 1) * 512 + $(number "$1" 584 4) ))
	length=$(number "$1" 588 4)
	case $(od -An -tx1 -j "$at" -N 4 "$1" | tr -d ' ') in
		fd377a58) unpack=xz ;;
		28b52ffd) unpack=zstd ;;
		1f8b*) unpack=gzip ;;
		*) cp "$1" "$2"; return ;;
	esac
	# The last four octets are the unpacked length. Not every program likes what may stand behind its own end.
	tail -c +$(( at + 1 )) "$1" | head -c $(( length - 4 )) | "$unpack" -dc >"$2" 2>/dev/null || true
	[ "$(od -An -tx1 -N 4 "$2" | tr -d ' ')" = 7f454c46 ] || cp "$1" "$2"
}

# pack FOLDER: as the kernel wants its first file system.
pack() { ( cd "$1" && find . | cpio --quiet -o -H newc -R 0:0 ); }
