import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/**
 * `npm ci` refuses a lock file that leaves out the binaries of other platforms, which is what npm writes where it cannot reach them.
 * It must also not name a registry: everyone installs from their own.
 */

interface Locked {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Locked>> };

/** Is it installed beside `from`, or above? */
function isLocked(from: string, name: string): boolean {
  const folders = from.split('/node_modules/').map((_, i, parts) => parts.slice(0, parts.length - i).join('/node_modules/'));
  return [...folders, ''].some((folder) => `${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages);
}

it('locks the optional packages of every platform', () => {
  const missing = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(from, name)),
  );
  expect(missing).toEqual([]);
});

it('names no registry', () => {
  const named = Object.values(packages).filter(({ resolved, link }) => resolved !== undefined && link !== true);
  expect(named).toEqual([]);
});
