import { type Dashboard, SITE } from './dashboard';
import { EACH_AP, SHARE, SHARE_OF_TIME, sessions } from './panels';

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
          ...SHARE_OF_TIME,
          questions: [['avg_over_time(site:stadtfunk_ap_up:avg_open{site=~"$site"}[$__range])', '{{site}}']],
          width: 12,
        },
        {
          type: 'bargauge',
          title: ['Rund um die Uhr', 'Around the clock'],
          about: ['Anteil der Zeit im gezeigten Zeitraum, auch nachts.', 'Share of the time shown, also at night.'],
          ...SHARE_OF_TIME,
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
          ...SHARE,
          questions: [['site:stadtfunk_ap_up:avg_open{site=~"$site"}', '{{site}}']],
          width: 12,
        },
        sessions(['Sitzungen', 'Sessions'], 12),
      ],
    ],
    [['Zugangspunkte', 'Access points'], [EACH_AP]],
  ],
};
