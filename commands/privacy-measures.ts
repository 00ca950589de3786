import type { Config, Gateway } from '../config/schema';
import { warningsIn } from '../config/warnings';
import type { Said } from '../core/privacy';

/** What protects the data in this town (Art. 32 GDPR), and what does not yet: as the configuration says, nothing better. */
export function measures(config: Config): Said[] {
  return [
    {
      de: 'Kürzel statt Geräteadressen: mit einem Schlüssel je Ort und Tag gerechnet, der verschlüsselt abgelegt und nach dem Tag vernichtet wird. Aus dem Gespeicherten lassen sich zwei Orte oder Tage nicht verknüpfen.',
      en: 'Codes instead of device addresses: reckoned with a key for each place and day, which is kept encrypted and destroyed after the day. From what is stored, two places or days cannot be linked.',
    },
    {
      de: 'Nachrichten liegen verschlüsselt; der Schlüssel steht nicht im Speicher, sondern in der Konfiguration.',
      en: 'Messages are kept encrypted; the key is not in the store but in the configuration.',
    },
    transport(config),
    ...plainHttp(config),
    ...radius(config),
    {
      de: `Protokolle (Stufe ${config.log.level}) und Messwerte haben keine Felder für Adressen, Namen oder Zugangswörter.`,
      en: `Logs (level ${config.log.level}) and metrics have no fields for addresses, names or credentials.`,
    },
    {
      de: 'Speicherabbilder bei Abstürzen enthalten keinen Arbeitsspeicher; lässt das Betriebssystem das nicht zu, steht es im Protokoll (`core-dumps-hold-memory`).',
      en: 'Core dumps after a crash contain no memory; if the system does not allow that, the log says so (`core-dumps-hold-memory`).',
    },
    ...warningsIn(config).map(({ path, message }) => ({
      de: `**Offen** (${path}): ${message}`,
      en: `**Open** (${path}): ${message}`,
    })),
  ];
}

function transport({ portal }: Config): Said {
  if (portal.tls !== undefined) return { de: 'Das Portal spricht HTTPS.', en: 'The portal speaks HTTPS.' };
  if (portal.url.startsWith('https:')) {
    return {
      de: 'Das Portal steht hinter einem Proxy, der HTTPS spricht.',
      en: 'The portal is behind a proxy that speaks HTTPS.',
    };
  }
  return {
    de: '**Offen**: Das Portal ist ohne HTTPS erreichbar; andere am selben Funk können mitlesen.',
    en: '**Open**: the portal is reached without HTTPS; others on the same radio can read along.',
  };
}

/** openNDS sends visitors to plain HTTP below level 3, with their device's address. */
function plainHttp({ gateways }: Config): Said[] {
  const plain = gateways.filter((gateway) => gateway.kind === 'opennds' && gateway.level < 3).map(({ id }) => id);
  if (plain.length === 0) return [];
  const which = plain.join(', ');
  return [
    {
      de: `**Offen**: Diese Zugangsgeräte führen ohne HTTPS zum Portal, die Geräteadresse lesbar oder unter dem faskey: ${which}.`,
      en: `**Open**: these gateways lead to the portal without HTTPS, the device address in the clear or under the faskey: ${which}.`,
    },
  ];
}

/** Device addresses travel in RADIUS in the clear, but for RadSec. */
function radius({ gateways }: Config): Said[] {
  const asking = gateways.filter((gateway) => 'radius' in gateway);
  const plain = asking.filter((gateway) => !overTls(gateway)).map(({ id }) => id);
  if (asking.length === 0) return [];
  if (plain.length === 0)
    return [{ de: 'Zugangsgeräte fragen über RadSec (TLS).', en: 'Gateways ask over RadSec (TLS).' }];
  return [
    {
      de: `Zugangsgeräte ohne RadSec gehören in ein Netz, in dem niemand mitliest: ${plain.join(', ')}.`,
      en: `Gateways without RadSec belong in a network where nobody reads along: ${plain.join(', ')}.`,
    },
  ];
}

function overTls(gateway: Gateway): boolean {
  return 'radius' in gateway && 'tls' in gateway.radius && gateway.radius.tls !== undefined;
}
