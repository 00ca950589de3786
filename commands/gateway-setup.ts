import type { Gateway } from '../config/schema';

/** What to enter at a gateway so that it works with us: a heading, then lines to type or to paste. */
export interface GatewaySetup {
  readonly where: string;
  readonly lines: readonly string[];
}

/**
 * The settings of a freshly made gateway, its secrets included: for the terminal of the person who sets it up only.
 * @param portalUrl  the portal's address, without a slash at the end
 * @param challenge  a random word; uspot makes each device's UAM challenge from it
 */
export function gatewaySetup(gateway: Gateway, portalUrl: string, challenge: string): GatewaySetup {
  const portal = new URL(portalUrl);
  switch (gateway.kind) {
    case 'uspot':
      return uspot(gateway, portal, challenge);
    case 'coovachilli':
      return coovachilli(gateway, portal);
    case 'opennds':
      return opennds(gateway, portal);
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

/** Level 2 sends visitors over plain HTTP: with an https portal, to its own port behind the proxy. */
function opennds({ id, faskey }: Of<'opennds'>, portal: URL): GatewaySetup {
  const port = portal.protocol === 'https:' ? '8080' : portal.port || '80';
  return {
    where: `On the access point, in /etc/opennds/opennds.conf (as options of /etc/config/opennds from version 10 on)`,
    lines: [
      `fasremotefqdn ${portal.hostname}`,
      `fasremoteip <IP address of ${portal.hostname}>`,
      `fasport ${port}`,
      `faspath /opennds/${id}`,
      'fas_secure_enabled 2',
      `faskey ${faskey.reveal()}`,
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
