/** The one mailbox that all readers of the bench follow. */
export const MAILBOX = '/bench/readers';

/** Where a batch is published, on every contestant. */
export const BATCH_PATH = '/v1/publish';

/** One mailbox a publisher, so that no publisher waits for another's order. */
export function publisherPath(publisher: number): string {
  return `/v1/mailboxes/bench/publisher-${publisher}`;
}
