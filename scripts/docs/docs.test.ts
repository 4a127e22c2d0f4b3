import { expect, it } from 'vitest';
import * as http from '../../packages/protocol/src/schemas/http.js';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../packages/protocol/src/schemas/socket.js';
import { clientPage } from './client-page.js';
import { errorsPage } from './errors-page.js';
import { HTTP_SHAPES, messagesPage } from './messages-page.js';

// `npm run docs` writes these files; here they must be what the code says, to the letter.
const file = (path: string): string => new URL(`../../${path}`, import.meta.url).pathname;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

it('docs/errors.md is the catalogue of errors', async () => {
  await expect(errorsPage()).toMatchFileSnapshot(file('docs/errors.md'));
});

it('docs/reference/messages.md is the schemas', async () => {
  await expect(messagesPage()).toMatchFileSnapshot(file('docs/reference/messages.md'));
});

it('docs/reference/client.md is what the client exports', async () => {
  await expect(clientPage()).toMatchFileSnapshot(file('docs/reference/client.md'));
});

it('every shape of HTTP has its section', () => {
  const shapes = Object.entries(http).filter(([name]) => !['CatchUp', 'After'].includes(name));
  expect(Object.keys(HTTP_SHAPES)).toEqual(expect.arrayContaining(shapes.map(([name]) => name)));
});

it.each([
  ['http', HTTP_SHAPES],
  ['socket-client', CLIENT_FRAMES],
  ['socket-server', SERVER_FRAMES],
])('the shapes of %s are the golden ones: a change to them shows', async (name, shapes) => {
  await expect(json(shapes)).toMatchFileSnapshot(file(`packages/protocol/golden/${name}.json`));
});
