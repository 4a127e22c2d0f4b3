import { type Caller, mayPublish, mayRead, type Policy } from '@restante/auth';
import { LIMITS, type Namespaces, namespaceOf, type Pattern, RestanteError, isReserved } from '@restante/protocol';

/**
 * From a name or pattern to the logs that a caller may use for it: the one door through which every request goes (I9).
 * A pattern over several namespaces is allowed only as a whole: leaving one out in silence would make `complete` a lie.
 */
export class Admission {
  readonly #namespaces: Namespaces;
  readonly #policies: ReadonlyMap<string, Policy>;

  /** @param policies by the namespace's name. A namespace that has none is closed. */
  constructor(namespaces: Namespaces, policies: ReadonlyMap<string, Policy>) {
    this.#namespaces = namespaces;
    this.#policies = policies;
  }

  /**
   * The log that takes a message for `mailbox` (already parsed).
   * @throws RestanteError `MAILBOX_RESERVED` · `MAILBOX_NOT_CONFIGURED` · `FORBIDDEN`
   */
  logToPublish(mailbox: string, caller: Caller): string {
    if (isReserved(mailbox) && mailbox.startsWith('/meta'))
      throw new RestanteError('MAILBOX_RESERVED', `${mailbox} belongs to the protocol`);
    const log = this.#namespaces.logOf(mailbox);
    if (!mayPublish(this.#policyOf(log), caller)) throw forbidden('publish to', log);
    return log;
  }

  /**
   * The logs that a reader of `pattern` reads, sorted; never none.
   * @throws RestanteError `MAILBOX_RESERVED` · `MAILBOX_NOT_CONFIGURED` · `FORBIDDEN` · `PATTERN_INVALID`
   */
  logsToRead(pattern: Pattern, caller: Caller): readonly string[] {
    const logs = this.#namespaces.logsOf(pattern);
    if (logs.length === 0) throw new RestanteError('MAILBOX_NOT_CONFIGURED', 'no namespace is configured');
    if (logs.length > LIMITS.cursorPartsMax)
      throw new RestanteError('PATTERN_INVALID', `${pattern.text} touches more than ${LIMITS.cursorPartsMax} namespaces`);
    for (const log of logs) if (!mayRead(this.#policyOf(log), caller)) throw forbidden('read', log);
    return logs;
  }

  /** Is there any namespace in which this caller may do that? For calls that name theirs only in their body. */
  isOpenTo(what: 'read' | 'publish', caller: Caller): boolean {
    const may = what === 'read' ? mayRead : mayPublish;
    return [...this.#policies.values()].some((policy) => may(policy, caller));
  }

  /** May everybody read all of these? Then shared caches may have the answer too. */
  isPublic(logs: readonly string[]): boolean {
    return logs.every((log) => this.#policyOf(log).read === 'public');
  }

  #policyOf(log: string): Policy {
    return this.#policies.get(namespaceOf(log)) ?? { read: 'nobody', publish: 'nobody' };
  }
}

function forbidden(what: string, log: string): RestanteError {
  return new RestanteError('FORBIDDEN', `you may not ${what} the namespace ${JSON.stringify(namespaceOf(log))}`);
}
