import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { openEmbeddedMovable } from '../../store/embedded/move';
import type { ProvenDriver } from './driver';
import { embeddedRecords } from './embedded-records';
import { linkageContract } from './linkage';
import { recordsContract } from './records';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-proven-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const embedded: ProvenDriver = {
  open: ({ place, ...context }) => openEmbeddedStore(join(folder, place), context),
  openMovable: ({ place, ...context }, mustBeThere) => openEmbeddedMovable(join(folder, place), context, mustBeThere),
  records: (place) => embeddedRecords(join(folder, place)),
  inMemoryOnly: ['waiting-visitor', 'shared-work'],
  lacks: ['session.stretch', 'session.owed.grantId', 'session.owed.octets'],
};

recordsContract('embedded', embedded);
linkageContract('embedded', embedded);
