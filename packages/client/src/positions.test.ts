import { describe, expect, it } from 'vitest';
import { lowest, Positions } from './positions.js';

describe('positions', () => {
  it('advance log by log, never back within an epoch, and into a new one', () => {
    const positions = new Positions('_.epoch001.5');
    positions.advance('a.epoch001.3');
    positions.advance('_.epoch001.4');
    expect(positions.cursor).toBe('_.epoch001.5,a.epoch001.3');
    positions.advance('_.epoch002.1');
    expect(positions.cursor).toBe('_.epoch002.1,a.epoch001.3');
  });

  it('are written sorted by log, as the server sorts them', () => {
    const positions = new Positions('a.epoch001.1,a-b.epoch001.1');
    expect(positions.cursor).toBe('a.epoch001.1,a-b.epoch001.1');
  });

  it('hold what is at or before them in the same history', () => {
    const positions = new Positions('_.epoch001.5');
    expect(['_.epoch001.5', '_.epoch001.6', '_.epoch002.5', 'a.epoch001.1'].map((cursor) => positions.holds(cursor))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('leave out logs of others where a cursor is shared', () => {
    const positions = new Positions('_.epoch001.5');
    positions.advance('_.epoch001.7,a.epoch001.9', true);
    expect(positions.cursor).toBe('_.epoch001.7');
  });

  it('go back where they are told to, and take the next word where nobody said where', () => {
    const positions = new Positions('_.epoch001.5');
    positions.replace('_.epoch001.2');
    expect(positions.cursor).toBe('_.epoch001.2');
    positions.replace(undefined);
    expect(positions.cursor).toBe('_.epoch001.2');
    expect(positions.holds('_.epoch001.1')).toBe(false);
    positions.advance('_.epoch001.1');
    expect(positions.cursor).toBe('_.epoch001.1');
  });

  it('have a lowest, unless they are in different histories', () => {
    expect(lowest(['_.epoch001.5,a.epoch001.3', '_.epoch001.4', undefined])).toBe('_.epoch001.4,a.epoch001.3');
    expect(lowest(['_.epoch001.5', '_.epoch002.4'])).toBeUndefined();
  });
});
