import { lstat, stat, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { RestanteError } from '@restante/protocol';

/**
 * An exclusive lock on a folder that dies with its holder, whatever kills it. Node has no file locks, but the kernel lets only one
 * process listen at an address and forgets it when that process ends:
 * - on Linux an abstract socket named after the folder's device and inode; on Windows a named pipe. Taking either is atomic.
 * - a socket file in the folder as well, because containers that share a volume do not share abstract names. A file left behind by
 *   a killed process answers nobody, and is replaced. Where the file system holds no sockets, Linux and Windows go without.
 */
export interface FolderLock {
  release(): Promise<void>;
}

/** @throws RestanteError `DATA_IN_USE` */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const { dev, ino } = await stat(folder, { bigint: true });
  const atomic = atomicAddress(`restante-${dev}-${ino}`);
  const servers: Server[] = [];
  try {
    if (atomic !== undefined) servers.push(await listen(atomic));
    const file = await listenInFolder(join(folder, 'lock.sock'), atomic !== undefined);
    if (file !== undefined) servers.push(file);
  } catch (error) {
    await Promise.all(servers.map(closed));
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    throw new RestanteError('DATA_IN_USE', `another process uses ${folder}`, { cause: error });
  }
  return {
    async release() {
      await Promise.all(servers.map(closed));
    },
  };
}

function atomicAddress(name: string): string | undefined {
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return undefined;
}

async function listenInFolder(path: string, optional: boolean): Promise<Server | undefined> {
  try {
    return await listen(path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') {
      if (optional) return undefined;
      throw error;
    }
    if (await answers(path)) throw error;
  }
  const left = await lstat(path).catch(() => undefined);
  if (left?.isSocket() === true) await unlink(path);
  return await listen(path);
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
