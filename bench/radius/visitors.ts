import { Agent, get } from 'node:http';
import type { City } from './city';

const VISITORS_PER_SECOND = 50;
const SCRAPE_MS = 5_000;
const PAGE =
  '/uam/gw-portal?res=notyet&uamip=10.1.0.1&uamport=3990&challenge=6404e33836ce57634cd31263be711b9e' +
  '&called=DE-3C-70-95-19-7B&mac=02-11-22-33-44-55&ip=10.1.0.2&nasid=gw-portal&sessionid=1795288769000000';

/** Visitors on the portal's first page and a monitoring system at the ops server, until `stop`. */
export function startVisitors({ portalPort, opsPort }: City): { stop(): Promise<void> } {
  // Connections that rest are closed here: the server might close one just when it is used again.
  const visitors = new Agent({ keepAlive: true, maxSockets: 8, timeout: 1_000 });
  const monitoring = new Agent();
  const failures: string[] = [];
  const visit = (agent: Agent, port: number, path: string) =>
    get({ host: '127.0.0.1', port, path, agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      if (response.statusCode !== 200) failures.push(`${response.statusCode} for ${path}`);
      response.resume();
    }).on('error', (error) => failures.push(`${error.message} for ${path}`));
  const timers = [
    setInterval(() => visit(visitors, portalPort, PAGE), 1_000 / VISITORS_PER_SECOND),
    setInterval(() => visit(monitoring, opsPort, '/metrics'), SCRAPE_MS),
  ];
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      visitors.destroy();
      if (failures.length > 0) throw new Error(`${failures.length} pages did not come, the first: ${failures[0]}`);
    },
  };
}
