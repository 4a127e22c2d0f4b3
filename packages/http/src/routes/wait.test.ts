import { describe, expect, it } from 'vitest';
import { FakeWaiting, settled } from '../../testing/fake-waiting.js';
import { bodiesIn, httpFixture } from '../../testing/fixture.js';

describe('GET /v1/mailboxes/{name or pattern}?wait=', () => {
  it('answers when a message arrives', async () => {
    const waiting = new FakeWaiting();
    const { get, post } = await httpFixture({ waiting });
    const waits = Array.from({ length: 100 }, () => get('/v1/mailboxes/a/**?after=now&wait=30'));
    while (waiting.calls.length === 0) await settled();
    await post('/v1/mailboxes/a/b', 'news');
    waiting.arrive();
    for (const response of await Promise.all(waits)) expect(bodiesIn(response)).toEqual(['news']);
    expect(waiting.calls.length).toBe(1);
  });

  it('lets nobody keep what came after now', async () => {
    const waiting = new FakeWaiting();
    const { get, post } = await httpFixture({ waiting });
    const now = get('/v1/mailboxes/a?after=now&limit=1&wait=30');
    while (waiting.calls.length === 0) await settled();
    await post('/v1/mailboxes/a', 'news');
    waiting.arrive();
    expect((await now).headers['cache-control']).toBe('private, no-store');
    expect((await get('/v1/mailboxes/a?after=earliest&limit=1&wait=30')).headers['cache-control']).toBe('public, max-age=10');
  });

  it('answers at once with what is there', async () => {
    const { get, post } = await httpFixture({ waiting: new FakeWaiting() });
    await post('/v1/mailboxes/a', 'there');
    expect(bodiesIn(await get('/v1/mailboxes/a?wait=60'))).toEqual(['there']);
  });

  it('answers with an empty page when the time is over', async () => {
    const { get } = await httpFixture({ waiting: new FakeWaiting() });
    const response = await get('/v1/mailboxes/a?wait=0.02');
    expect(response.json()).toMatchObject({ messages: [], complete: true, next: expect.stringMatching(/^_\.\w+\.0$/) });
    expect(response.headers['cache-control']).toBe('private, no-store');
  });

  it('does not wait for a HEAD', async () => {
    const waiting = new FakeWaiting();
    const { inject } = await httpFixture({ waiting });
    expect((await inject({ method: 'HEAD', url: '/v1/mailboxes/a?wait=60' })).statusCode).toBe(200);
    expect(waiting.calls).toEqual([]);
  });

  it('does not wait for wait=0', async () => {
    const { get } = await httpFixture({ waiting: new FakeWaiting() });
    expect((await get('/v1/mailboxes/a?wait=0')).json().messages).toEqual([]);
  });

  it('is answered when the server closes', async () => {
    const waiting = new FakeWaiting();
    const { app, get } = await httpFixture({ waiting });
    const response = get('/v1/mailboxes/a?wait=60');
    while (waiting.calls.length === 0) await settled();
    await app.close();
    expect((await response).json().messages).toEqual([]);
    expect(waiting.calls[0]?.signal.aborted).toBe(true);
  });
});
