import { expect, it } from 'vitest';
import { ModelClock } from '../testing/model-clock.js';
import { Tokens } from './tokens.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;

function open(source: string | (() => string | Promise<string>) | undefined) {
  const clock = new ModelClock(() => 0);
  let renewals = 0;
  const tokens = new Tokens({ ...clock, source, onRenewal: () => renewals++ });
  return { clock, tokens, renewals: () => renewals };
}

it('fetches a token once for all who ask, and anew before it expires', async () => {
  let fetched = 0;
  const { clock, tokens, renewals } = open(() => jwt({ n: ++fetched, exp: (clock.now() + 600_000) / 1_000 }));
  const [first, same] = await Promise.all([tokens.get(), tokens.get()]);
  expect([fetched, first === same]).toEqual([1, true]);
  await clock.pass(539_000, settle);
  expect(renewals()).toBe(0);
  await clock.pass(2_000, settle);
  expect(renewals()).toBe(1);
  expect(await tokens.get()).not.toBe(first);
  tokens.close();
  expect(clock.timers).toBe(0);
});

it('keeps a token that does not say when it expires', async () => {
  const { clock, tokens } = open('opaque');
  expect(await tokens.get()).toBe('opaque');
  expect(await open(undefined).tokens.get()).toBeUndefined();
  expect(await open(() => 'not.a.jwt').tokens.get()).toBe('not.a.jwt');
  expect(clock.timers).toBe(0);
});

it('does not ask without end for a token that has expired already', async () => {
  let fetched = 0;
  const { clock, tokens, renewals } = open(() => jwt({ n: ++fetched, exp: 1 }));
  await tokens.get();
  await clock.pass(999, settle);
  expect(renewals()).toBe(0);
});

it('asks again after the application could not give one', async () => {
  let fails = true;
  const { tokens } = open(() => (fails ? Promise.reject(new Error('logged out')) : 'in'));
  await expect(tokens.get()).rejects.toThrow('logged out');
  fails = false;
  await expect(tokens.get()).resolves.toBe('in');
});
