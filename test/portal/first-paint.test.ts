import type { Browser } from 'playwright-core';
import { LANGUAGES } from '../../config/schema';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { launchChromium } from './support/chromium';
import { closeTowns, type ServedTown, serveTown } from './support/served-town';

/** An old phone at the edge of the cell: Chromium's own emulation of 400 kbit/s and 400 ms there and back. */
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const BOUND_MS = 1_000;
const FIRST_PAINT = `performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => startTime)[0]`;

// A busy machine takes its time, for which the visitor's line is not to blame.
jest.setTimeout(120_000);

/** A town that says everything there is to say on the page. */
function everything(yaml: string): string {
  const services = Array.from({ length: 8 }, (_, i) => {
    return `    - { title: { de: 'Dienst der Stadt Nummer ${i}' }, url: 'https://www.neuwasser.example/dienst/${i}' }`;
  });
  return yaml.replace(
    '  imprintUrl:',
    `  privacyUrl: https://www.neuwasser.example/datenschutz\n  services:\n${services.join('\n')}\n  imprintUrl:`,
  );
}

describeWith('chromium', 'over a slow line', () => {
  let browser: Browser;
  let town: ServedTown;

  beforeAll(async () => {
    browser = await launchChromium();
    town = await serveTown(everything);
  });
  afterAll(async () => {
    await browser.close();
    await closeTowns();
  });

  test.each(LANGUAGES)('the first view in %s is painted within a second', async (language) => {
    const context = await browser.newContext({ locale: language, viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW);
    let best = Number.POSITIVE_INFINITY;
    // What else runs on the machine may delay one attempt, not each.
    for (let attempt = 0; attempt < 5 && best >= BOUND_MS; attempt++) {
      await page.goto(`${town.uam()}&l=${language}`);
      // The page's policy lets nothing ask again from within.
      const painted = await until(
        'it is painted',
        async () => (await page.evaluate<number>(FIRST_PAINT)) || undefined,
        60_000,
      );
      best = Math.min(best, painted);
    }
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    expect(best).toBeGreaterThan(SLOW.latency);
    expect(best).toBeLessThan(BOUND_MS);
    await context.close();
  });
});
