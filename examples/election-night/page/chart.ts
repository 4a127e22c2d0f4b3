import { leadOf, type Update } from './count.js';

/** The shape of a state's history: the lead after each update, above the middle for Biden, below for Trump. Numbers only; `detail.ts` draws. */

export const CHART = { width: 360, height: 290, left: 18, right: 6, top: 22, bottom: 40 } as const;

export interface Shape {
  /** Where the lead is nought. */
  readonly zeroY: number;
  readonly line: string;
  readonly biden: string;
  readonly trump: string;
  readonly corrections: readonly { readonly x: number; readonly y: number }[];
  /** The newest. */
  readonly end: { readonly x: number; readonly y: number } | undefined;
  /** Points at the top and, negative, at the bottom. */
  readonly scale: number;
}

/** The first returns are a few villages: they may run out of the picture. */
const SETTLED_FROM = 0.15;
const SCALES = [2, 5, 10, 20, 30, 40, 60, 100];

export function shapeOf(history: readonly Update[]): Shape {
  const plotted = history.map(leadOf);
  const settled = plotted.slice(Math.floor(plotted.length * SETTLED_FROM)).filter(({ leader }) => leader !== 'none');
  const widest = Math.max(0, ...settled.map(({ points }) => Math.abs(points)));
  const scale = SCALES.find((step) => step >= widest) ?? 100;

  const innerWidth = CHART.width - CHART.left - CHART.right;
  const innerHeight = CHART.height - CHART.top - CHART.bottom;
  const zeroY = CHART.top + innerHeight / 2;
  const xOf = (index: number): number => CHART.left + (history.length < 2 ? innerWidth : (index / (history.length - 1)) * innerWidth);
  const yOf = (points: number): number => zeroY - (Math.max(-scale, Math.min(scale, points)) / scale) * (innerHeight / 2);

  const pieces: { x: number; y: number }[][] = [[]];
  const corrections: { x: number; y: number }[] = [];
  plotted.forEach(({ leader, points }, index) => {
    const place = { x: xOf(index), y: leader === 'none' ? zeroY : yOf(points) };
    if (history[index]?.correction) corrections.push(place);
    if (leader === 'none') pieces.push([]);
    else pieces.at(-1)?.push(place);
  });
  const drawn = pieces.filter((piece) => piece.length > 0);
  const steps = (piece: readonly { x: number; y: number }[]): string =>
    piece.map(({ x, y }, index) => (index === 0 ? `M${x.toFixed(1)} ${y.toFixed(1)}` : `H${x.toFixed(1)}V${y.toFixed(1)}`)).join('');
  const area = (piece: readonly { x: number; y: number }[], side: (y: number) => number): string => {
    const first = piece[0];
    const last = piece.at(-1);
    if (first === undefined || last === undefined) return '';
    return `${steps(piece.map(({ x, y }) => ({ x, y: side(y) })))}V${zeroY.toFixed(1)}H${first.x.toFixed(1)}Z`;
  };
  return {
    zeroY,
    line: drawn.map(steps).join(''),
    biden: drawn.map((piece) => area(piece, (y) => Math.min(y, zeroY))).join(''),
    trump: drawn.map((piece) => area(piece, (y) => Math.max(y, zeroY))).join(''),
    corrections,
    end: drawn.at(-1)?.at(-1),
    scale,
  };
}
