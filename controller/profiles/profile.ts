/** An object identifier in numbers, without a leading dot: `1.3.6.1.2.1.1.1.0`. */
export type Oid = string;

/** The single values we ask for; the unit is in the name. */
export type ScalarName =
  | 'description'
  | 'hostUptimeTicks'
  | 'agentUptimeTicks'
  | 'load1Hundredths'
  | 'memoryTotalKibibytes'
  | 'memoryAvailableKibibytes'
  | 'memoryFreeKibibytes'
  | 'memoryBuffersKibibytes'
  | 'memoryCachedKibibytes'
  | 'clients';

/** The columns of the interface table we ask for. */
export type ColumnName = 'name' | 'receiveOctets' | 'transmitOctets' | 'operStatus';

/** Where a kind of device keeps what we want to know. Data only. */
export interface Profile {
  /** All asked in one request; what a device does not have, it says so. */
  readonly scalars: Readonly<Partial<Record<ScalarName, Oid>>>;
  /** The first column that has rows counts; the next one is only asked for when it has none. */
  readonly columns: Readonly<Record<ColumnName, readonly Oid[]>>;
}
