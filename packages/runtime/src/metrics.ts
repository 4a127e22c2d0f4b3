import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Numbers for Prometheus, one registry a process (or a test). Labels come from small fixed sets (routes, logs, codes), never from
 * mailboxes, ids or addresses: each combination costs memory for good (I7).
 */

/** The prefix is written out where a metric is made, so that a name from a dashboard can be found in the code. */
export type MetricName = `restante_${string}`;

type Labels<L extends string> = readonly L[];

export class Metrics {
  readonly #registry = new Registry();

  /** Adds what Node knows of the process: memory, event loop, garbage collection. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: 'restante_' });
  }

  counter<L extends string = never>(name: MetricName, help: string, labels: Labels<L> = []): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  /** @param read asked for the value whenever the metrics are; without it, the gauge is set by whoever made it. */
  gauge<L extends string = never>(name: MetricName, help: string, labels: Labels<L> = [], read?: (gauge: Gauge<L>) => void): Gauge<L> {
    const collect =
      read === undefined
        ? {}
        : {
            collect(this: Gauge<L>) {
              read(this);
            },
          };
    return new Gauge({ name, help, labelNames: labels, registers: [this.#registry], ...collect });
  }

  /** @param buckets upper bounds, ascending, in the unit that ends the name. */
  histogram<L extends string = never>(name: MetricName, help: string, buckets: readonly number[], labels: Labels<L> = []): Histogram<L> {
    return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [this.#registry] });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  expose(): Promise<string> {
    return this.#registry.metrics();
  }
}
