import type { RunSamples, Samples } from '../run.js';
import { type Bar, judge } from './bars.js';
import { ratios, spread } from './statistics.js';
import { cell, row } from './table.js';

/** The run as a person reads it. */

export interface RunConditions {
  readonly command: string;
  readonly node: string;
  readonly kernel: string;
  readonly cores: number;
  readonly pinned: boolean;
  readonly rounds: number;
  readonly connections: number;
}

type Column<T> = readonly [title: string, digits: number, value: (sample: T) => number];

export function renderReport(conditions: RunConditions, samples: RunSamples): string {
  const { fanout, latency, latencySize, publish } = samples;
  const parts = [renderConditions(conditions, samples)];
  if (fanout) {
    parts.push(
      section(`One message a tick, ${conditions.connections} WebSocket readers`, fanout, 'bare', [
        ['CPU µs per delivered message', 2, (s) => s.single.totalUs],
        ['user', 2, (s) => s.single.userUs],
        ['system', 2, (s) => s.single.systemUs],
      ]),
      section(`Ten messages a tick, ${conditions.connections} WebSocket readers`, fanout, 'bare', [
        ['CPU µs per delivered message', 2, (s) => s.ten.totalUs],
        ['user', 2, (s) => s.ten.userUs],
        ['system', 2, (s) => s.ten.systemUs],
      ]),
      section('Idle connections', fanout, 'bare', [['KiB of resident memory each', 1, (s) => s.bytesPerConnection / 1_024]]),
    );
  }
  if (latency) {
    parts.push(
      section(`Publish → receive, ${latencySize.readers} WebSocket readers, ${latencySize.perSecond} messages a second`, latency, 'bare', [
        ['p50 ms', 1, (s) => s.p50Ms],
        ['p99 ms', 1, (s) => s.p99Ms],
        ['max ms', 1, (s) => s.maxMs],
      ]),
    );
  }
  if (publish) {
    parts.push(
      section('HTTP publishes, 64 connections, no readers', publish, 'fastify', [
        ['publishes per second', 0, (s) => s.perSecond],
        ['CPU µs each', 1, (s) => s.totalUs],
        ['user', 1, (s) => s.userUs],
        ['system', 1, (s) => s.systemUs],
        ['share of the core used', 2, (s) => s.coreShare],
      ]),
    );
  }
  parts.push(renderBars(judge(samples)));
  return parts.join('\n\n');
}

function renderConditions({ command, node, kernel, cores, pinned, rounds }: RunConditions, { templateBytes }: RunSamples): string {
  const placement = pinned ? 'server on core 0, load on core 1' : 'nothing pinned, so no claim can be made of it';
  return [
    `Command: \`${command}\``,
    '',
    `Node ${node}, Linux ${kernel}, ${cores} cores; ${placement}; ${rounds} interleaved rounds: median (least–most). `.trimEnd(),
    `128 bytes of data a message; a tick is ${templateBytes.join(' and ')} bytes on the wire. \`restante\` stores in lmdb with \`durability: disk\`;`,
    'the others store nothing. Ratios are taken within each round, and only they are claims.',
  ].join('\n');
}

/** @param yardstick whose first column the ratio is taken to */
function section<T>(title: string, samples: Samples<T>, yardstick: string, columns: readonly Column<T>[]): string {
  const first = columns[0];
  const base = first && samples[yardstick]?.map(first[2]);
  const rows = Object.entries(samples).map(([name, rounds]) => {
    const cells = columns.map(([, digits, value]) => cell(spread(rounds.map(value)), digits));
    const ratio = first && base ? cell(ratios(rounds.map(first[2]), base), 2) : '–';
    return row([name, ...cells, ratio]);
  });
  const titles = ['', ...columns.map(([name]) => name), `ratio to ${yardstick}`];
  return [`## ${title}`, '', row(titles), row(titles.map(() => '---')), ...rows].join('\n');
}

export function renderBars(bars: readonly Bar[]): string {
  const rows = bars.map(({ promise, ratio, held }) => row([promise, cell(ratio, 2), held ? 'held' : '**missed**']));
  return ['## Bars', '', row(['promise', 'measured', '']), row(['---', '---', '---']), ...rows].join('\n');
}
