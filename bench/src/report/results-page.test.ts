import { describe, expect, it } from 'vitest';
import { withPart } from './results-page.js';

describe('the page of results', () => {
  const process = withPart('', 'process', 'ratios\n\n## Bars');

  it('begins with the first suite that is recorded', () => {
    expect(process).toBe('# What a delivered message costs\n\nratios\n\n## Bars\n');
  });

  it('keeps the part of the other suite, in one order whichever came first', () => {
    const both = withPart(process, 'cluster', 'losses');

    expect(both).toBe('# What a delivered message costs\n\nratios\n\n## Bars\n\n# A cluster on NATS\n\nlosses\n');
    expect(withPart(withPart('', 'cluster', 'losses'), 'process', 'ratios\n\n## Bars')).toBe(both);
  });

  it('replaces what the same suite said before', () => {
    const again = withPart(withPart(process, 'cluster', 'losses'), 'cluster', 'fewer losses');

    expect(again).not.toContain('\nlosses');
    expect(again).toContain('# A cluster on NATS\n\nfewer losses\n');
  });
});
