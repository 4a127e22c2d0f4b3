import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The tables of docs/delivery.md are the code's: every state and event has its cell, and the same cells do nothing. */

const DOCUMENT = fileURLToPath(new URL('../../../docs/delivery.md', import.meta.url));

/** `state event` of every cell, and whether it does anything. */
type Cells = Record<string, boolean>;

function cellsOfCode(file: string): Cells {
  const source = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
  const table = /static readonly #TABLE[^\n]*\n([\s\S]*?)\n {2}\};/.exec(source)?.[1] ?? '';
  const cells: Cells = {};
  for (const [, quoted, bare, inline, block] of table.matchAll(/^ {4}(?:'([\w-]+)'|(\w+)): \{(?: (.*) \},$|\n([\s\S]*?)^ {4}\},$)/gm)) {
    for (const [, event, cell] of (inline?.replaceAll(', ', ',\n') ?? block ?? '').matchAll(/^ {0,6}(\w+): (ignore\b)?/gm)) {
      cells[`${quoted ?? bare} ${event}`] = cell === undefined;
    }
  }
  return cells;
}

function cellsOfDocument(heading: string): Cells {
  const text = readFileSync(DOCUMENT, 'utf8');
  const section = text.slice(text.indexOf(`### ${heading}\n`));
  const [header = [], , ...rows] = section
    .split('\n')
    .filter((line, i, lines) => line.startsWith('|') && lines.slice(0, i).every((before) => !before.startsWith('## ')))
    .map((line) => line.slice(2, -2).split(' | '));
  const cells: Cells = {};
  for (const [event = '', ...row] of rows) {
    for (const [i, cell] of row.entries()) {
      expect(cell.trim()).not.toBe('');
      cells[`${header[i + 1]?.replaceAll('`', '')} ${event.replaceAll('`', '')}`] = cell.trim() !== '–';
    }
  }
  return cells;
}

describe('the tables', () => {
  it.each([
    ["The edge's end, cell by cell", './edge/edge-link.ts', 4 * 5],
    ['A part, cell by cell', './edge/reader.ts', 2 * 6],
  ])('%s: are those of %s', (heading, file, size) => {
    const code = cellsOfCode(file);
    expect(Object.keys(code)).toHaveLength(size);
    expect(cellsOfDocument(heading)).toEqual(code);
  });
});
