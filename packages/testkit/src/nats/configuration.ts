/** The text of a nats-server's configuration file. All on loopback; clients are told of no other server, so each talks to those it was given. */

export interface ServerPlace {
  readonly name: string;
  readonly storeFolder: string;
  readonly clientPort: number;
  readonly monitorPort: number;
  /** Where its peers reach it; absent where it stands alone. */
  readonly routePort?: number;
}

export interface ServerSettings {
  /** More lines for the file: users, TLS, permissions, limits. */
  readonly config?: string;
  /** More lines for its block `jetstream`; `false`: without JetStream. */
  readonly jetStream?: string | false;
}

/** Only a number to count with: a stream may ask for gigabytes that it never fills, and the disk of the tests need not have them. */
const STORE_MAX = '256GB';

export function configurationText(
  place: ServerPlace,
  peers: readonly ServerPlace[],
  { config = '', jetStream = '' }: ServerSettings,
): string {
  const lines = [`server_name: ${place.name}`, `listen: "127.0.0.1:${place.clientPort}"`, `http: "127.0.0.1:${place.monitorPort}"`];
  if (jetStream !== false) {
    lines.push('jetstream {', `  store_dir: ${JSON.stringify(place.storeFolder)}`, '  max_mem: 256MB', `  max_file: ${STORE_MAX}`);
    lines.push(indented(jetStream), '}');
  }
  if (place.routePort !== undefined) {
    const routes = peers.filter((peer) => peer !== place).map((peer) => `"nats-route://127.0.0.1:${peer.routePort}"`);
    lines.push('cluster {', '  name: restante', `  listen: "127.0.0.1:${place.routePort}"`, `  routes: [${routes.join(', ')}]`);
    lines.push('  no_advertise: true', '}');
  }
  return `${[...lines, config].join('\n')}\n`;
}

function indented(lines: string): string {
  return lines.replaceAll(/^/gm, '  ');
}
