import { leadOf, NAMES, type Update } from './count.js';

/** Numbers and times as the pages write them. */

const whole = new Intl.NumberFormat('en-US');
const signed = new Intl.NumberFormat('en-US', { signDisplay: 'always' });
const eastern = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', minute: '2-digit', hour12: true });
const easternDay = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', weekday: 'long', month: 'long', day: 'numeric' });
const easternShort = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  hour12: true,
});
const utcShort = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});

/** Between a number and its unit. */
const NARROW = '\u202f';

export function count(number: number): string {
  return whole.format(number);
}

/** With a real minus sign, as wide as the plus. */
export function change(number: number): string {
  return signed.format(number).replace('-', '−');
}

/** For sums of rounded shares: their third figure is not known. */
export function millions(number: number): string {
  return `${(number / 1_000_000).toFixed(2)} million`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** `Biden +1.2`, in percentage points. */
export function lead(update: Update | undefined): string {
  const { leader, points } = leadOf(update);
  if (leader === 'none') return 'no votes yet';
  return leader === 'tie' ? 'even' : `${NAMES[leader]} +${Math.abs(points).toFixed(1)}`;
}

export function easternTime(time: string): string {
  return eastern.format(new Date(time));
}

export function easternDate(time: string): string {
  return easternDay.format(new Date(time));
}

export function easternDateTime(time: string): string {
  return easternShort.format(new Date(time));
}

/** With its date, which in the evening is already that of the next day. */
export function utc(time: string): string {
  return `${utcShort.format(new Date(time))} UTC`;
}

export function milliseconds(ms: number): string {
  if (ms >= 60_000) return `${Math.round(ms / 60_000)}${NARROW}min`;
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(1)}${NARROW}s` : `${Math.max(0, Math.round(ms))}${NARROW}ms`;
}
