/** How much is measured: the sizes that the issue of a cluster is about, and tiny ones to try the suite itself. */

export interface SuiteSize {
  readonly publishRounds: number;
  readonly publishSeconds: number;
  /** Readers of one mailbox, and mailboxes with a reader each. */
  readonly readers: number;
  readonly paceSeconds: number;
  /** Messages a second of one mailbox that all readers follow, ascending; the last that is carried is what is reported. */
  readonly fanoutRates: readonly number[];
  readonly edges: readonly number[];
  readonly bulkMessages: number;
  readonly lossTrials: number;
  readonly stormClients: number;
  readonly stormMailboxes: number;
  readonly quietMailboxes: number;
  readonly ceilingSeconds: number;
  readonly tailEntries: number;
  /** A folder for CPU profiles; profiled figures are no claims. */
  readonly profiles?: string | undefined;
}

export const FULL: SuiteSize = {
  publishRounds: 5,
  publishSeconds: 2.5,
  readers: 1_000,
  paceSeconds: 6,
  fanoutRates: [25, 50, 100, 200, 400, 1_000],
  edges: [1, 2, 4, 8],
  bulkMessages: 20_000,
  lossTrials: 3,
  stormClients: 5_000,
  stormMailboxes: 100,
  quietMailboxes: 100_000,
  ceilingSeconds: 4,
  tailEntries: 100_000,
};

/** Its figures say nothing: only that every scenario runs. */
export const TINY: SuiteSize = {
  publishRounds: 1,
  publishSeconds: 0.5,
  readers: 30,
  paceSeconds: 1,
  fanoutRates: [20, 50],
  edges: [1, 2],
  bulkMessages: 1_000,
  lossTrials: 1,
  stormClients: 100,
  stormMailboxes: 10,
  quietMailboxes: 2_000,
  ceilingSeconds: 0.5,
  tailEntries: 5_000,
};
