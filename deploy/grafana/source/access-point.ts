import { type Dashboard, NONE, ONE_AP, SITE, upTo } from './dashboard';
import { channelBusy, course, goodOrBad, SHARE, SHARE_OF_TIME } from './panels';

/** One radio in detail: what a technician looks at before driving there. */
export const accessPoint: Dashboard = {
  uid: 'stadtfunk-access-point',
  title: ['Zugangspunkt', 'Access point'],
  from: 'now-24h',
  variables: [SITE, ONE_AP],
  rows: [
    [
      ['Zustand', 'Condition'],
      [
        {
          type: 'stat',
          title: ['Arbeitet', 'Works'],
          about: ['Kein Wert: Wartung, oder niemand weiß es.', 'No value: maintenance, or nobody knows.'],
          ...goodOrBad(['ausgefallen', 'down']),
          questions: [['stadtfunk_ap_up{ap="$ap"}']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Läuft seit', 'Has been running for'],
          about: ['Zeit seit dem letzten Neustart.', 'Time since its last start.'],
          unit: 's',
          decimals: 0,
          steps: [['orange'], ['green', 3600]],
          questions: [['time() - stadtfunk_ap_boot_time_seconds{ap="$ap"}']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Zuletzt gesehen vor', 'Last seen ago'],
          about: ['Zeit seit der letzten Antwort.', 'Time since its last answer.'],
          unit: 's',
          decimals: 0,
          steps: [['green'], ['orange', 180], ['red', 600]],
          questions: [['time() - stadtfunk_ap_last_seen_timestamp_seconds{ap="$ap"}']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Ausfälle', 'Outages'],
          about: ['Ausfälle im gezeigten Zeitraum.', 'Outages in the time shown.'],
          unit: 'short',
          decimals: 0,
          steps: NONE,
          questions: [['increase(stadtfunk_ap_outages_total{ap="$ap"}[$__range])']],
          width: 4,
        },
        {
          type: 'stat',
          title: ['Verfügbarkeit', 'Availability'],
          about: ['Anteil der Zeit, in der er arbeitete.', 'Share of the time in which it worked.'],
          ...SHARE_OF_TIME,
          questions: [['avg_over_time(stadtfunk_ap_up{ap="$ap"}[$__range])']],
          width: 5,
        },
        {
          type: 'stat',
          title: ['Grund des Ausfalls jetzt', 'Reason of the outage now'],
          about: [
            'Soweit schon bekannt; ob Strom oder Netz, zeigt erst das Ende. Leer: kein Ausfall.',
            'As far as it is known; power or network shows at the end only. Empty: no outage.',
          ],
          unit: 'short',
          steps: NONE,
          questions: [['stadtfunk_ap_outage{ap="$ap"}', '{{reason}}']],
          options: { textMode: 'name' },
          width: 8,
        },
        {
          type: 'stat',
          title: ['Letzter Ausfall endete vor', 'Last outage ended ago'],
          about: ['Mit seinem Grund, seit Stadtfunk läuft.', 'With its reason, since Stadtfunk runs.'],
          unit: 's',
          decimals: 0,
          steps: [['orange'], ['green', 86_400]],
          questions: [['time() - stadtfunk_ap_last_outage_end_timestamp_seconds{ap="$ap"}', '{{reason}}']],
          options: { textMode: 'value_and_name' },
          width: 8,
        },
        {
          type: 'stat',
          title: ['Wackelkontakt', 'Flapping'],
          about: [
            'Ging und kam fünfmal in einer halben Stunde: meist Netzteil oder Kabel.',
            'Went down and came up five times in half an hour: mostly its power supply or cable.',
          ],
          unit: 'short',
          steps: [['green'], ['orange', 1]],
          words: { 0: [['nein', 'no'], 'green'], 1: [['ja', 'yes'], 'orange'] },
          questions: [['stadtfunk_ap_flapping{ap="$ap"}']],
          width: 8,
        },
      ],
    ],
    [
      ['Funk', 'Radio'],
      [
        {
          ...course(50),
          title: ['Geräte', 'Devices'],
          about: ['Alle, und je Band, wenn er die Bänder trennt.', 'All, and by band where it tells the bands apart.'],
          questions: [
            ['stadtfunk_ap_clients{ap="$ap"}', 'alle / all'],
            ['stadtfunk_ap_band_clients{ap="$ap"}', '{{band}} GHz'],
          ],
          width: 8,
        },
        channelBusy(
          ['Kanal belegt', 'Channel busy'],
          ['Über 70 % wird es zäh.', 'Above 70 % it gets slow.'],
          ['stadtfunk_ap_channel_utilization_ratio{ap="$ap"}', '{{radio}}'],
          8,
        ),
        {
          type: 'timeseries',
          title: ['Rauschen', 'Noise'],
          about: ['Über -85 dBm stört etwas in der Nähe.', 'Above -85 dBm something near by disturbs.'],
          unit: 'dBm',
          steps: [['green'], ['orange', -85]],
          questions: [['stadtfunk_ap_noise_dbm{ap="$ap"}', '{{radio}}']],
          width: 8,
        },
      ],
    ],
    [
      ['Gerät', 'Device'],
      [
        {
          ...course(2),
          title: ['Last', 'Load'],
          about: ['Über 2 ist er überlastet.', 'Above 2 it is overloaded.'],
          questions: [['stadtfunk_ap_load1{ap="$ap"}', 'load1']],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Speicher frei', 'Memory available'],
          about: ['Unter 10 % startet er bald von selbst neu.', 'Below 10 % it will soon restart by itself.'],
          ...SHARE,
          steps: [['red'], ['orange', 0.1], ['green', 0.2]],
          questions: [
            [
              'stadtfunk_ap_memory_available_bytes{ap="$ap"} / stadtfunk_ap_memory_size_bytes{ap="$ap"}',
              'frei / available',
            ],
          ],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Datenmenge', 'Traffic'],
          about: [
            'Je Schnittstelle, wie das Gerät sie zählt; empfangen und gesendet.',
            'By interface, as the device counts it; received and sent.',
          ],
          unit: 'bps',
          min: 0,
          steps: upTo(900e6),
          questions: [
            ['8 * rate(stadtfunk_ap_interface_receive_bytes_total{ap="$ap"}[$__rate_interval])', '{{name}} ↓'],
            ['8 * rate(stadtfunk_ap_interface_transmit_bytes_total{ap="$ap"}[$__rate_interval])', '{{name}} ↑'],
          ],
          width: 8,
        },
      ],
    ],
  ],
};
