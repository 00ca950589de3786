/** What a visitor who is online sees at the simulated gateway: the whole simulated internet. */
export function onlinePage(gateway: string, secondsLeft: number, portalUrl: string): string {
  const minutes = Math.ceil(secondsLeft / 60);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>You are online (demo)</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif }
  body { max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
  a { display: inline-block; padding-block: .25rem }
</style>
<main>
  <h1>You are online</h1>
  <p>This page stands for the internet. The simulated gateway <strong>${gateway}</strong> asked our RADIUS server,
  and now it lets your browser through: another <strong>${minutes} minutes</strong>.</p>
  <ul>
    <li><a href="/logoff">Leave the Wi-Fi</a>, and the portal asks you again</li>
    <li><a href="${portalUrl}/">Back to the demo’s start page</a></li>
  </ul>
</main>
`;
}
