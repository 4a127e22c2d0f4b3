import type { Scene } from '@restante/testkit';

/** The patterns of all readers that were told of a history that is gone, one for each of them. */
export function toldOfHistory({ recorder, following }: Scene): string[] {
  const told = new Set<string>();
  for (const event of recorder.events)
    if ((event.type === 'gap' && event.reason === 'history') || (event.type === 'subscribed' && event.reason === 'history'))
      told.add(event.reader);
  return following.filter(({ name }) => told.has(name)).map(({ pattern }) => pattern);
}
