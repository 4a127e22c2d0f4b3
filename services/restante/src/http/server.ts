import type { Problem } from '@restante/protocol';
import { Refused, Unreachable, Usage } from '../failure.js';

/** The server as the command sees it: one address, requests, and two kinds of failure: it says no, or it does not answer. */

export const URL_DEFAULT = 'http://127.0.0.1:8080';

/** An answer that does not begin within this time is none. */
const ANSWER_MS_MAX = 60_000;

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes go without a content type: the server then tells JSON, text and anything else apart. */
  readonly body?: Uint8Array | { readonly json: string };
  readonly signal: AbortSignal;
}

export class Server {
  readonly url: string;

  /** @throws Usage */
  constructor(url: string) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new Usage(`${url} is no http address, such as ${URL_DEFAULT}`);
    this.url = url.replace(/\/+$/, '');
  }

  /** @throws Refused · Unreachable */
  async call(path: string, { method = 'GET', query = [], headers = {}, body, signal }: Call): Promise<Response> {
    const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
    const json = body !== undefined && !(body instanceof Uint8Array);
    // The wait for an answer ends, what is answered may stream for as long as it likes.
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(), ANSWER_MS_MAX);
    try {
      const response = await fetch(`${this.url}${path}${search === '' ? '' : `?${search}`}`, {
        method,
        headers: json ? { 'content-type': 'application/json', ...headers } : headers,
        ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : body.json }),
        redirect: 'follow',
        signal: AbortSignal.any([signal, slow.signal]),
      });
      if (!response.ok) throw await refused(response);
      return response;
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
      throw new Unreachable(slow.signal.aborted ? `${this.url} does not answer` : `${this.url} cannot be reached: ${reason(error)}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The whole answer as text. @throws Refused · Unreachable */
  async text(path: string, call: Call): Promise<string> {
    const response = await this.call(path, call);
    try {
      return await response.text();
    } catch (error) {
      if (call.signal.aborted) throw error;
      throw new Unreachable(`${this.url} broke off its answer`, { cause: error });
    }
  }
}

async function refused(response: Response): Promise<Refused> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  try {
    return new Refused({ ...(JSON.parse(text) as Problem), status });
  } catch {
    // Not ours: a proxy's page. Its 502, 503 and 504 say that nobody is there now.
    return new Refused({ status, retryable: status >= 502 && status <= 504 });
  }
}

function reason(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
