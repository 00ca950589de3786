import { type Row, Rows } from '../runtime/row';
import type { Sample } from './probe/probe';
import { SAMPLE_SERIES } from './sample-series';

const TEXT_LENGTH = 64;

/** What an access point said in a poll, as far as somebody asks for it later. */
export interface Said {
  /** The series that it gives. */
  readonly row: Row;
  readonly clients: number | undefined;
  readonly vendor: string;
  /** What it calls itself if it says no more. */
  readonly model: string;
  readonly firmware: string;
}

const rows = new Rows(SAMPLE_SERIES);

export function saidIn(sample: Sample): Said {
  const { clients, vendor = '', model = sample.description, firmware = '' } = sample;
  const short = (text: string): string => text.slice(0, TEXT_LENGTH);
  return { row: rows.of(sample), clients, vendor: short(vendor), model: short(model), firmware: short(firmware) };
}
