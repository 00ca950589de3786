/** Whose question "am I online?" is, by the host that it is asked of. All of them are plain HTTP. */
const HOSTS = {
  apple: ['captive.apple.com', 'www.apple.com'],
  android: [
    'connectivitycheck.gstatic.com',
    'connectivitycheck.android.com',
    'clients3.google.com',
    'www.google.com',
    'www.gstatic.com',
    'play.googleapis.com',
    'www.play.googleapis.com',
    'www.googleapis.com',
    'safebrowsing.google.com',
    'connectivity.samsung.com.cn',
    'connectivitycheck.platform.hicloud.com',
    'connect.rom.miui.com',
    'wifi.vivo.com.cn',
    'connectivitycheck.grapheneos.network',
    'grapheneos.online',
  ],
  windows: ['www.msftconnecttest.com', 'ipv6.msftconnecttest.com', 'www.msftncsi.com', 'edge-http.microsoft.com'],
  firefox: ['detectportal.firefox.com'],
  linux: ['nmcheck.gnome.org', 'network-test.debian.org', 'connectivity-check.ubuntu.com', 'fedoraproject.org'],
  amazon: ['spectrum.s3.amazonaws.com', 'fireoscaptiveportal.com'],
} as const;

export const PROBE_KINDS = [...Object.keys(HOSTS), 'other'];

/** Which kind of device asks a host this. */
export function probeKind(host: string | undefined): string {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  return Object.entries(HOSTS).find(([, hosts]) => hosts.some((known) => known === name))?.[0] ?? 'other';
}
