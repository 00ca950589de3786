import { NONE, type Panel, SHARE_UP, type Step, type Text, upTo } from './dashboard';

/** What panels of several dashboards have in common. */

type Question = Panel['questions'][number];

/** A share, from 0 to 1, of what works: the more the better. */
export const SHARE = { unit: 'percentunit', min: 0, max: 1, steps: SHARE_UP } as const;
/** The same over a time, where a tenth of a percent counts. */
export const SHARE_OF_TIME = { ...SHARE, decimals: 2 } as const;
/** How busy a channel is: the less the better. */
const BUSY: readonly Step[] = [['green'], ['orange', 0.5], ['red', 0.7]];

/** How many over time, with none of it good or bad below the limit. */
export function course(limit: number): Pick<Panel, 'type' | 'unit' | 'min' | 'steps'> {
  return { type: 'timeseries', unit: 'short', min: 0, steps: upTo(limit) };
}

/** 1 is good and green, 0 is red. */
export function goodOrBad(bad: Text, good: Text = ['arbeitet', 'works']): Pick<Panel, 'unit' | 'steps' | 'words'> {
  return { unit: 'short', steps: [['red'], ['green', 1]], words: { 0: [bad, 'red'], 1: [good, 'green'] } };
}

/** How many are down now, of the sites chosen. */
export function down(title: Text, about: Text, width: number): Panel {
  const questions: Question[] = [['sum(stadtfunk_site_access_points{site=~"$site", state=~"down|parent-down"})']];
  return { type: 'stat', title, about, unit: 'short', steps: NONE, questions, width };
}

/** Why outages were, as their end told. */
export function outagesByReason(width: number): Panel {
  return {
    type: 'bargauge',
    title: ['Beendete Ausfälle nach Ursache', 'Ended outages by reason'],
    about: [
      'Im gezeigten Zeitraum. power: ohne Strom oder neu gestartet. network: lief durch, die Leitung war weg. uplink: die Zuleitung. agent: nur SNMP schwieg. unseen: der Beobachter selbst hatte keinen Weg dorthin.',
      'In the time shown. power: without power or restarted. network: ran through, the line was away. uplink: its uplink. agent: only SNMP was silent. unseen: the controller itself had no way to it.',
    ],
    unit: 'short',
    min: 0,
    decimals: 0,
    steps: [['green'], ['orange', 1], ['red', 10]],
    questions: [
      ['sum by (reason) (increase(stadtfunk_site_outages_ended_total{site=~"$site"}[$__range]))', '{{reason}}'],
    ],
    width,
  };
}

/** Who is online, by site. */
export function sessions(title: Text, width: number): Panel {
  return {
    ...course(1_000),
    title,
    about: ['Geräte, die online sind.', 'Devices that are online.'],
    questions: [['max by (site) (stadtfunk_sessions{site=~"$site"})', '{{site}}']],
    width,
  };
}

export function channelBusy(title: Text, about: Text, question: Question, width: number): Panel {
  return { type: 'timeseries', title, about, ...SHARE, steps: BUSY, questions: [question], width };
}

/** Each access point over time. */
export const EACH_AP: Panel = {
  type: 'state-timeline',
  title: ['Jeder Zugangspunkt', 'Each access point'],
  about: [
    'Grün: arbeitet. Rot: ausgefallen. Lücke: Wartung, oder niemand weiß es.',
    'Green: works. Red: down. A gap: maintenance, or nobody knows.',
  ],
  ...goodOrBad(['ausgefallen', 'down']),
  questions: [['stadtfunk_ap_up{site=~"$site"}', '{{ap}}']],
  width: 24,
  height: 10,
};
