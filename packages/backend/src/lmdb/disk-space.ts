import { statfsSync } from 'node:fs';
import { RestanteError } from '@restante/protocol';
import type { Work } from './group-commit.js';
import type { Store } from './store.js';

/**
 * Keeps every commit away from a full disk: LMDB in this process does not survive ENOSPC. Before each commit the free space is compared
 * with a reserve and what the commit may need; below it appends and purges are refused (`LOG_FULL`), and reading goes on.
 */
export interface DiskSpace {
  refusal(group: readonly Work[]): RestanteError | undefined;
}

/** A commit rewrites the pages from each changed leaf to the root of five trees, and the list of free pages. */
const COMMIT_BYTES = 1024 * 1024;
/** Pages freed within the file are scattered, and a large entry needs a run of them: only so much of them counts. */
const INNER_SHARE = 4;
const RETRY_AFTER_MS = 5_000;

export interface DiskSpaceOptions {
  readonly folder: string;
  readonly reserveBytes: number;
  readonly store: Store;
}

/**
 * Opening writes a few pages, and LMDB does not survive it where these find no room.
 * @throws RestanteError `LOG_FULL`
 */
export function requireRoomToOpen(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= COMMIT_BYTES) return;
  throw new RestanteError('LOG_FULL', `the disk of ${folder} is full: ${free} bytes are free, and opening the log needs ${COMMIT_BYTES}`, {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

export function watchDiskSpace({ folder, reserveBytes, store }: DiskSpaceOptions): DiskSpace {
  return {
    refusal(group) {
      const { bavail, bsize } = statfsSync(folder);
      const free = bavail * bsize;
      const need = group.reduce((sum, work) => sum + work.diskBytes, COMMIT_BYTES);
      if (free >= reserveBytes + need) return undefined;
      // What retention freed lies within the file and does not show in statfs. The lower half of the reserve stays for the case
      // that the file must grow all the same, and for retention itself.
      const frees = group.every((work) => work.frees);
      if (frees ? free >= need : free >= reserveBytes / 2 + need && innerFreeBytes(store) >= INNER_SHARE * need) return undefined;
      return new RestanteError('LOG_FULL', `${free} bytes are free where ${reserveBytes} are kept in reserve and ${need} needed`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    },
  };
}

interface TreeStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Pages of the file that no tree uses. */
function innerFreeBytes(store: Store): number {
  const root = store.env.getStats() as TreeStats & { readonly free: TreeStats; readonly lastPageNumber: number };
  const tables = [store.entries, store.index, store.newest, store.ids, store.purges, store.records].map(
    (table) => table.getStats() as TreeStats,
  );
  // Two pages hold the file's head.
  const used = [root, root.free, ...tables].reduce(
    (sum, tree) => sum + tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages,
    2,
  );
  return Math.max(0, root.lastPageNumber + 1 - used) * root.pageSize;
}
