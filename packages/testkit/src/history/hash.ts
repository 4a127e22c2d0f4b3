import type { Message } from '@restante/protocol';

/** Short hashes of bodies. They tell other bytes from the right ones; they are no defence against anybody. */

/** Two 32-bit FNV-1a runs over the UTF-16 units, the second from another start. */
export function hashOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x5bd1e995;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x01000193);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

/**
 * The hash of a Message's body. A JSON body is written anew first, so publish JSON as `JSON.stringify` writes it;
 * whether other JSON keeps its bytes is a test of its own.
 */
export function hashOfBody(message: Pick<Message, 'data' | 'text' | 'base64'>): string {
  if (message.text !== undefined) return hashOf(`text ${message.text}`);
  if (message.base64 !== undefined) return hashOf(`base64 ${message.base64}`);
  return hashOf(`data ${JSON.stringify(message.data)}`);
}
