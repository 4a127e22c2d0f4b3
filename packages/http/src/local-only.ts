import { quote, RestanteError } from '@restante/protocol';

/**
 * A server without a policy is for the programs and pages of this machine only. That it binds to loopback is not enough: any web page
 * can post to a local port, and one whose own name was made to point at 127.0.0.1 (DNS rebinding) is even same-origin with it.
 * Neither can choose what the browser writes into `Host` and `Origin`.
 */

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Pages that this machine serves, on whichever port: they may do all that its programs may. */
export const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** @throws RestanteError `HOST_REFUSED` */
export function checkLocal(host: string | undefined, origin: string | undefined, allowed: readonly string[]): void {
  if (host === undefined || !LOCAL.test(host))
    throw new RestanteError(
      'HOST_REFUSED',
      `this server has no policy and answers only to localhost, not to ${quote(host ?? '')}; to serve others, configure \`namespaces\``,
    );
  if (origin === undefined || allowed.includes(origin) || allowed.includes('*')) return;
  if (!LOCAL_ORIGIN.test(origin)) throw new RestanteError('HOST_REFUSED', originRefused(origin));
}

function originRefused(origin: string): string {
  // What a browser says of a page that it opened as a file, among others.
  if (origin === 'null') return 'pages without an origin may not use this server; serve a page that is a file from http://localhost';
  return `pages of ${quote(origin)} may not use this server; name their origin in \`cors.origins\``;
}
