import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from '../deploy/grafana/source';

/** Writes deploy/grafana/dashboards from deploy/grafana/source: `npm run dashboards`. */
for (const [name, text] of dashboardFiles()) {
  writeFileSync(join(__dirname, '../deploy/grafana/dashboards', name), text);
}
