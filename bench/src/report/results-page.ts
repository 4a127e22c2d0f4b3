/** RESULTS.md: a part for each suite, each from its newest recorded run; to record one leaves the other as it is. */

const TITLES = { process: '# What a delivered message costs', cluster: '# A cluster on NATS' } as const;

export type Suite = keyof typeof TITLES;

export const SUITES = Object.keys(TITLES) as readonly Suite[];

/** @param page as it is; may be empty. @param part of this suite, without its title */
export function withPart(page: string, suite: Suite, part: string): string {
  const parts = page.split(/^(?=# )/m).map((text) => text.trim());
  const found = (one: Suite): string | undefined =>
    one === suite ? `${TITLES[one]}\n\n${part}` : parts.find((text) => text.startsWith(TITLES[one]));
  return `${SUITES.flatMap((one) => found(one) ?? []).join('\n\n')}\n`;
}
