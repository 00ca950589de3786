import type { Config, Gateway } from '../config/schema';

/** What to enter at a gateway so that it works with us: a heading, then lines to type or to paste. */
export interface GatewaySetup {
  readonly where: string;
  readonly lines: readonly string[];
}

/**
 * The settings of a freshly made gateway, its secrets included: for the terminal of the person who sets it up only.
 * @param challenge  a random word; uspot makes each device's UAM challenge from it
 */
export function gatewaySetup(gateway: Gateway, { portal: { url }, sites }: Config, challenge: string): GatewaySetup {
  const portal = new URL(url);
  switch (gateway.kind) {
    case 'uspot':
      return uspot(gateway, portal, challenge);
    case 'coovachilli':
      return coovachilli(gateway, portal);
    case 'opennds':
      return opennds(gateway, portal, sites.find(({ id }) => id === gateway.site)?.rules.sessionSeconds);
    case 'hostapd':
      return hostapd(gateway, portal);
    case 'mikrotik':
      return mikrotik(gateway, portal);
    case 'unifi':
      return unifi(gateway, portal);
  }
}

type Of<Kind> = Extract<Gateway, { kind: Kind }>;

/** Options of /etc/config/uspot; its section is named after the network interface. */
function uspot({ id, uam, radius }: Of<'uspot'>, portal: URL, challenge: string): GatewaySetup {
  const secret = radius.secret.reveal();
  const options = {
    auth_mode: 'uam',
    uam_server: `${portal.origin}/uam/${id}`,
    uam_port: String(uam.port),
    ...(uam.secret !== undefined && { uam_secret: uam.secret.reveal() }),
    challenge,
    nasid: id,
    nasmac: '<MAC address of the gateway>',
    auth_server: portal.hostname,
    auth_port: '1812',
    auth_secret: secret,
    acct_server: portal.hostname,
    acct_port: '1813',
    acct_secret: secret,
  };
  return {
    where: `On the gateway (OpenWrt with uspot; its section is called "captive" here), and let ${portal.hostname} through before login`,
    lines: [
      ...Object.entries(options).map(([option, value]) => `uci set uspot.captive.${option}='${value}'`),
      'uci commit uspot && service uspot restart',
    ],
  };
}

function coovachilli({ id, uam, radius }: Of<'coovachilli'>, portal: URL): GatewaySetup {
  return {
    where: 'On the gateway, in /etc/chilli.conf (then restart chilli)',
    lines: [
      `uamserver ${portal.origin}/uam/${id}`,
      `uamport ${uam.port}`,
      ...(uam.secret === undefined ? [] : [`uamsecret ${uam.secret.reveal()}`]),
      `uamallowed ${portal.hostname}`,
      `radiusnasid ${id}`,
      `radiusserver1 ${portal.hostname}`,
      `radiusserver2 ${portal.hostname}`,
      'radiusauthport 1812',
      'radiusacctport 1813',
      `radiussecret ${radius.secret.reveal()}`,
    ],
  };
}

/** Message-Authenticator: hostapd always sends one, and from 2.11 on wants one back. */
function hostapd({ id, radius }: Of<'hostapd'>, portal: URL): GatewaySetup {
  const server = `<IP address of ${portal.hostname}>`;
  const secret = radius.secret.reveal();
  return {
    where: 'On the access points, in hostapd.conf',
    lines: [
      'macaddr_acl=2',
      `nas_identifier=${id}`,
      `auth_server_addr=${server}`,
      'auth_server_port=1812',
      `auth_server_shared_secret=${secret}`,
      `acct_server_addr=${server}`,
      'acct_server_port=1813',
      `acct_server_shared_secret=${secret}`,
    ],
  };
}

/**
 * Options of /etc/config/opennds, and the agent. Below level 3 openNDS speaks plain HTTP, which an https portal serves on
 * its own port.
 */
function opennds(gateway: Of<'opennds'>, portal: URL, sessionSeconds = 0): GatewaySetup {
  const { id, level, faskey, authmonPath, agentSecret } = gateway;
  const asked = level < 3 ? '80' : '443';
  const options = {
    fasremotefqdn: portal.hostname,
    fasremoteip: `<IP address of ${portal.hostname}>`,
    fasport: level < 3 === (portal.protocol === 'http:') ? portal.port || asked : asked,
    faspath: authmonPath === undefined ? `/opennds/${id}` : `/opennds/${id}/${authmonPath.reveal()}`,
    fas_secure_enabled: String(level),
    faskey: faskey.reveal(),
    // Whole minutes; 0 would be for ever.
    sessiontimeout: String(Math.max(1, Math.floor(sessionSeconds / 60))),
    ...(level > 2 && { nat_traversal_poll_interval: '2' }),
    ...(agentSecret !== undefined && { binauth: '/usr/lib/stadtfunk/stadtfunk-agent' }),
  };
  const agent = agentSecret && [`url=${portal.origin}/agent/${id}`, `gateway=${id}`, `secret=${agentSecret.reveal()}`];
  return {
    where: `On the access point (OpenWrt); ${agent === undefined ? '' : 'first copy the agent there, see deploy/openwrt/README.md; '}Debian's /etc/opennds/opennds.conf has the same names without "option"`,
    lines: [
      ...(agent === undefined ? [] : [`(umask 077; printf '%s\\n' ${agent.join(' ')} >/etc/stadtfunk-agent.conf)`]),
      ...Object.entries(options).map(([option, value]) => `uci set opennds.@opennds[0].${option}='${value}'`),
      'uci commit opennds && service opennds restart',
    ],
  };
}

/** Commands for the terminal of RouterOS 7. The pages themselves come from deploy/mikrotik. */
function mikrotik({ id, hotspot, radius }: Of<'mikrotik'>, portal: URL): GatewaySetup {
  const server = `<IP address of ${portal.hostname}>`;
  const by = hotspot.login === 'chap' ? 'http-chap' : 'http-pap';
  return {
    where: `On the router, in a terminal, after its hotspot is set up; then copy deploy/mikrotik/*.html to its folder stadtfunk, with ${portal.origin}/mikrotik/${id} as the address in them`,
    lines: [
      `/radius add service=hotspot address=${server} secret="${radius.secret.reveal()}" timeout=3s`,
      '/radius incoming set accept=yes port=3799',
      `/ip hotspot profile set [find] use-radius=yes radius-accounting=yes login-by=${by} html-directory-override=stadtfunk`,
      `/ip hotspot walled-garden ip add action=accept dst-host=${portal.hostname}`,
    ],
  };
}

function unifi({ controller }: Of<'unifi'>, portal: URL): GatewaySetup {
  return {
    where: `In UniFi Network, site "${controller.site}": Hotspot, Landing Page`,
    lines: [
      `Authentication: External Portal Server, ${portal.hostname}`,
      `Pre-Authorization Allowances: ${portal.hostname}`,
      ...(portal.protocol === 'https:' ? ['Use Secure Portal, and Redirect Using Hostname: on'] : []),
    ],
  };
}
