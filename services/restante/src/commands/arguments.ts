import { type RestanteError, parseMailbox, parsePattern } from '@restante/protocol';
import { Usage } from '../failure.js';

/** Arguments that every command reads alike; what cannot be right is refused before anything is sent. @throws Usage */

export function mailboxArgument(text: string): string {
  return checked(() => parseMailbox(text));
}

export function patternArgument(text: string): string {
  return checked(() => parsePattern(text).text);
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Usage(`${JSON.stringify(text)} is not a whole number above 0`);
  return Number(text);
}

function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Usage((error as RestanteError).message, { cause: error });
  }
}
