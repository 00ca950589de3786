/** What Grafana needs for a dashboard, made from what is different from one to the next. */

/** German, English: titles and descriptions are shown in both. */
export type Text = readonly [de: string, en: string];

/** From this value on, this colour. The first has no value: it is below all others. */
export type Step = readonly [color: 'green' | 'yellow' | 'orange' | 'red' | 'blue', from?: number];

export interface Panel {
  readonly type: 'stat' | 'timeseries' | 'state-timeline' | 'table' | 'bargauge' | 'geomap';
  readonly title: Text;
  readonly about: Text;
  /** Of Grafana's list: `short`, `percentunit`, `bps`, `s`, `dBm` ... */
  readonly unit: string;
  readonly steps: readonly Step[];
  /** In PromQL, with the name that each series gets. */
  readonly questions: readonly (readonly [expr: string, legend?: string])[];
  /** Of the 24 columns. */
  readonly width: number;
  readonly height?: number;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Names for values. */
  readonly words?: Readonly<Record<string, readonly [text: Text, color: Step[0]]>>;
  readonly transformations?: readonly object[];
  readonly options?: object;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: Text;
  readonly from: string;
  readonly variables: readonly Variable[];
  /** A heading, and the panels under it. */
  readonly rows: readonly (readonly [heading: Text, panels: readonly Panel[]])[];
}

interface Variable {
  readonly name: 'site' | 'ap';
  readonly label: Text;
  readonly query: string;
  readonly single?: true;
}

export const SITE: Variable = {
  name: 'site',
  label: ['Ort', 'Site'],
  query: 'label_values(stadtfunk_site_info, site)',
};
export const ONE_SITE: Variable = { ...SITE, single: true };
export const ONE_AP: Variable = {
  name: 'ap',
  label: ['Zugangspunkt', 'Access point'],
  query: 'label_values(stadtfunk_ap_state{site=~"$site"}, ap)',
  single: true,
};

/** More is better, as a share: below 95 % somebody should look, below 99 % it shows. */
export const SHARE_UP: readonly Step[] = [['red'], ['orange', 0.95], ['green', 0.99]];
/** None is good, one is bad. */
export const NONE: readonly Step[] = [['green'], ['red', 1]];
/** A figure that is neither good nor bad below this value. */
export const upTo = (limit: number): readonly Step[] => [['blue'], ['orange', limit]];

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
const COLUMNS = 24;

export const both = ([de, en]: Text): string => (de === en ? de : `${de} / ${en}`);

/** The dashboard as Grafana reads it. */
export function toGrafana({ uid, title, from, variables, rows }: Dashboard): object {
  return {
    uid,
    title: `Stadtfunk: ${both(title)}`,
    tags: ['stadtfunk'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '1m',
    time: { from, to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [{ type: 'dashboards', title: 'Stadtfunk', tags: ['stadtfunk'], asDropdown: true, keepTime: true }],
    templating: { list: variables.map(toVariable) },
    panels: placed(rows),
  };
}

function toVariable({ name, label, query, single }: Variable): object {
  return {
    name,
    label: both(label),
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    ...(single === true
      ? { multi: false, includeAll: false }
      : { multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' } }),
  };
}

/** From left to right; what has no room any more goes below. */
function placed(rows: Dashboard['rows']): object[] {
  const list: object[] = [];
  let y = 0;
  for (const [heading, panels] of rows) {
    list.push({
      id: list.length + 1,
      type: 'row',
      title: both(heading),
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    });
    let x = 0;
    let tallest = 0;
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) {
        y += tallest;
        x = tallest = 0;
      }
      const h = panel.height ?? (panel.type === 'stat' ? 4 : 8);
      list.push({ id: list.length + 1, ...toPanel(panel), gridPos: { x, y, w: panel.width, h } });
      x += panel.width;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return list;
}

function toPanel(panel: Panel): object {
  const { type, title, about, unit, steps, min, max, decimals, words, transformations, options } = panel;
  return {
    type,
    title: both(title),
    description: about.join('\n\n'),
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(min !== undefined && { min }),
        ...(max !== undefined && { max }),
        ...(decimals !== undefined && { decimals }),
        thresholds: { mode: 'absolute', steps: steps.map(([color, value = null]) => ({ color, value })) },
        ...(type === 'timeseries'
          ? { custom: { fillOpacity: 10, lineWidth: 2, showPoints: 'never', thresholdsStyle: { mode: 'dashed' } } }
          : { color: { mode: 'thresholds' } }),
        ...(words !== undefined && { mappings: [{ type: 'value', options: toMapping(words) }] }),
      },
      overrides: [],
    },
    options: { ...OPTIONS[type], ...options },
    ...(transformations !== undefined && { transformations }),
    targets: panel.questions.map(([expr, legendFormat = ''], i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...((type === 'table' || type === 'geomap') && { format: 'table', instant: true, range: false }),
    })),
  };
}

function toMapping(words: NonNullable<Panel['words']>): object {
  return Object.fromEntries(
    Object.entries(words).map(([value, [text, color]]) => [value, { text: both(text), color }]),
  );
}

const REDUCE = { calcs: ['lastNotNull'], fields: '', values: false };

const OPTIONS: Readonly<Record<Panel['type'], object>> = {
  stat: { colorMode: 'background', graphMode: 'area', reduceOptions: REDUCE },
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom' },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  'state-timeline': { mergeValues: true, showValue: 'never', rowHeight: 0.8, legend: { showLegend: false } },
  table: { showHeader: true, cellHeight: 'sm' },
  bargauge: { displayMode: 'lcd', orientation: 'horizontal', reduceOptions: REDUCE },
  geomap: {
    view: { id: 'fit', allLayers: true, padding: 10 },
    controls: { showZoom: true, mouseWheelZoom: false, showAttribution: true },
    basemap: { type: 'default', name: 'Karte / Map' },
    tooltip: { mode: 'details' },
  },
};
