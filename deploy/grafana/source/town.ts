import { type Dashboard, NONE, type Panel, SITE, upTo } from './dashboard';
import { course, down, outagesByReason, SHARE, SHARE_OF_TIME, sessions } from './panels';

const map: Panel = {
  type: 'geomap',
  title: ['Karte der Orte', 'Map of the sites'],
  about: [
    'Jeder Ort mit Koordinaten (sites[].location): grün, wenn alle Zugangspunkte arbeiten, rot, wenn einer ausgefallen ist.',
    'Each site with a location (sites[].location): green if all access points work, red if one is down.',
  ],
  unit: 'short',
  steps: NONE,
  questions: [
    ['max by (site) (stadtfunk_site_latitude_degrees{site=~"$site"})'],
    ['max by (site) (stadtfunk_site_longitude_degrees{site=~"$site"})'],
    ['sum by (site) (stadtfunk_site_access_points{site=~"$site", state=~"down|parent-down"})'],
  ],
  transformations: [
    { id: 'joinByField', options: { byField: 'site', mode: 'inner' } },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true, 'Time 1': true, 'Time 2': true, 'Time 3': true },
        renameByName: { 'Value #A': 'latitude', 'Value #B': 'longitude', 'Value #C': 'down' },
      },
    },
  ],
  options: {
    layers: [
      {
        type: 'markers',
        name: 'Orte / Sites',
        location: { mode: 'coords', latitude: 'latitude', longitude: 'longitude' },
        config: {
          showLegend: true,
          style: {
            color: { field: 'down' },
            size: { fixed: 8, min: 4, max: 12 },
            symbol: { mode: 'fixed', fixed: 'img/icons/marker/circle.svg' },
            opacity: 0.8,
            text: { mode: 'field', field: 'site', fixed: '' },
          },
        },
        tooltip: true,
      },
    ],
  },
  width: 14,
  height: 14,
};

/** Whether the whole town is online, at a glance. */
export const town: Dashboard = {
  uid: 'stadtfunk-town',
  title: ['Stadt', 'Town'],
  from: 'now-24h',
  variables: [SITE],
  rows: [
    [
      ['Auf einen Blick', 'At a glance'],
      [
        down(
          ['Zugangspunkte ausgefallen', 'Access points down'],
          [
            'Zugangspunkte, die jetzt nicht arbeiten, auch die hinter einer gestörten Zuleitung.',
            'Access points that do not work now, also those behind a dead uplink.',
          ],
          5,
        ),
        {
          type: 'stat',
          title: ['Zuleitungen gestört', 'Uplinks down'],
          about: ['Orte, deren Zuleitung ausgefallen ist.', 'Sites whose uplink is down.'],
          unit: 'short',
          steps: NONE,
          questions: [['count(stadtfunk_site_uplink_up{site=~"$site"} == 0) or vector(0)']],
          width: 4,
        },
        {
          type: 'stat',
          title: ['Verfügbarkeit', 'Availability'],
          about: [
            'Anteil der Zeit, in der die Zugangspunkte arbeiteten. Wartung und Unbekanntes zählen nicht.',
            'Share of the time in which the access points worked. Maintenance and what nobody knows do not count.',
          ],
          ...SHARE_OF_TIME,
          questions: [['avg(avg_over_time(stadtfunk_ap_up{site=~"$site"}[$__range]))']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Sitzungen jetzt', 'Sessions now'],
          about: ['Geräte, die jetzt online sind.', 'Devices that are online now.'],
          unit: 'short',
          steps: upTo(20_000),
          questions: [['sum(max by (site) (stadtfunk_sessions{site=~"$site"}))']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Zustimmungen', 'Acceptances'],
          about: [
            'Wie oft im gezeigten Zeitraum die Bedingungen angenommen wurden.',
            'How often the terms were accepted in the time shown.',
          ],
          unit: 'short',
          decimals: 0,
          steps: upTo(100_000),
          questions: [['sum(increase(stadtfunk_portal_grants_total{site=~"$site"}[$__range]))']],
          width: 5,
        },
      ],
    ],
    [
      ['Ausfälle', 'Outages'],
      [
        {
          type: 'stat',
          title: ['Beobachter', 'Controller'],
          about: [
            'Ist er selbst abgeschnitten, weiß er von keinem Zugangspunkt, ob er arbeitet.',
            'If it is cut off itself, it knows of no access point whether it works.',
          ],
          unit: 'short',
          steps: [['green'], ['red', 1]],
          words: { 0: [['sieht', 'sees'], 'green'], 1: [['abgeschnitten', 'cut off'], 'red'] },
          questions: [['max(stadtfunk_controller_blind)']],
          width: 4,
        },
        {
          type: 'stat',
          title: ['Nicht zu sehen', 'Not to be seen'],
          about: [
            'Zugangspunkte, zu denen der Beobachter selbst keinen Weg hat, während andere antworten.',
            'Access points to which the controller itself has no way, while others answer.',
          ],
          unit: 'short',
          steps: NONE,
          questions: [['sum(stadtfunk_unseen_aps)']],
          width: 4,
        },
        {
          type: 'stat',
          title: ['Wackelkontakte', 'Flapping'],
          about: [
            'Zugangspunkte, die in einer halben Stunde fünfmal gingen und kamen.',
            'Access points that went down and came up five times in half an hour.',
          ],
          unit: 'short',
          steps: [['green'], ['orange', 1]],
          questions: [['sum(stadtfunk_site_flapping_access_points{site=~"$site"})']],
          width: 4,
        },
        outagesByReason(12),
      ],
    ],
    [
      ['Orte', 'Sites'],
      [
        map,
        {
          type: 'bargauge',
          title: ['Anteil in Betrieb', 'Share that works'],
          about: ['Anteil der Zugangspunkte eines Orts, die arbeiten.', 'Share of a site’s access points that work.'],
          ...SHARE,
          questions: [['site:stadtfunk_ap_up:avg{site=~"$site"}', '{{site}}']],
          width: 10,
          height: 14,
        },
        sessions(['Sitzungen je Ort', 'Sessions by site'], 8),
        {
          type: 'timeseries',
          title: ['Datenmenge je Ort', 'Traffic by site'],
          about: [
            'Wie die Abrechnung sie meldet: in Stufen, mit jeder Zwischenmeldung.',
            'As accounting reports it: in steps, with each interim record.',
          ],
          unit: 'bps',
          min: 0,
          steps: upTo(1e9),
          questions: [
            ['8 * site_direction:stadtfunk_site_octets_total:rate15m{site=~"$site"}', '{{site}} {{direction}}'],
          ],
          width: 8,
        },
        {
          ...course(40_000),
          title: ['Zustände der Zugangspunkte', 'States of the access points'],
          about: [
            'Wie viele in welchem Zustand sind. „unknown“: nie gesehen, oder der Beobachter selbst ist abgeschnitten.',
            'How many are in which state. "unknown": never seen, or the controller itself is cut off.',
          ],
          questions: [['sum by (state) (stadtfunk_site_access_points{site=~"$site"})', '{{state}}']],
          width: 8,
        },
      ],
    ],
  ],
};
