import { type RestanteError, parseMailbox, parsePattern } from '@restante/protocol';
import { Usage } from '../failure.js';

/** Arguments that every command reads alike; what cannot be right is refused before anything is sent. @throws Usage */

/** @param before what a refusal begins with */
export function mailboxArgument(text: string, before = ''): string {
  return checked(() => parseMailbox(text), before);
}

export function patternArgument(text: string): string {
  return checked(() => parsePattern(text).text);
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Usage(`${JSON.stringify(text)} is not a whole number above 0`);
  return Number(text);
}

function checked<T>(parse: () => T, before = ''): T {
  try {
    return parse();
  } catch (error) {
    throw new Usage(`${before}${(error as RestanteError).message}`, { cause: error });
  }
}
