import { RestanteError } from './errors.js';
import { firstSegment, isReserved, type Pattern } from './names.js';

/**
 * Which log a mailbox lives in: the one named after its first segment, or `_` for the namespace `*` (DESIGN section 2).
 * A log's id is its namespace's name; `*` is the only namespace whose name is not its log's.
 */

export const REST_LOG = '_';

const NAMESPACE = /^[a-z0-9-]{1,32}$/;

export function isNamespace(text: string): boolean {
  return text === '*' || NAMESPACE.test(text);
}

export class Namespaces {
  /** Ids of all logs, sorted. */
  readonly logs: readonly string[];
  readonly #named: ReadonlySet<string>;
  readonly #hasRest: boolean;

  /** @param names configured namespaces, `*` among them or not. */
  constructor(names: Iterable<string>) {
    const all = new Set(names);
    this.#hasRest = all.delete('*');
    this.#named = all;
    this.logs = [...all, ...(this.#hasRest ? [REST_LOG] : [])].sort();
  }

  /** @throws RestanteError `MAILBOX_NOT_CONFIGURED` */
  logOf(mailbox: string): string {
    const first = firstSegment(mailbox);
    if (this.#named.has(first)) return first;
    if (this.#hasRest) return REST_LOG;
    throw new RestanteError('MAILBOX_NOT_CONFIGURED', `no namespace takes ${mailbox}: configure namespaces.${first} or namespaces."*"`);
  }

  /**
   * The logs that hold mailboxes of `pattern`, sorted; a list everywhere, because `/*` and `/**` touch all of them.
   * @throws RestanteError `MAILBOX_RESERVED` for names that no client may read · `MAILBOX_NOT_CONFIGURED`
   */
  logsOf(pattern: Pattern): readonly string[] {
    if (pattern.base === '') return this.logs;
    if (isReserved(pattern.base)) throw new RestanteError('MAILBOX_RESERVED', `${pattern.text} cannot be read by clients`);
    return [this.logOf(pattern.base)];
  }
}

/** The namespace whose log this is: the name under which it stands in the configuration. */
export function namespaceOf(log: string): string {
  return log === REST_LOG ? '*' : log;
}

/** The log of the namespace that stands under this name in the configuration. */
export function logOfNamespace(namespace: string): string {
  return namespace === '*' ? REST_LOG : namespace;
}
