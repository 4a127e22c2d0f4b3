import { isReserved, matches, type Pattern } from './names.js';

/**
 * Which values want a mailbox: one look-up for the name, one for its parent's `/*`, one for each ancestor's `/**`,
 * however many values and patterns there are.
 */
export class PatternIndex<T> {
  readonly #exact = new Map<string, Set<T>>();
  readonly #one = new Map<string, Set<T>>();
  readonly #many = new Map<string, Set<T>>();

  add(pattern: Pattern, value: T): void {
    const map = this.#mapOf(pattern);
    const values = map.get(pattern.base);
    if (values === undefined) map.set(pattern.base, new Set([value]));
    else values.add(value);
  }

  delete(pattern: Pattern, value: T): void {
    const map = this.#mapOf(pattern);
    const values = map.get(pattern.base);
    if (values?.delete(value) && values.size === 0) map.delete(pattern.base);
  }

  clear(): void {
    this.#exact.clear();
    this.#one.clear();
    this.#many.clear();
  }

  /** Visits every value with a pattern that takes `mailbox`; a value with several such patterns more than once. */
  match(mailbox: string, visit: (value: T) => void): void {
    visitAll(this.#exact.get(mailbox), visit);
    if (this.#one.size === 0 && this.#many.size === 0) return;
    let end = mailbox.lastIndexOf('/');
    if (end > 0 || !isReserved(mailbox)) visitAll(this.#one.get(mailbox.slice(0, end)), visit);
    if (this.#many.size === 0) return;
    for (; end > 0; end = mailbox.lastIndexOf('/', end - 1)) visitAll(this.#many.get(mailbox.slice(0, end)), visit);
    if (!isReserved(mailbox)) visitAll(this.#many.get(''), visit);
  }

  #mapOf(pattern: Pattern): Map<string, Set<T>> {
    if (pattern.kind === 'exact') return this.#exact;
    return pattern.kind === 'one' ? this.#one : this.#many;
  }
}

/** With more patterns than these an index is cheaper than asking one by one. */
const ONE_BY_ONE_MAX = 8;

/** Does any of these patterns take a mailbox? However many they are, a mailbox costs a few look-ups. */
export function anyOf(patterns: readonly Pattern[]): (mailbox: string) => boolean {
  if (patterns.length <= ONE_BY_ONE_MAX) return (mailbox) => patterns.some((pattern) => matches(pattern, mailbox));
  const index = new PatternIndex<true>();
  for (const pattern of patterns) index.add(pattern, true);
  return (mailbox) => {
    let found = false;
    index.match(mailbox, () => {
      found = true;
    });
    return found;
  };
}

function visitAll<T>(values: Set<T> | undefined, visit: (value: T) => void): void {
  if (values !== undefined) for (const value of values) visit(value);
}
