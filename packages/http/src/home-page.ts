/**
 * What a person finds at `/`: what runs here, and lines to try that work as they stand, at the address that was asked.
 * One text; a browser gets it as a page.
 */

export interface HomeFacts {
  readonly version: string;
  readonly region: string;
  /** `http://localhost:8080`, as the caller knows this server. */
  readonly address: string;
  /** A mailbox that can be tried. */
  readonly mailbox: string;
  readonly routes: readonly string[];
  /** Are there streams here, or only pages? */
  readonly streams: boolean;
}

export function homeText(facts: HomeFacts): string {
  const { version, region, address, mailbox, routes } = facts;
  const lines = [
    `Restante ${version}, region ${region}`,
    'Mailboxes for the web: durable, ordered, pushed to whoever is listening.',
    '',
    ...triesOf(facts).flatMap(({ title, command }) => [`${title}:`, `  ${command}`, '']),
    'Routes:',
    ...routes.map((route) => `  ${route}`),
    '',
    `Shapes: ${address}/openapi.json   Errors: ${address}/errors   Mailbox of these lines: ${mailbox}`,
  ];
  return `${lines.join('\n')}\n`;
}

export function homeHtml(facts: HomeFacts): string {
  const tries = triesOf(facts).map(({ title, command }) => `<h2>${escapeHtml(title)}</h2><pre>${escapeHtml(command)}</pre>`);
  const routes = facts.routes.map((route) => `<li><code>${escapeHtml(route)}</code></li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Restante</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}pre{background:#f4f2ec;padding:.8rem;overflow:auto}h2{font-size:1rem}</style>
<h1>Restante</h1>
<p>Mailboxes for the web: durable, ordered, pushed to whoever is listening. Version ${escapeHtml(facts.version)}, region ${escapeHtml(facts.region)}.</p>
${tries.join('\n')}
<h2>Routes</h2>
<ul>${routes.join('')}</ul>
<p><a href="/openapi.json">Shapes</a> · <a href="/errors">Errors</a></p>
</html>
`;
}

function triesOf({ address, mailbox, streams }: HomeFacts): readonly { readonly title: string; readonly command: string }[] {
  const data = `curl ${address}/v1/mailboxes${mailbox} -H 'Content-Type: application/json' -d '{"hello":"world"}'`;
  const tries = [
    { title: 'Drop a message', command: data },
    { title: 'Pick up what is there', command: `curl ${address}/v1/mailboxes${mailbox}` },
  ];
  if (!streams) return tries;
  return [
    ...tries,
    { title: 'Follow, from the first message on', command: `curl -N '${address}/v1/stream?mailbox=${mailbox}&after=earliest'` },
  ];
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
