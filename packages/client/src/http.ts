import type { Page, Problem } from '@restante/protocol';
import { RequestError } from './errors.js';

/** Requests over HTTP: the token in the headers, problem details as errors. */

export interface HttpContext {
  readonly fetch: typeof fetch;
  readonly token: () => Promise<string | undefined>;
}

export interface Request {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** @throws RequestError what the server refused; `UNREACHABLE` where there is no answer */
export async function request({ fetch, token }: HttpContext, url: string, { headers, ...rest }: Request = {}): Promise<Response> {
  let response: Response;
  try {
    const given = await token();
    const all = { ...headers, ...(given !== undefined && { authorization: `Bearer ${given}` }) };
    response = await fetch(url, { ...rest, headers: all, cache: 'no-store' } as RequestInit);
  } catch (cause) {
    throw new RequestError('UNREACHABLE', 'the server cannot be reached', { retryable: true, cause });
  }
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response: Response): Promise<RequestError> {
  try {
    const { code, detail, retryable, retryAfterMs } = (await response.json()) as Problem;
    return new RequestError(code, detail, { retryable, retryAfterMs });
  } catch {
    // Something between here and the server spoke.
    return new RequestError('UNREACHABLE', `HTTP status ${response.status}`, {
      retryable: response.status >= 500 || response.status === 429,
    });
  }
}

export function pageUrl(base: string, pattern: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, `${value}`);
  return `${base}/v1/mailboxes${pattern}?${parameters}`;
}

/** A page, and about how many characters of JSON each of its messages has. */
export async function readPage(
  context: HttpContext,
  url: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly page: Page; readonly charsEach: number }> {
  const response = await request(context, url, { signal });
  try {
    const text = await response.text();
    const page = JSON.parse(text) as Page;
    return { page, charsEach: Math.ceil(text.length / Math.max(1, page.messages.length)) };
  } catch (cause) {
    throw new RequestError('UNREACHABLE', 'the answer was cut off', { retryable: true, cause });
  }
}
