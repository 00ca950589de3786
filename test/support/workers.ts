import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Product } from './product';

/** The processes that the product has started. */
export function workersOf(product: Product): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', `${product.pid()}`], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Which of the product's processes has the other end of a TCP connection over IPv4; undefined if none has. @param port  this end's */
export function workerAt(product: Product, port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // Each line: number, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode.
  const lines = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const inodes = lines.filter(([, , remote]) => remote?.endsWith(`:${hex}`)).map((line) => `socket:[${line[9]}]`);
  return workersOf(product).find((pid) => {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => inodes.includes(linkOf(`${folder}/${fd}`)));
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return '';
  }
}
