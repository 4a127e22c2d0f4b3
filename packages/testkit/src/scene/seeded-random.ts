/** Randomness that can be had again: the same seed, the same numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** The seed of this run: `RESTANTE_TEST_SEED`, else a new one, said on stderr so that the run can be had again. */
export function testSeed(title: string): number {
  const given = process.env['RESTANTE_TEST_SEED'];
  const seed = given === undefined || given === '' ? Math.floor(Math.random() * 0x1_0000_0000) : Number(given);
  process.stderr.write(`${title}: RESTANTE_TEST_SEED=${seed}\n`);
  return seed;
}
