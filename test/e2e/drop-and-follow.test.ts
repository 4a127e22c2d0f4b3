import { eventually, openScene, type Scene, TRANSPORTS } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One message from a publisher to a reader, over every transport, as the body's type decides. */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

describe('a dropped message', () => {
  it.each(TRANSPORTS)('reaches those who followed already, and those who come later, over %s', async (transport) => {
    const mailbox = `/drop/${transport}`;
    const early = scene.follow({ transport, pattern: mailbox });
    const publisher = scene.publisher(`drop-${transport}`);
    for (let n = 0; n < 20; n++) await publisher.publish([{ mailbox, data: { n } }]);
    const late = scene.follow({ transport, pattern: mailbox, after: 'earliest' });
    await eventually('both at the same place', () => early.seqIn('_') > 0 && late.seqIn('_') === early.seqIn('_'));
    await publisher.publish([{ mailbox, data: 'last' }]);
  });

  it('is the same to all of them, once and in order', async () => {
    await expect(scene.finish()).resolves.toMatchObject({ ok: true, published: 63, readers: 6, messages: 126 });
  });

  it.each([
    ['application/json', '{"a":1.0, "b":12345678901234567890}', '"data":{"a":1.0, "b":12345678901234567890}'],
    ['text/plain', 'two\nlines', '"text":"two\\nlines"'],
    ['application/octet-stream', '\u0000x', '"base64":"AHg="'],
    ['', 'null', '"data":null'],
    ['application/x-www-form-urlencoded', 'not json', '"text":"not json"'],
  ])('of type "%s" keeps its bytes', async (type, body, expected) => {
    const url = `${scene.server.url}/v1/mailboxes/bytes/of-${type.replaceAll(/\W/g, '-')}`;
    const dropped = await fetch(url, { method: 'POST', headers: type === '' ? {} : { 'content-type': type }, body: Buffer.from(body) });
    expect(dropped.status).toBe(201);
    const page = await (await fetch(url)).text();
    expect(page).toContain(expected);
  });

  it('is stored once under one id, and the answer says so', async () => {
    const url = `${scene.server.url}/v1/mailboxes/once`;
    const drop = async (): Promise<{ status: number; body: unknown }> => {
      const answer = await fetch(url, { method: 'POST', headers: { 'idempotency-key': 'k1' }, body: '1' });
      return { status: answer.status, body: await answer.json() };
    };
    const first = await drop();
    const second = await drop();
    expect(first).toMatchObject({ status: 201, body: { duplicate: false } });
    expect(second).toEqual({ status: 200, body: { ...(first.body as object), duplicate: true } });
  });
});
