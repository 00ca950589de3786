import { type Dashboard, ONE_SITE, upTo } from './dashboard';
import { channelBusy, course, down, EACH_AP, goodOrBad, outagesByReason, SHARE_OF_TIME, sessions } from './panels';

/** What is wrong at one place. */
export const site: Dashboard = {
  uid: 'stadtfunk-site',
  title: ['Ort', 'Site'],
  from: 'now-24h',
  variables: [ONE_SITE],
  rows: [
    [
      ['Jetzt', 'Now'],
      [
        {
          type: 'stat',
          title: ['Zuleitung', 'Uplink'],
          about: ['Ob die Zuleitung arbeitet, wenn eine genannt ist.', 'Whether the uplink works, if one is named.'],
          ...goodOrBad(['gestört', 'down']),
          questions: [['min(stadtfunk_site_uplink_up{site=~"$site"})']],
          width: 6,
        },
        down(['Ausgefallen', 'Down'], ['Zugangspunkte, die nicht arbeiten.', 'Access points that do not work.'], 6),
        {
          type: 'stat',
          title: ['Geräte im WLAN', 'Devices in the Wi-Fi'],
          about: ['Geräte in den Funkzellen, ob online oder nicht.', 'Devices in the radio cells, online or not.'],
          unit: 'short',
          steps: upTo(500),
          questions: [['sum(stadtfunk_site_clients{site=~"$site"})']],
          width: 6,
        },
        {
          type: 'stat',
          title: ['Geöffnet', 'Open'],
          about: ['Ob der Ort jetzt Öffnungszeit hat.', 'Whether the site is within its opening hours.'],
          unit: 'short',
          steps: [['blue'], ['green', 1]],
          words: { 0: [['geschlossen', 'closed'], 'blue'], 1: [['geöffnet', 'open'], 'green'] },
          questions: [['max(stadtfunk_site_open{site=~"$site"})']],
          width: 6,
        },
      ],
    ],
    [
      ['Zugangspunkte', 'Access points'],
      [
        EACH_AP,
        {
          ...course(50),
          title: ['Geräte je Zugangspunkt', 'Devices by access point'],
          about: ['Mehr als 50 an einem sind viele.', 'More than 50 at one of them are many.'],
          questions: [['stadtfunk_ap_clients{site=~"$site"}', '{{ap}}']],
          width: 12,
        },
        channelBusy(
          ['Funkkanal belegt', 'Channel busy'],
          [
            'Anteil der Zeit, in der der Kanal belegt ist, von wem auch immer. Über 70 % wird es zäh.',
            'Share of the time in which the channel is busy, whoever sends. Above 70 % it gets slow.',
          ],
          ['stadtfunk_ap_channel_utilization_ratio{site=~"$site"}', '{{ap}} {{radio}}'],
          12,
        ),
        outagesByReason(24),
        {
          type: 'table',
          title: ['Was dort hängt', 'What is there'],
          about: [
            'Name, Modell und Firmware, wie das Gerät sie nennt, und seit wann es im jetzigen Zustand ist.',
            'Name, model and firmware as the device says, and since when it has been in its present state.',
          ],
          unit: 's',
          decimals: 0,
          steps: [['green']],
          questions: [
            [
              '(time() - stadtfunk_ap_state_since_timestamp_seconds{site=~"$site"}) * on (ap) group_left (name, model, firmware) stadtfunk_ap_info * on (ap) group_left (state) stadtfunk_ap_state',
            ],
          ],
          transformations: [
            { id: 'organize', options: { excludeByName: { Time: true, site: true, job: true, instance: true } } },
          ],
          width: 24,
        },
      ],
    ],
    [
      ['Besucher', 'Visitors'],
      [
        sessions(['Sitzungen', 'Sessions'], 8),
        {
          ...course(5_000),
          title: ['Zustimmungen je Stunde', 'Acceptances an hour'],
          about: ['Wie oft die Bedingungen angenommen wurden.', 'How often the terms were accepted.'],
          questions: [['3600 * sum by (site) (rate(stadtfunk_portal_grants_total{site=~"$site"}[15m]))', '{{site}}']],
          width: 8,
        },
        {
          type: 'bargauge',
          title: ['Verfügbarkeit', 'Availability'],
          about: [
            'Im gezeigten Zeitraum: wie Besucher sie erlebten, und ohne Störungen der Zuleitung.',
            'In the time shown: as visitors saw it, and without faults of the uplink.',
          ],
          ...SHARE_OF_TIME,
          questions: [
            ['avg_over_time(site:stadtfunk_ap_up:avg{site=~"$site"}[$__range])', 'erlebt / as seen'],
            ['avg_over_time(site:stadtfunk_ap_up:avg_own{site=~"$site"}[$__range])', 'Geräte / devices'],
          ],
          width: 8,
        },
      ],
    ],
  ],
};
