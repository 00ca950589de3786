import { type Dashboard, SHARE_UP, SITE, upTo } from './dashboard';
import { EACH_AP } from './site';

const SCHOOLS = { ...SITE, query: 'label_values(stadtfunk_site_info{kind="school"}, site)' };

/** What a school office and the town's school department ask: did it work while there were lessons? */
export const schools: Dashboard = {
  uid: 'stadtfunk-schools',
  title: ['Schulen', 'Schools'],
  from: 'now-30d',
  variables: [SCHOOLS],
  rows: [
    [
      ['Verfügbarkeit', 'Availability'],
      [
        {
          type: 'bargauge',
          title: ['In den Öffnungszeiten', 'Within opening hours'],
          about: [
            'Anteil der Zeit im gezeigten Zeitraum. Ferien und Nächte zählen nicht, auch nicht Wartung und Unbekanntes.',
            'Share of the time shown. Holidays and nights do not count, neither do maintenance and what nobody knows.',
          ],
          unit: 'percentunit',
          min: 0,
          max: 1,
          decimals: 2,
          steps: SHARE_UP,
          questions: [['avg_over_time(site:stadtfunk_ap_up:avg_open{site=~"$site"}[$__range])', '{{site}}']],
          width: 12,
        },
        {
          type: 'bargauge',
          title: ['Rund um die Uhr', 'Around the clock'],
          about: ['Anteil der Zeit im gezeigten Zeitraum, auch nachts.', 'Share of the time shown, also at night.'],
          unit: 'percentunit',
          min: 0,
          max: 1,
          decimals: 2,
          steps: SHARE_UP,
          questions: [['avg_over_time(site:stadtfunk_ap_up:avg{site=~"$site"}[$__range])', '{{site}}']],
          width: 12,
        },
        {
          type: 'timeseries',
          title: ['Anteil in Betrieb', 'Share that works'],
          about: [
            'Anteil der Zugangspunkte, die arbeiten, in den Öffnungszeiten.',
            'Share of the access points that work, within opening hours.',
          ],
          unit: 'percentunit',
          min: 0,
          max: 1,
          steps: SHARE_UP,
          questions: [['site:stadtfunk_ap_up:avg_open{site=~"$site"}', '{{site}}']],
          width: 12,
        },
        {
          type: 'timeseries',
          title: ['Sitzungen', 'Sessions'],
          about: ['Geräte, die online sind.', 'Devices that are online.'],
          unit: 'short',
          min: 0,
          steps: upTo(1_000),
          questions: [['sum by (site) (stadtfunk_sessions{site=~"$site"})', '{{site}}']],
          width: 12,
        },
      ],
    ],
    [['Zugangspunkte', 'Access points'], [EACH_AP]],
  ],
};
