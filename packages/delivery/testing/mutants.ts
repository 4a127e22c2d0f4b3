/**
 * Ways to break the code on purpose, each against one rule of docs/delivery.md. `mutants.test.ts` applies them to the source as it is
 * loaded and expects the named test to fail: so every rule is held by a test, and no list can rot, because each `find` matches exactly once.
 */

export interface Mutant {
  readonly name: string;
  /** Under `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The test that fails: its file under `src/`, and its title. */
  readonly caughtBy: readonly [file: string, title: string];
}

const LINK_TEST = 'edge/edge-link.test.ts';
const READER_TEST = 'edge/reader.test.ts';
const ROUTER_TEST = 'router/router-log.test.ts';
const PAGES_TEST = 'edge/page-reads.test.ts';
const WINDOW_TEST = 'entry-window.test.ts';
const CODEC_TEST = 'wire/codec.test.ts';

const LINK = 'edge/edge-link.ts';
const COMMANDS = 'edge/command-stream.ts';
const LOG = 'edge/edge-log.ts';
const READER = 'edge/reader.ts';
const CONNECTION = 'edge/connection.ts';
const PAGES = 'edge/page-reads.ts';
const ROUTER = 'router/router-log.ts';
const WINDOW = 'entry-window.ts';
const CODEC = 'wire/codec.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: "L1 another link's frames count",
    file: LINK,
    find: 'return this.#half === undefined || event.half === this.#half;',
    replace: 'return true;',
    caughtBy: [LINK_TEST, 'drops the frames of another router that answered the same attach'],
  },
  {
    name: "L1 another attempt's messages count",
    file: LINK,
    find: 'if (event.attempt !== this.#attempt || event.edge !== this.#edge) return false;',
    replace: '',
    caughtBy: [LINK_TEST, 'ignores the late answer to an attempt that it gave up'],
  },
  {
    name: 'L1 held frames of another link are replayed',
    file: LINK,
    find: 'f.half === half && f.upTo',
    replace: 'f.upTo',
    caughtBy: [LINK_TEST, 'drops what it held of another router while it was attaching'],
  },
  {
    name: 'L1 a router makes another link for the same attach',
    file: ROUTER,
    find: 'if (known?.name.attempt === attach.attempt) {',
    replace: 'if (false) {',
    caughtBy: [ROUTER_TEST, 'answers the same attach again, unchanged'],
  },
  {
    name: 'L1 a late older attach replaces the link',
    file: ROUTER,
    find: 'if (known !== undefined && known.name.attempt > attach.attempt) return;',
    replace: '',
    caughtBy: [ROUTER_TEST, 'ignores the attach of an earlier attempt'],
  },
  {
    name: 'L1 commands for another half are obeyed',
    file: ROUTER,
    find: 'link?.name.attempt === name.attempt && link.name.half === name.half',
    replace: 'link?.name.attempt === name.attempt',
    caughtBy: [ROUTER_TEST, 'obeys no command for a link that it made anew'],
  },
  {
    name: 'L2 the answer counts for all interests',
    file: LINK,
    find: 'if (interest.r > 0) continue;',
    replace: '',
    caughtBy: [LINK_TEST, 'activates by the answer only what the attach asked for'],
  },
  {
    name: 'L2 the wait for an answer is fixed',
    file: LINK,
    find: 'this.#attachWaitMs = Math.min(this.#attachWaitMs * 2, this.#limits.attachWaitMsMax);',
    replace: '',
    caughtBy: [LINK_TEST, 'waits twice as long after every attempt, so that the wait outgrows any round trip'],
  },
  {
    name: 'L3 commands apply in any order',
    file: ROUTER,
    find: 'if (next[0]?.r !== link.applied + 1) return;',
    replace: 'if (next.length === 0) return;',
    caughtBy: [ROUTER_TEST, 'ignores what comes before its turn, and what was applied'],
  },
  {
    name: 'L3 a refusal is told once',
    file: ROUTER,
    find: 'link.refused = link.refused.filter((r) => r >= first.r);',
    replace: 'link.refused = [];',
    caughtBy: [ROUTER_TEST, 'tells a refusal until the next commands show that it was seen'],
  },
  {
    name: 'L3 a refused interest counts as held',
    file: LINK,
    find: 'if (refused.includes(asked)) gone.push(interest.pattern);\n      else interest.since = since;',
    replace: 'interest.since = since;',
    caughtBy: [LINK_TEST, 'ends the readers whose interest was refused'],
  },
  {
    name: 'L3 commands are sent once',
    file: COMMANDS,
    find: 'this.#commands.length > 0 ? this.#limits.resendMs : this.#limits.keepAliveMs;',
    replace: 'this.#commands.length > 0 ? Number.POSITIVE_INFINITY : this.#limits.keepAliveMs;',
    caughtBy: [LINK_TEST, 'sends the same again on a timer'],
  },
  {
    name: 'L4 no flush before commands',
    file: ROUTER,
    find: 'if (this.#position > link.upTo) this.#frame(link);\n    for (const command',
    replace: 'for (const command',
    caughtBy: [ROUTER_TEST, 'closes the old set before commands, and acknowledges after'],
  },
  {
    name: 'L4 a frame carries an entry twice',
    file: ROUTER,
    find: 'if (link.taken === entry.seq) return;',
    replace: 'if (link.pending.at(-1) === entry) return;',
    caughtBy: [ROUTER_TEST, 'carries an entry once, though several patterns take it and frames are cut by bytes'],
  },
  {
    name: 'L5 a frame is applied over a hole',
    file: LINK,
    find: 'if (frame.from > this.#covered) {\n      this.#hold(frame);',
    replace: 'if (false) {\n      this.#hold(frame);',
    caughtBy: [LINK_TEST, 'never applies a frame over a hole'],
  },
  {
    name: 'L5 a jump leaves readers live',
    file: LOG,
    find: "for (const part of this.#parts) if (part.reader.state === 'live') part.reader.connection.fallBehind();",
    replace: '',
    caughtBy: [LINK_TEST, 'lets each reader catch up by itself over a hole that is too large to read'],
  },
  {
    name: 'L6 since lies below covered',
    file: LINK,
    find: 'this.#activate(r, refused, Math.max(from, coveredBefore));',
    replace: 'this.#activate(r, refused, from);',
    caughtBy: [LINK_TEST, 'has its since at covered, not at the beginning of a frame that reaches back'],
  },
  {
    name: 'L6 an interest is active as soon as it is queued',
    file: LINK,
    find: 'this.#waiting.push({ r: interest.r, interest });',
    replace: 'interest.since = this.#covered;',
    caughtBy: [READER_TEST, 'is not live before its interest is, even from now on'],
  },
  {
    name: 'L7 readers of deactivated interests stay live',
    file: LINK,
    find: 'if (wereActive) this.#owner.deactivated();',
    replace: '',
    caughtBy: [LINK_TEST, 'takes those back whose interest found no room when it attached anew'],
  },
  {
    name: 'L8 a frame spans what was not read',
    file: ROUTER,
    find: 'link.upTo = floor;',
    replace: '',
    caughtBy: [ROUTER_TEST, 'begins after what retention removed before the tail came to it'],
  },
  {
    name: 'L8 an incomplete mend is not told',
    file: LINK,
    find: 'if (!page.complete && page.start > this.#covered) this.#owner.incomplete(page.start);',
    replace: '',
    caughtBy: [LINK_TEST, 'tells every live reader of a mend that is incomplete, and answers nothing from before'],
  },
  {
    name: 'L9 beats do not acknowledge',
    file: LINK,
    find: 'else if (beat.upTo <= this.#covered) this.#learn(beat, beat.upTo, this.#covered, now);',
    replace: '',
    caughtBy: [LINK_TEST, 'acknowledges and activates after the last frame was lost on a quiet log'],
  },
  {
    name: 'L9 a beat activates while mending',
    file: LINK,
    find: 'beat: (link, _, now) => link.#alive(now),',
    replace: 'beat: (link, event, now) => link.#onBeat(event, now),',
    caughtBy: [LINK_TEST, 'activates nothing while it mends: the mend does not read for it'],
  },
  {
    name: 'L9 no empty frame before a beat',
    file: ROUTER,
    find: 'if (this.#position > link.upTo) this.#frame(link);\n      beats.push',
    replace: 'beats.push',
    caughtBy: [ROUTER_TEST, 'follow upon an empty frame up to where the tail was read'],
  },
  {
    name: 'L9 a hole behind a beat is not mended',
    file: LINK,
    find: 'if (promised !== undefined && this.#covered < promised) this.#mend(beat.upTo, now);\n    else if',
    replace: 'if',
    caughtBy: [LINK_TEST, 'mends when it lies below what the beat before said, not below the newest'],
  },
  {
    name: 'L9 beats while mending do not count as life',
    file: LINK,
    find: 'beat: (link, _, now) => link.#alive(now),',
    replace: 'beat: ignore,',
    caughtBy: [LINK_TEST, 'counts beats while it mends, and attaches anew when they cease'],
  },
  {
    name: 'L9 silence is not noticed',
    file: LINK,
    find: 'return now - this.#heardAt > (this.#limits.beatsMissedMax + 0.5) * this.#limits.beatMs;',
    replace: 'return false;',
    caughtBy: [LINK_TEST, 'attaches anew after three beats have not come, and lets nobody ask the silent router for pages'],
  },
  {
    name: 'L10 a stale router is believed',
    file: LINK,
    find: 'if (sharedUpTo(ours, currentEpoch(epochs)) !== undefined) return false;',
    replace: '',
    caughtBy: [LINK_TEST, 'refuses a stale router, whose epoch is an ancestor of its own'],
  },
  {
    name: 'L10 covered stays beyond the fork',
    file: LOG,
    find: 'const covered = Math.min(this.#covered ?? 0, fork);',
    replace: 'const covered = this.#covered ?? 0;',
    caughtBy: [LINK_TEST, 'goes back to the fork, and tells those who were beyond it'],
  },
  {
    name: 'L10 live readers beyond the fork are not told',
    file: READER,
    find: 'if (part.log.fanned <= event.fork) return;',
    replace: 'if (part !== undefined) return;',
    caughtBy: [LINK_TEST, 'goes back to the fork, and tells those who were beyond it'],
  },
  {
    name: 'L10 what waits is passed on under the new epoch',
    file: LOG,
    find: 'this.#passOn();\n    const before = this.epoch;',
    replace: 'const before = this.epoch;',
    caughtBy: [LINK_TEST, 'passes on under its own epoch what it had applied before the fork was known'],
  },
  {
    name: 'L10 the ring survives a fork',
    file: LOG,
    find: 'this.ring.beginAt(covered);',
    replace: '',
    caughtBy: [LINK_TEST, 'answers nothing of the old history from the ring'],
  },
  {
    name: 'L10 the hot tail survives a fork',
    file: ROUTER,
    find: 'this.#hot.beginAt(this.#position);',
    replace: '',
    caughtBy: [ROUTER_TEST, 'ends every link, and begins the hot tail anew at the fork'],
  },
  {
    name: 'L10 an answer about the log may be older than the question',
    file: LOG,
    find: 'this.#stateWaiters.push(receive);\n    this.#askNext();',
    replace: '(this.#stateAsked.length > 0 ? this.#stateAsked : this.#stateWaiters).push(receive);\n    this.#askNext();',
    caughtBy: [READER_TEST, 'does not take an answer that is older than its question'],
  },
  {
    name: 'L12 links never expire',
    file: ROUTER,
    find: 'if (now - link.heardAt > DELIVERY.linkExpiresMs) {',
    replace: 'if (false) {',
    caughtBy: [ROUTER_TEST, 'drops a link that it has not heard of'],
  },
  {
    name: 'L13 a router answers in its own version',
    file: ROUTER,
    find: 'const version = Math.min(attach.version, this.#version);',
    replace: 'const version = this.#version;',
    caughtBy: [ROUTER_TEST, 'where the router speaks 2 and the edge 1, it is 1'],
  },
  {
    name: "L13 a router answers in the edge's version",
    file: ROUTER,
    find: 'const version = Math.min(attach.version, this.#version);',
    replace: 'const { version } = attach;',
    caughtBy: [ROUTER_TEST, 'where the router speaks 1 and the edge 2, it is 1'],
  },
  {
    name: 'L13 an edge speaks its own version, whatever it was answered in',
    file: LINK,
    find: 'this.#version = version;',
    replace: 'this.#version = this.#newestVersion;',
    caughtBy: [LINK_TEST, 'says in its attach what it speaks, and from then on speaks as it was answered'],
  },
  {
    name: 'L13 the attach of a newer edge is dropped',
    file: CODEC,
    find: " || (isNewer && type !== 'attach')",
    replace: ' || isNewer',
    caughtBy: [CODEC_TEST, 'reads the attach of a newer edge, and passes over what it does not know of it'],
  },
  {
    name: 'L13 what is written in a newer version is read as if it were not',
    file: CODEC,
    find: " || (isNewer && type !== 'attach')",
    replace: '',
    caughtBy: [CODEC_TEST, 'drops what is written in a newer version, or in none'],
  },
  {
    name: 'R1 readers stand at covered',
    file: LOG,
    find: 'get fanned(): number {\n    return this.#fanned;',
    replace: 'get fanned(): number {\n    return this.#covered ?? 0;',
    caughtBy: [READER_TEST, 'sends to who goes live before the pass what the pass brings, once'],
  },
  {
    name: 'R2 a reader is live before its interest is',
    file: READER,
    find: '&& this.#cursor?.seq === this.log.fanned && this.log.isHeld(this.patterns, this.#cursor.seq);',
    replace: '&& this.#cursor?.seq === this.log.fanned;',
    caughtBy: [READER_TEST, 'is not live before its interest is, even from now on'],
  },
  {
    name: 'R2 since is forgotten',
    file: LOG,
    find: 'return since !== undefined && since <= seq;',
    replace: 'return since !== undefined;',
    caughtBy: [READER_TEST, 'reads what came before its interest was held'],
  },
  {
    name: 'R2 a reader is live as soon as one of its logs is',
    file: READER,
    find: '!this.parts.every((part) => part.mayBeLive)',
    replace: '!this.parts.some((part) => part.mayBeLive)',
    caughtBy: [READER_TEST, 'goes live in all its logs at the same moment'],
  },
  {
    name: 'R2 the floor of the ring is ignored',
    file: READER,
    find: 'if (this.log.ring.floor <= seq && this.log.isHeld(this.patterns, seq)) {',
    replace: 'if (this.log.isHeld(this.patterns, seq)) {',
    caughtBy: [READER_TEST, 'answers from the ring what the ring holds, and from the log what it does not'],
  },
  {
    name: 'R3 a page moves a reader back',
    file: READER,
    find: 'const next = Math.max(seq, page.next);',
    replace: 'const next = page.next;',
    caughtBy: [READER_TEST, 'is never moved back by a page of a copy that lags'],
  },
  {
    name: 'R3 ahead does not wait',
    file: READER,
    find: 'if (seq > this.log.fanned) return this.log.waits(this);',
    replace: '',
    caughtBy: [
      READER_TEST,
      'waits with a cursor that a publish was answered with, until frames have come that far, and gets nothing twice',
    ],
  },
  {
    name: 'R4 a run of latest goes on over a fork',
    file: READER,
    find: "else if (cursor.seq <= fork && this.reader.mode === 'every')",
    replace: 'else if (cursor.seq <= fork)',
    caughtBy: [READER_TEST, 'begins anew on a new epoch, after a gap, though its cursor is of the shared history'],
  },
  {
    name: 'R5 the table answers for what it does not hold',
    file: ROUTER,
    find: 'read.after >= this.#newest.since ?',
    replace: 'true ?',
    caughtBy: [ROUTER_TEST, 'of latest never come from a table that does not hold the stretch'],
  },
  {
    name: 'R5 the table survives a fork',
    file: ROUTER,
    find: 'this.#newest?.reset(this.#position);',
    replace: '',
    caughtBy: [ROUTER_TEST, 'ends every link, and begins the hot tail anew at the fork'],
  },
  {
    name: 'R6 falls behind at the new end',
    file: LOG,
    find: 'this.#audiences.pass(this, start === 0',
    replace: 'this.#fanned = upTo;\n      this.#audiences.pass(this, start === 0',
    caughtBy: [READER_TEST, 'writes a batch whole or not at all, says so once, and goes on from the old end when the socket has drained'],
  },
  {
    name: 'R6 the client is not told that it is behind',
    file: CONNECTION,
    find: 'if (!told) this.outlet.behind();',
    replace: '',
    caughtBy: [READER_TEST, 'writes a batch whole or not at all, says so once, and goes on from the old end when the socket has drained'],
  },
  {
    name: 'R6 only one reader of a full connection falls behind',
    file: CONNECTION,
    find: 'reader.fallBack();\n',
    replace: 'if (!told) reader.fallBack();\n',
    caughtBy: [READER_TEST, 'writes a batch whole or not at all, says so once, and goes on from the old end when the socket has drained'],
  },
  {
    name: 'R6 who falls behind stays in its audience',
    file: CONNECTION,
    find: 'this.#settle();\n    const index',
    replace: 'const index',
    caughtBy: [READER_TEST, 'sends it nothing of the batches that follow in the same pass'],
  },
  {
    name: 'pages: what is at or below the cursor is sent again',
    file: READER,
    find: 'page.entries.filter((e) => e.seq > seq)',
    replace: 'page.entries',
    caughtBy: [READER_TEST, 'begin on a grid, so that many share them, and bring nobody what it has'],
  },
  {
    name: 'pages: a page that begins later passes for whole',
    file: READER,
    find: ' || page.start > seq) {',
    replace: ') {',
    caughtBy: [READER_TEST, 'are not taken for whole where they begin beyond the cursor'],
  },
  {
    name: 'pages: an answer to an older question counts',
    file: READER,
    find: 'if (ticket !== this.#ticket || !this.#asking || this.reader.ended) return false;',
    replace: 'if (!this.#asking || this.reader.ended) return false;',
    caughtBy: [READER_TEST, 'does not take the answer to what it asked before history changed'],
  },
  {
    name: 'pages: an open page serves whoever has been there',
    file: PAGES,
    find: '(next < head || next > cursor) &&',
    replace: '',
    caughtBy: [PAGES_TEST, 'use an open page again only for who has not been at its end'],
  },
  {
    name: 'purge: a page serves on that was not held ever since',
    file: PAGES,
    find: '&& this.#isHeld(request.patterns, head)',
    replace: '',
    caughtBy: [PAGES_TEST, 'use no page that a purge may have passed while nobody was interested'],
  },
  {
    name: 'purge: the window keeps what was erased',
    file: WINDOW,
    find: "if (entry.kind === 'purged') this.#erase(entry.mailbox);",
    replace: '',
    caughtBy: [WINDOW_TEST, 'erases what a purge erases, and answers with the purge'],
  },
  {
    name: 'purge: pages are kept',
    file: LOG,
    find: "if (entry.kind === 'purged') this.reads.clear();",
    replace: '',
    caughtBy: [READER_TEST, 'are not used again after a purge'],
  },
  {
    name: 'L2 the answer activates below covered',
    file: LINK,
    find: 'interest.since ??= Math.max(answer.position, covered);',
    replace: 'interest.since ??= answer.position;',
    caughtBy: [LINK_TEST, 'has since at covered, where the router lies behind'],
  },
  {
    name: 'L10 interests are held only since beyond the fork',
    file: LINK,
    find: 'this.interests.lower(fork);',
    replace: '',
    caughtBy: [LINK_TEST, 'lets a reader at the fork be live, though its interest was held only since later'],
  },
  {
    name: 'pages: what a stale copy said is kept',
    file: PAGES,
    find: ' && currentEpoch(page.epochs) === epoch;',
    replace: ';',
    caughtBy: [PAGES_TEST, 'keep nothing that is not what was asked for'],
  },
  {
    name: 'pages: what fell due for a purge meanwhile is kept',
    file: PAGES,
    find: 'this.#flights.clear();',
    replace: '',
    caughtBy: [PAGES_TEST, 'forget everything upon a purge, and do not keep what is under way then'],
  },
  {
    name: 'L1 a frame speaks for the link that came after it',
    file: LINK,
    find: 'if (this.#half !== frame.half) return;',
    replace: '',
    caughtBy: [LINK_TEST, 'may end readers, and the link with them: the frame then says nothing about the next one'],
  },
];
