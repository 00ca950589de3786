import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationDocument } from '../config/docs';

/** Writes docs/configuration.md from the schema: `npx ts-node -T scripts/config-docs.ts`. */
writeFileSync(join(__dirname, '../docs/configuration.md'), configurationDocument());
