import { type Extent, type GapReason, type Position, resumeAt } from '@restante/protocol';

/** Where a page of `readNewest` ends, and whether its `before` was of this history. */
export interface PageEnd {
  readonly end: number;
  readonly complete: boolean;
  readonly reason?: GapReason;
}

/** A `before` of another history is answered from the head; one below the floor has nothing left before it. */
export function endBefore(extent: Extent, before: Position | undefined): PageEnd {
  if (before === undefined) return { end: extent.head, complete: true };
  const { complete, reason } = resumeAt(extent, before, true);
  if (reason === 'history') return { end: extent.head, complete, reason };
  const end = Math.max(extent.floor, before.seq - 1);
  return reason === undefined ? { end, complete } : { end, complete, reason };
}
