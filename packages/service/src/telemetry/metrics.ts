// The Prometheus metrics of a process: one registry, in which each metric is registered once.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** One value, or one per label value. */
export type Reading = number | Readonly<Record<string, number>>;

export interface Metrics {
  /** Incremented by the caller: `inc(labels, by)`. */
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): Counter<Label>;
  /** `buckets` are upper bounds. */
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>;
  /** A state, read at each scrape; with several values, each has its key as `label`. `read` must be quick and must not throw. */
  gauge(name: string, help: string, read: () => Reading, label?: string): void;
  /** A monotonic sum that is kept elsewhere, read at each scrape. */
  total(name: string, help: string, read: () => Reading, label?: string): void;
  readonly contentType: string;
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>;
}

/** Every metric has the label `service`. With `process`, memory, CPU and event-loop delay are included. */
export function createMetrics(service: string, options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  registry.setDefaultLabels({ service });
  if (options.process) collectDefaultMetrics({ register: registry });

  /** Calls `write` with each value that `read` returns. */
  function each(read: () => Reading, label: string, write: (labels: Record<string, string>, value: number) => void) {
    const reading = read();
    if (typeof reading === "number") write({}, reading);
    else for (const [key, value] of Object.entries(reading)) write({ [label]: key }, value);
  }

  return {
    counter: (name, help, labels) => new Counter({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers }),
    gauge(name, help, read, label = "") {
      const labelNames = label === "" ? [] : [label];
      const gauge: Gauge<string> = new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          gauge.reset();
          each(read, label, (labels, value) => gauge.set(labels, value));
        },
      });
    },
    total(name, help, read, label = "") {
      const labelNames = label === "" ? [] : [label];
      const counter: Counter<string> = new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          counter.reset();
          each(read, label, (labels, value) => counter.inc(labels, value));
        },
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

/** Histogram buckets, in seconds, for operations that should take milliseconds and must not take seconds. */
export const secondsBuckets: readonly number[] = [0.005, 0.025, 0.1, 0.5, 2.5, 10];
