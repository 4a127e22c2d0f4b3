import { type Logger, pino } from 'pino';

/**
 * What the process says of itself, on standard error: JSON lines for machines, short text for a person on a terminal.
 * Standard output belongs to the command's results. Never log data, tokens or whole addresses: they may hold secrets.
 */

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'text';
  readonly destination?: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function createLogger({ level, format, destination = process.stderr }: LoggerOptions): Logger {
  const isText = format === 'text' || (format === 'auto' && destination.isTTY === true);
  const write = isText ? (line: string) => destination.write(asText(line)) : (line: string) => destination.write(line);
  return pino({ level, base: null }, { write });
}

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** `12:00:01 warn message key=value`, and under it where an error came from. */
function asText(line: string): string {
  const {
    time,
    level,
    msg = '',
    err,
    ...rest
  } = JSON.parse(line) as Record<string, unknown> & { time: number; level: number; msg?: string; err?: { stack?: string } };
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const stack = err?.stack === undefined ? '' : `\n${err.stack.replaceAll(/^/gm, '    ')}`;
  return `${new Date(time).toTimeString().slice(0, 8)} ${LEVELS[level] ?? level} ${msg}${fields.join('')}${stack}\n`;
}
