import type { Page } from 'playwright-core';
import { readFigures, type Update } from '../../examples/election-night/figures.mjs';
import { eventually } from '@restante/testkit';
import { expect } from 'vitest';

/** What the tests of the election night ask of its page: by the client's own record, and by what is shown. */

export interface Recorded {
  readonly messages: readonly { readonly mailbox: string; readonly update?: Update }[];
  readonly gaps: readonly string[];
  readonly states: readonly string[];
  readonly delaysMs: readonly number[];
  readonly frames: number;
}

export const figures = readFigures();
const lastFigures = new Map(figures.map((update) => [update.state, update]));

export function recordedBy(page: Page): Promise<Recorded> {
  return page.evaluate<Recorded>('recorded');
}

/** The page has every update of every state, in order, none missing and none doubled (I2, I3), and shows the last figures of all. */
export async function expectTheWholeNight(page: Page): Promise<void> {
  const everything = await eventually(
    'everything in the browser',
    async () => {
      const record = await recordedBy(page);
      return record.messages.length >= figures.length && record;
    },
    { timeoutMs: 30_000 },
  );
  expect(everything.gaps).toEqual([]);
  for (const state of lastFigures.keys()) {
    const received = everything.messages.flatMap(({ update }) => (update?.state === state ? [update] : []));
    expect(received).toEqual(figures.filter((update) => update.state === state));
  }
  const rows = [...lastFigures.values()].map(expectedRow).sort(([a = ''], [b = '']) => a.localeCompare(b));
  await expect.poll(() => shownBy(page), { timeout: 10_000 }).toEqual(rows);
  await expect.poll(() => page.textContent('#electors-biden'), { timeout: 5_000 }).toBe('303');
  await expect.poll(() => page.textContent('#electors-trump'), { timeout: 5_000 }).toBe('232');
}

/** What the table of the page says of each state. */
async function shownBy(page: Page): Promise<string[][]> {
  const cells = "[...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((cell) => cell.textContent))";
  return page.evaluate(cells);
}

function expectedRow(update: Update): string[] {
  const { state, electoralVotes, totalVotes, shares, percentCounted } = update;
  const points = Math.round((shares.biden - shares.trump) * 1_000) / 10;
  const lead = `${points > 0 ? 'Biden' : 'Trump'} +${Math.abs(points).toFixed(1)}`;
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  return [
    state,
    String(electoralVotes),
    lead,
    percent(shares.biden),
    percent(shares.trump),
    totalVotes.toLocaleString('en-US'),
    `${percentCounted}%`,
  ];
}
