import { CLOSE, ERRORS } from '../../packages/protocol/src/errors.js';
import { table } from './markdown.js';

/** `docs/errors.md`: the catalogue of errors and the close codes, from the code that decides by them. */

const WHEN_CLOSED: Record<keyof typeof CLOSE, string> = {
  draining: 'The server is leaving. The `drain` frame before it says how long to wait.',
  silent: 'Two pings were not answered.',
  notJson: 'A frame was no JSON object: this peer does not speak `restante.v1`.',
  binary: 'A frame was binary; `restante.v1` is text only.',
};

export function errorsPage(): string {
  const errors = Object.entries(ERRORS).map(([code, { status, title, retryable, mend }]) => [
    `<a id="${code}"></a>\`${code}\``,
    String(status),
    title,
    retryable ? 'yes' : 'no',
    mend,
  ]);
  const closes = (Object.keys(CLOSE) as (keyof typeof CLOSE)[])
    .map((name) => [`\`${CLOSE[name]}\``, mayComeBack(CLOSE[name]) ? 'yes' : 'no', WHEN_CLOSED[name]])
    .sort(([a = ''], [b = '']) => a.localeCompare(b));
  return `${HEAD}
## Codes

${table(['code', 'HTTP status', 'meaning', 'try again?', 'what to do'], errors)}

## Close codes of the WebSocket

4000 to 4499: connect again. 4500 to 4999, and 1002, 1003, 1007 to 1010: do not, the same would happen again. Any other: connect again.

${table(['code', 'come back?', 'when'], closes)}

A frame over the size that \`hello\` names closes with 1009, as WebSockets do everywhere.
`;
}

function mayComeBack(code: number): boolean {
  return code >= 4_000 && code < 4_500;
}

const HEAD = `# Errors

<!-- Made from packages/protocol/src/errors.ts: \`npm run docs\` writes it anew. -->

Over HTTP an error is a problem details object (RFC 9457) with two more fields, \`code\` and \`retryable\`; over a WebSocket it is a frame of
\`type: "error"\`. Programs decide by \`code\`: it never changes its meaning. The text beside it is for people and may change.
*Try again* means that the very same request, unchanged, may succeed later; where \`retryAfterMs\` is given, wait so long. Repeat a publish under
the same id, and it is stored once.
`;
