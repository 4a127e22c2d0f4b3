/** What one update says, and what all states together say: who leads, by how much, and with how many electors. Nobody has won anything here. */

export interface Update {
  readonly time: string;
  readonly state: string;
  readonly electoralVotes: number;
  readonly totalVotes: number;
  readonly shares: { readonly biden: number; readonly trump: number };
  readonly percentCounted: number;
  /** Fewer votes than reported before. */
  readonly correction?: true;
}

export type Candidate = 'biden' | 'trump';
type Leader = Candidate | 'tie' | 'none';

export const NAMES: Readonly<Record<Candidate, string>> = { biden: 'Biden', trump: 'Trump' };

/** Below this lead in points a state is drawn as close. */
const CLOSE_POINTS = 3;

export interface Lead {
  readonly leader: Leader;
  /** Percentage points between the two, as reported: to a tenth. Positive where Biden leads. */
  readonly points: number;
  readonly close: boolean;
}

const NO_VOTES: Lead = { leader: 'none', points: 0, close: false };

export function leadOf(update: Update | undefined): Lead {
  if (update === undefined || update.totalVotes === 0) return NO_VOTES;
  const points = Math.round((update.shares.biden - update.shares.trump) * 1_000) / 10;
  return { leader: points > 0 ? 'biden' : points < 0 ? 'trump' : 'tie', points, close: Math.abs(points) < CLOSE_POINTS };
}

export interface Tally {
  readonly electors: Readonly<Record<Leader, number>>;
  readonly states: Readonly<Record<Leader, number>>;
  readonly totalVotes: number;
  /** Approximate: shares have three decimals. */
  readonly votes: Readonly<Record<Candidate, number>>;
  readonly reporting: number;
  /** Of the newest update, as it was recorded. */
  readonly time: string | undefined;
}

/** All electors of the 50 states; the District of Columbia's three are not in the data. */
const ELECTORS = 535;

export function tally(updates: Iterable<Update>): Tally {
  const electors = { biden: 0, trump: 0, tie: 0, none: ELECTORS };
  const states = { biden: 0, trump: 0, tie: 0, none: 50 };
  const votes = { biden: 0, trump: 0 };
  let totalVotes = 0;
  let time: string | undefined;
  for (const update of updates) {
    const { leader } = leadOf(update);
    electors[leader] += update.electoralVotes;
    electors.none -= update.electoralVotes;
    states[leader] += 1;
    states.none -= 1;
    totalVotes += update.totalVotes;
    votes.biden += update.totalVotes * update.shares.biden;
    votes.trump += update.totalVotes * update.shares.trump;
    if (time === undefined || update.time > time) time = update.time;
  }
  return { electors, states, totalVotes, votes, reporting: 50 - states.none, time };
}
