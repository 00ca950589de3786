import { type Dashboard, type Step, upTo } from './dashboard';
import { course, goodOrBad } from './panels';

const FAULTS: readonly Step[] = [['green'], ['orange', 0.1]];

/** Whether visitors get through the portal, and gateways through RADIUS. */
export const portalRadius: Dashboard = {
  uid: 'stadtfunk-portal-radius',
  title: ['Portal und RADIUS', 'Portal and RADIUS'],
  from: 'now-6h',
  variables: [],
  rows: [
    [
      ['Portal', 'Portal'],
      [
        {
          type: 'timeseries',
          title: ['Besuche und Ablehnungen', 'Visits and refusals'],
          about: ['Aufrufe nach Ergebnis, Ablehnungen nach Grund.', 'Visits by result, refusals by reason.'],
          unit: 'reqps',
          min: 0,
          steps: upTo(1_000),
          questions: [
            ['sum by (result) (rate(stadtfunk_portal_visits_total[$__rate_interval]))', '{{result}}'],
            ['sum by (reason) (rate(stadtfunk_portal_refused_total[$__rate_interval])) > 0', '{{reason}}'],
          ],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Antwortzeit des Portals', 'Time to answer of the portal'],
          about: ['Die langsamsten 5 % je Vorgang.', 'The slowest 5 % by operation.'],
          unit: 's',
          min: 0,
          steps: [['green'], ['orange', 0.2], ['red', 1]],
          questions: [
            [
              'histogram_quantile(0.95, sum by (le, operation) (rate(stadtfunk_portal_request_duration_seconds_bucket[$__rate_interval])))',
              '{{operation}}',
            ],
          ],
          width: 8,
        },
        {
          ...course(5_000),
          title: ['Zustimmungen nach Sprache', 'Acceptances by language'],
          about: [
            'In 24 Stunden, an allen Orten zusammen und in Fünfern: So ist niemand daran zu erkennen.',
            'In 24 hours, at all sites together and in fives, so that nobody is recognised by it.',
          ],
          questions: [['sum by (language) (increase(stadtfunk_portal_grants_by_language_total[1d]))', '{{language}}']],
          width: 8,
        },
      ],
    ],
    [
      ['Künstlicher Besucher', 'Synthetic visitor'],
      [
        {
          type: 'state-timeline',
          title: ['Kommt online', 'Gets online'],
          about: [
            'Ob der ganze Weg gelingt, je Prüf-Gateway: Bedingungen, Zustimmung, RADIUS, online, trennen.',
            'Whether the whole way leads through, by test gateway: terms, acceptance, RADIUS, online, disconnect.',
          ],
          ...goodOrBad(['scheitert', 'fails'], ['gelingt', 'succeeds']),
          questions: [['stadtfunk_synthetic_success', '{{gateway}}']],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Dauer der Schritte', 'Time of the steps'],
          about: ['Über einer Sekunde merken es Besucher.', 'Above a second visitors notice.'],
          unit: 's',
          min: 0,
          steps: [['green'], ['orange', 1], ['red', 3]],
          questions: [['stadtfunk_synthetic_step_duration_seconds', '{{gateway}} {{operation}}']],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Letzter Gang vor', 'Last walk ago'],
          about: ['Wird das länger, geht niemand mehr.', 'If this grows, nobody walks any more.'],
          unit: 's',
          min: 0,
          steps: [['green'], ['orange', 900], ['red', 3600]],
          questions: [['time() - stadtfunk_synthetic_last_walk_timestamp_seconds', '{{gateway}}']],
          width: 8,
        },
      ],
    ],
    [
      ['RADIUS', 'RADIUS'],
      [
        {
          type: 'timeseries',
          title: ['Anfragen und Antworten', 'Requests and replies'],
          about: ['Jede Anfrage sollte eine Antwort haben.', 'Each request should have a reply.'],
          unit: 'reqps',
          min: 0,
          steps: upTo(5_000),
          questions: [
            ['sum by (kind) (rate(stadtfunk_radius_requests_total[$__rate_interval]))', '{{kind}}'],
            ['sum by (code) (rate(stadtfunk_radius_replies_total[$__rate_interval]))', '{{code}}'],
          ],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Abgelehnt und verworfen', 'Rejected and dropped'],
          about: [
            'Abgelehnt: das Gerät darf nicht. Verworfen: das Paket ist nicht zu glauben. Nach Grund.',
            'Rejected: the device may not. Dropped: the packet cannot be believed. By reason.',
          ],
          unit: 'reqps',
          min: 0,
          steps: FAULTS,
          questions: [
            ['sum by (reason) (rate(stadtfunk_radius_rejects_total[$__rate_interval])) > 0', '{{reason}}'],
            ['sum by (reason) (rate(stadtfunk_radius_dropped_total[$__rate_interval])) > 0', '{{reason}}'],
          ],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Antwortzeit', 'Time to answer'],
          about: ['Mittlere, und die langsamsten 5 %.', 'The middle one, and the slowest 5 %.'],
          unit: 's',
          min: 0,
          steps: [['green'], ['orange', 0.1], ['red', 1]],
          questions: [
            [
              'histogram_quantile(0.5, sum by (le) (rate(stadtfunk_radius_request_duration_seconds_bucket[$__rate_interval])))',
              '50 %',
            ],
            ['stadtfunk:radius_request_duration_seconds:p95_5m', '95 %'],
          ],
          width: 8,
        },
      ],
    ],
    [
      ['Beobachter und Prozess', 'Controller and process'],
      [
        {
          type: 'timeseries',
          title: ['Abfragen nach Ergebnis', 'Polls by result'],
          about: ['Abfragen der Zugangspunkte.', 'Polls of access points.'],
          unit: 'reqps',
          min: 0,
          steps: upTo(1_000),
          questions: [
            ['sum by (kind, result) (rate(stadtfunk_polls_total[$__rate_interval])) > 0', '{{kind}} {{result}}'],
          ],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Prozessor', 'Processor'],
          about: ['Anteil eines Kerns; 1 ist ein ganzer.', 'Share of a core; 1 is a whole one.'],
          unit: 'percentunit',
          min: 0,
          steps: [['green'], ['orange', 0.7], ['red', 0.9]],
          questions: [['rate(stadtfunk_process_cpu_seconds_total[$__rate_interval])', '{{instance}}']],
          width: 8,
        },
        {
          type: 'timeseries',
          title: ['Arbeitsspeicher', 'Memory'],
          about: ['Des Prozesses.', 'Of the process.'],
          unit: 'bytes',
          min: 0,
          steps: upTo(1e9),
          questions: [['stadtfunk_process_resident_memory_bytes', '{{instance}}']],
          width: 8,
        },
      ],
    ],
  ],
};
