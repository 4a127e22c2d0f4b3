/** How those who are sent away are spread: over the time that the leaving may take, and over when they come back. */

const STEP_MS = 50;

/** Does something for each, evenly over so many milliseconds. */
export async function paced<T>(all: readonly T[], ms: number, act: (one: T) => void): Promise<void> {
  const steps = Math.max(1, Math.min(all.length, Math.floor(ms / STEP_MS)));
  const perStep = Math.ceil(all.length / steps);
  for (let start = 0; start < all.length; start += perStep) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    for (const one of all.slice(start, start + perStep)) act(one);
  }
}

/** Full jitter over as long as the leaving takes: those who left first do not all come back first. */
export function retryAfterMs(ms: number): number {
  return Math.ceil(Math.random() * Math.max(ms, 1_000));
}
