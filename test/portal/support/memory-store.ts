import { CREDENTIAL_LIFETIME_MS, type Grant } from '../../../core/grant';
import type { Health, Outage } from '../../../core/health';
import type { Interval } from '../../../core/intervals';
import type { GrantRequest, GrantStore, HealthStore } from '../../../store/store';

/** What the portal asks of a store, kept in memory, with a tap to see what it was asked and a switch to make it fail. */
export class MemoryStore implements GrantStore, HealthStore {
  readonly grants: { request: GrantRequest; grant: Grant }[] = [];
  readonly health = new Map<string, { health: Health; firstSeenAt?: number }>();
  readonly outageLists = new Map<string, Outage[]>();
  gaps: Interval[] = [];
  failing = false;
  usedOctets = 0;

  async putGrant(request: GrantRequest) {
    this.#fail();
    const { site, gateway, termsVersion, now, expiresAt } = request;
    const id = `grant-${this.grants.length}`;
    const grant: Grant = { id, site, gateway, termsVersion, acceptedAt: now, expiresAt, usedOctets: this.usedOctets };
    this.grants.push({ request, grant });
    if (!request.withCredential) return { grant };
    const username = `user-${this.grants.length}`;
    const password = this.credentialPassword(username);
    return { grant, credential: { username, password, expiresAt: now + CREDENTIAL_LIFETIME_MS } };
  }

  async findGrant(site: string, device: GrantRequest['device'], now: number) {
    this.#fail();
    return this.grants.findLast(
      ({ request, grant }) => request.site === site && request.device.equals(device) && now < grant.expiresAt,
    )?.grant;
  }

  async getGrant(id: string) {
    return this.grants.find(({ grant }) => grant.id === id)?.grant;
  }

  async endGrant() {
    return false;
  }

  credentialPassword(username: string): string {
    return `password-${username}`.padEnd(16, '0').slice(0, 16);
  }

  async takeCredential() {
    return { ok: false, reason: 'credential-unknown' } as const;
  }

  async acceptances() {
    return [];
  }

  async putHealth(ap: string, health: Health) {
    this.health.set(ap, { health, ...(health.lastSeenAt !== undefined && { firstSeenAt: health.lastSeenAt }) });
  }

  async allHealth() {
    this.#fail();
    return this.health;
  }

  async outages(ap: string) {
    return this.outageLists.get(ap) ?? [];
  }

  async watch() {}

  async unwatched() {
    return this.gaps;
  }

  #fail(): void {
    if (this.failing) throw new Error('disk full');
  }
}
