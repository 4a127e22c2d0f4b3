import { connect, type Message } from '@restante/client';

/** The page of the client's test in a browser: follows and publishes, and keeps what it was told, in order, where the test finds it. */

type Told =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'gap'; readonly cursor: string | undefined; readonly reason: 'retention' | 'history' }
  | { readonly type: 'state'; readonly state: string; readonly transport: string | undefined };

const asked = new URLSearchParams((globalThis as unknown as { readonly location: { readonly search: string } }).location.search);
const client = connect(asked.get('server') ?? '');
const told: Told[] = [];
const view = client.view<{ readonly n: number }>('/page/*');

client.on('state', (state) =>
  told.push({ type: 'state', state: state.state, transport: state.state === 'open' ? state.transport : undefined }),
);
const subscription = client.subscribe('/page/*', { after: 'earliest' });
subscription.on('gap', ({ cursor, reason }) => told.push({ type: 'gap', cursor, reason }));
void (async () => {
  for await (const message of subscription) told.push({ type: 'message', message });
})();

Object.assign(globalThis, {
  told,
  shown: () => Object.fromEntries([...view].map(([mailbox, { data }]) => [mailbox, data.n])),
  publish: (mailbox: string, n: number, id: string) => client.publish(mailbox, { n }, { id }),
});
