import { LIMITS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { itemEntry } from './batch-item.js';

describe('one message of a batch or of a socket', () => {
  it('keeps data on one line whoever brings it, or it would cut an event of a stream in two', () => {
    const source = '{"n":1.0,\r\n"text":"a\\nb"}';
    const { data } = itemEntry({ mailbox: '/a', data: JSON.parse(source) }, source, LIMITS);
    expect(data.toString()).toBe('{"n":1.0,  "text":"a\\nb"}');
  });
});
