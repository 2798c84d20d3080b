/**
 * A rack in small for benchmarks of the engine, where what matters is how work is spread: 16 hosts of 4 GiB on 4 devices, a promoter
 * each, workloads of all sorts that need half as much again as their host has. Quanta of 10 ms, the tick.
 */
const HOSTS = 16
const DEVICES = 4
const WORKLOADS = [
  'kind: zipf, size: 6GiB, accesses: 4M/s, skew: 1.1, content: redis_json, writes: { drift: redis_json }',
  'kind: phases, size: 6GiB, accesses: 4M/s, hot: 20%, hotShare: 90%, period: 3s, content: sqlite',
  'kind: scan, size: 6GiB, rate: 1GB/s, content: gcc',
  'kind: burst, size: 6GiB, accesses: 1M/s, burst: 8M/s, skew: 1.0, period: 4s, length: 1s, content: gcc',
]

/** As a scenario's text. Workloads of a kind are on hosts of all devices. */
export function rackLikeYaml(seconds: number): string {
  const deviceOf = (host: number): number => 1 + Math.floor((host - 1) / (HOSTS / DEVICES))
  return `name: rack-like
duration: ${seconds}s
quantum: 10ms
devices:
${lines(DEVICES, (n) => `device-${n}: { physical: 8GiB, advertised: 32GiB }`)}hosts:
${lines(HOSTS, (n) => `host-${n}: { memory: 4GiB, devices: [device-${deviceOf(n)}], watermarkScaleFactor: 50, swap: { size: 8GiB } }`)}promoters:
${lines(HOSTS, (n) => `promoter-${n}: { host: host-${n} }`)}workloads:
${lines(HOSTS, (n) => `work-${n}: { host: host-${n}, ${WORKLOADS[n % WORKLOADS.length]!} }`)}`
}

function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, i) => `  ${line(i + 1)}\n`).join('')
}
