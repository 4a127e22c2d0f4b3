import { expect, it } from 'vitest';
import { createLogger } from './logger.js';

function written(options: { format: 'auto' | 'json' | 'text'; isTTY?: boolean; level?: string }): {
  lines: string[];
  logger: ReturnType<typeof createLogger>;
} {
  const lines: string[] = [];
  const { format, isTTY = false, level = 'info' } = options;
  return { lines, logger: createLogger({ level, format, destination: { write: (line) => lines.push(line), isTTY } }) };
}

it.each([
  ['auto', true, false],
  ['auto', false, true],
  ['json', true, true],
  ['text', false, false],
] as const)('format %s, on a terminal: %s, is JSON: %s', (format, isTTY, isJson) => {
  const { lines, logger } = written({ format, isTTY });
  logger.info({ log: 'elections', seq: 12 }, 'caught up');
  if (isJson) expect(JSON.parse(lines.join())).toMatchObject({ level: 30, msg: 'caught up', log: 'elections', seq: 12 });
  else expect(lines.join()).toMatch(/^\d\d:\d\d:\d\d info caught up log=elections seq=12\n$/);
});

it('shows a person where an error came from', () => {
  const { lines, logger } = written({ format: 'text' });
  logger.error({ err: new Error('disk gone') }, 'cannot append');
  expect(lines.join()).toMatch(/error cannot append\n {4}Error: disk gone\n {4} +at /);
});

it('writes nothing below its level', () => {
  const { lines, logger } = written({ format: 'json', level: 'warn' });
  logger.info('quiet');
  expect(lines).toEqual([]);
});
