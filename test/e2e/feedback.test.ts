import { join } from 'node:path';
import { startProcess } from '../support/process';
import { type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';

let product: Product;
beforeAll(async () => {
  product = await prepareProduct();
  await product.start();
});
afterAll(() => product.remove());

/** `stadtfunk feedback ...`, as an operator runs it beside the product. */
async function feedback(...words: string[]): Promise<{ code: number | null; output: string }> {
  const command = startProcess([
    'dist/main.js',
    ...['feedback', ...words, '--config', join(product.folder, 'town.yaml')],
  ]);
  const code = await until('the command has ended', () => {
    const exit = command.exitCode();
    return exit === undefined ? undefined : { exit };
  });
  return { code: code.exit, output: command.output() };
}

/** Sends the form as a browser would; returns the number that the writer is shown. */
async function write(text: string, contact = ''): Promise<string> {
  const page = await (await fetch(`${product.portalUrl}/feedback`)).text();
  const form = /name="form" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const body = new URLSearchParams({ topic: 'accessibility', text, contact, form });
  const answer = await (await fetch(`${product.portalUrl}/feedback`, { method: 'POST', body })).text();
  return /class="reference"[^>]*>([^<]+)</.exec(answer)?.[1] ?? 'no number';
}

test('what a visitor writes reaches the operator and is done; nothing of it is in the log', async () => {
  const first = await write('Der Knopf ist zu klein.\nAuf der Startseite.', 'Ümit, 030 1');
  const second = await write('Noch etwas.');
  const { code, output } = await feedback('list');
  expect(code).toBe(0);
  const head = ' {2}accessibility {2}due \\d{4}-\\d\\d-\\d\\d {2}\\(received \\S+, language \\S+\\)\\n';
  expect(output).toMatch(
    new RegExp(`${first}${head} {4}Der Knopf ist zu klein.\n {4}Auf der Startseite.\n {4}Contact: Ümit, 030 1`),
  );
  expect(output).toMatch(new RegExp(`${second}${head} {4}Noch etwas.`));
  expect(await product.metric('stadtfunk_feedback_entries{state="open"}')).toBe(2);

  expect((await feedback('done', first.toLowerCase())).output).toContain(`${first} is done`);
  const left = await feedback('list', '--json');
  expect(
    left.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ reference: second, topic: 'accessibility', text: 'Noch etwas.' }]);
  expect(product.output()).not.toMatch(/Knopf|Ümit|Noch etwas/);
});
