import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/**
 * `node --import` of this makes of the program the release after it, as far as the link between edges and routers goes: it speaks one version
 * more, and in that version attaches, frames and beats have a field that this release does not know. It says on stderr what it does first.
 */

const CODEC = '/packages/delivery/dist/wire/codec.js';

const CHANGES = [
  ['export const WIRE_VERSION = 1;', 'export const WIRE_VERSION = 2;'],
  [
    'w.f64(m.attempt);\n        w.list(m.patterns, (p) => w.text(p));',
    "w.f64(m.attempt); w.list(m.patterns, (p) => w.text(p)); w.text('next'); say('attaches in version 2');",
  ],
  [
    'attempt: r.f64(),\n        patterns: r.list(() => r.text()),',
    'attempt: r.f64(), patterns: r.list(() => r.text()), ...(version > 1 && { next: r.text() }),',
  ],
  ['w.f64(m.upTo);', "w.f64(m.upTo); if (m.version > 1) { w.text('next'); say('writes version 2'); }"],
  [
    'upTo: r.f64() };\n}\nfunction readCommand',
    'upTo: r.f64(), ...(version > 1 && { next: r.text(), is: say("reads version 2") }) };\n}\nfunction readCommand',
  ],
];

const SAY = '\nconst said = new Set();\nfunction say(what) { if (!said.has(what)) process.stderr.write(`${what}\\n`); said.add(what); }\n';

if (isMainThread) register(import.meta.url);

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  return url.endsWith(CODEC) ? { ...loaded, source: changed(`${loaded.source}`) } : loaded;
}

function changed(source) {
  return CHANGES.reduce((text, [find, replace]) => {
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`${find} is in the codec ${parts.length - 1} times`);
    return parts.join(replace);
  }, source + SAY);
}
