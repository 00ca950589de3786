import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Health, Outage, OutageChange } from '../../core/health';
import type { Interval } from '../../core/intervals';
import type { Claim, Claimed } from '../../core/leases';
import type { MaintenanceWindow } from '../../core/maintenance';
import type { Millis } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openEmbeddedStore } from '../../store/embedded/driver';
import type { HealthStore, LeaseStore, Store } from '../../store/store';
import { TEST_KEY } from '../support/product';

/** The embedded store in a folder of its own; a test sees how much it is used and may let it refuse. */
export class ObservedStore implements HealthStore, LeaseStore {
  refuses = false;
  writes = 0;
  /** Operations under way. */
  pending = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'stadtfunk-health-'));
  #store: Promise<Store>;

  constructor() {
    this.#store = this.#open();
  }

  async reopen(): Promise<void> {
    await (await this.#store).close();
    this.#store = this.#open();
  }

  async remove(): Promise<void> {
    await (await this.#store).close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  putHealth(ap: string, health: Health, change?: OutageChange): Promise<void> {
    this.writes++;
    return this.#write((store) => store.putHealth(ap, health, change));
  }

  watch(now: Millis, tolerance: Millis): Promise<void> {
    return this.#write((store) => store.watch(now, tolerance));
  }

  async allHealth(): ReturnType<HealthStore['allHealth']> {
    return (await this.#store).allHealth();
  }

  async healthOf(aps: readonly string[]): ReturnType<HealthStore['healthOf']> {
    return (await this.#store).healthOf(aps);
  }

  async claim(claim: Claim): Promise<Claimed> {
    return (await this.#store).claim(claim);
  }

  async giveUp(work: string, holder: string, pieces?: readonly number[]): Promise<void> {
    return (await this.#store).giveUp(work, holder, pieces);
  }

  async outages(ap: string, window: Interval): Promise<readonly Outage[]> {
    return (await this.#store).outages(ap, window);
  }

  async unwatched(window: Interval, tolerance: Millis): Promise<readonly Interval[]> {
    return (await this.#store).unwatched(window, tolerance);
  }

  putMaintenance(window: MaintenanceWindow): Promise<void> {
    return this.#write((store) => store.putMaintenance(window));
  }

  async maintenance(window: Interval): Promise<readonly MaintenanceWindow[]> {
    return (await this.#store).maintenance(window);
  }

  async #write(operation: (store: Store) => Promise<void>): Promise<void> {
    if (this.refuses) throw new Error('the disk is full');
    this.pending++;
    try {
      await operation(await this.#store);
    } finally {
      this.pending--;
    }
  }

  #open(): Promise<Store> {
    const context = { townKey: TEST_KEY, timeZone: 'Europe/Berlin', random: systemRandom, clock: systemClock };
    return openEmbeddedStore(this.#folder, context);
  }
}
