import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../packages/protocol/src/errors.js';
import { LIMITS } from '../packages/protocol/src/limits.js';

/** What can be checked of the documents: links and paths that lead somewhere, commands that exist, numbers that are the code's. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Limits of what one server holds, for all its clients or for a connection: no rules of the protocol. */
const OWN_LIMITS = ['waitsMax', 'requestBytesMax', 'appendBytesMax', 'socketHighWaterBytes', 'pushBytesMax', 'socketPublishesMax'];

const git = (...args: string[]): string[] => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\n').filter(Boolean);
const pages = git('ls-files', '--cached', '--others', '--exclude-standard', '*.md').filter((page) => existsSync(join(ROOT, page)));
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
const withoutCode = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, '');

/** GitHub's anchor of a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchors(text: string): Set<string> {
  const headings = [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
  const named = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...headings, ...named]);
}

/** Relative links that lead nowhere, as they are written. */
function brokenLinks(page: string): string[] {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchors(read(target)).has(anchor);
  });
}

/** Paths of this repository in code font, which stay true only if somebody looks. */
function missingPaths(page: string): string[] {
  const paths = [...withoutCode(read(page)).matchAll(/`((?:packages|services|test|bench|examples|scripts|docs)(?:\/[\w.@-]+)*)\/?`/g)];
  return paths.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)));
}

describe.each(pages)('%s', (page) => {
  it('has only links that lead somewhere', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it('names only paths that exist', () => {
    expect(missingPaths(page)).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('names only error codes that exist', () => {
    const named = [...read(page).matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code = '']) => code);
    expect(named.filter((code) => !code.startsWith('RESTANTE_') && !(code in ERRORS))).toEqual([]);
  });
});

it('the limits in docs/protocol.md are those that a client can meet, with the values of the code', () => {
  const rows = [...read('docs/protocol.md').matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)];
  const documented = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]));
  const met = Object.entries(LIMITS).filter(([name]) => !OWN_LIMITS.includes(name));
  expect(documented).toEqual(Object.fromEntries(met));
});

it('docs/invariants.md has each of the eleven, in order, with a reason, a place and its tests', () => {
  const sections = read('docs/invariants.md').split(/^## /m).slice(1);
  expect(sections.map((section) => section.split(':')[0])).toEqual(Array.from({ length: 11 }, (_, i) => `I${i + 1}`));
  for (const section of sections) expect(section).toMatch(/\*\*Why\.\*\* [\s\S]+\| enforced in \| tests \|\n\| --- \| --- \|\n\| `/);
});
