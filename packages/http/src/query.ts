import { RestanteError, quote } from '@restante/protocol';

/** Query parameters, read strictly: each known, given once, and of its form. */

export type Query = Readonly<Record<string, string | undefined>>;

/** @throws RestanteError `QUERY_INVALID` for parameters that the route does not know, or that come twice */
export function readQuery(query: unknown, known: readonly string[]): Query {
  const given = query as Readonly<Record<string, unknown>>;
  for (const name in given) {
    if (!known.includes(name))
      throw invalid(name, known.length === 0 ? 'not known: this takes no parameters' : `not known: there are ${known.join(', ')}`);
    if (typeof given[name] !== 'string') throw invalid(name, 'given more than once');
  }
  return given as Query;
}

/** @throws RestanteError `QUERY_INVALID` */
export function readInteger(query: Query, name: string, min: number, max: number): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value < min || value > max) throw invalid(name, `not a whole number from ${min} to ${max}`);
  return value;
}

/** @throws RestanteError `QUERY_INVALID` */
export function readSeconds(query: Query, name: string, max: number): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,5}(?:\.\d{1,3})?$/.test(text) || Number(text) > max) throw invalid(name, `not a number of seconds from 0 to ${max}`);
  return Number(text);
}

export function invalid(name: string, why: string): RestanteError {
  return new RestanteError('QUERY_INVALID', `the parameter ${quote(name)} is ${why}`);
}
