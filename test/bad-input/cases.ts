/** Malformed scenarios and options, each with the lines it must give (their beginnings), in order. */
import { args, BASE, type Case, change, file, LIMIT, NAME, SHAPE, YAML } from './case.ts'
import { POLICY_CASES } from './policies.ts'

const unknownKeys = [
  change('an unknown key at the top', 'seed: 1', 'sede: 1', `${SHAPE} sede: unknown key "sede" (line 2); expected seed, or`),
  change(
    'an unknown key of a device',
    'codec: lz4\n    hot',
    'codek: lz4\n    hot',
    `${SHAPE} devices.device-1.codek: unknown key`,
  ),
  change(
    'an unknown key of the hotness unit',
    'threshold',
    'treshold',
    `${SHAPE} devices.device-1.hotness.treshold: unknown key`,
  ),
  change(
    'an unknown key of the throttle',
    'swap: { size: 64MiB }',
    'throttle: { heavy: 10% }',
    `${SHAPE} hosts.host-1.throttle.heavy: unknown key "heavy" (line 12); expected one of moderate, severe, most`,
  ),
  change(
    'an unknown key of the swap device',
    '{ size: 64MiB }',
    '{ size: 64MiB, speed: 1GB/s }',
    `${SHAPE} hosts.host-1.swap.speed: unknown`,
  ),
  change(
    'an unknown key of a promoter',
    '{ host: host-1 }',
    '{ host: host-1, rate: 1 }',
    `${SHAPE} promoters.promoter-1.rate: unknown`,
  ),
  change(
    'a key of another kind of workload',
    'accesses',
    'rate: 1GB/s, accesses',
    `${SHAPE} workloads.web-1.rate: unknown key "rate"`,
  ),
  change('a merge key, which YAML 1.2 does not have', 'seed: 1', '<<: { seed: 1 }', `${SHAPE} "<<": unknown key "<<"`),
  change('a key with a line break', 'seed: 1', '"a\\nb": 1', `${SHAPE} "a\\nb": unknown key "a\\nb"`),
]

const quantities = [
  change(
    'a wrong unit',
    'memory: 64MiB, devices: []',
    'memory: 64Mib, devices: []',
    `${SHAPE} hosts.host-2.memory: got "64Mib", whose unit`,
  ),
  change('a unit of something else', 'duration: 1s', 'duration: 1MiB', `${SHAPE} duration: got "1MiB", whose unit`),
  change('a missing unit', 'duration: 1s', 'duration: 1', `${SHAPE} duration: got 1 (line 3); expected a time from`),
  change('a missing unit in text', 'duration: 1s', 'duration: "1"', `${SHAPE} duration: got "1" without a unit`),
  change('a negative size', 'size: 96MiB', 'size: -96MiB', `${SHAPE} workloads.web-1.size: got "-96MiB", which is negative`),
  change('a size of nothing', 'size: 96MiB', 'size: 0B', `${SHAPE} workloads.web-1.size: got "0B"`),
  change(
    'a huge size',
    'physical: 64MiB\n',
    `physical: ${'9'.repeat(20)}TiB\n`,
    `${SHAPE} devices.device-1.physical: got "99999999999999999999TiB", which is 2^53`,
  ),
  change('a huge number', 'threshold: 16', 'threshold: 1e400', `${SHAPE} devices.device-1.hotness.threshold: got Infinity`),
  change('a number that is none', 'threshold: 16', 'threshold: .nan', `${SHAPE} devices.device-1.hotness.threshold: got NaN`),
  change('a fraction of a count', 'threshold: 16', 'threshold: 1.5', `${SHAPE} devices.device-1.hotness.threshold: got 1.5`),
  change('a rate of events as a rate of bytes', '1k/s', '1kB/s', `${SHAPE} workloads.web-1.accesses: got "1kB/s", whose unit`),
  change('a percentage as a fraction', '1k/s', '1k/s, miss: 0.05', `${SHAPE} workloads.web-1.miss: got 0.05`),
  change('a percentage above 100', '1k/s', '1k/s, miss: 105%', `${SHAPE} workloads.web-1.miss: got "105%"`),
  change('a truth that is none', 'counterBits: 16', 'shared: yes', `${SHAPE} devices.device-1.hotness.shared: got "yes"`),
  change('a seed beyond 2^53', 'seed: 1', 'seed: 9007199254740993', `${SHAPE} seed: got 9007199254740992`),
  change('a quantum of nothing', 'seed: 1', 'quantum: 0us', `${SHAPE} quantum: got "0us"`),
  change('a duration of 11 hours', 'duration: 1s', 'duration: 11h', `${SHAPE} duration: got "11h"`),
  change(
    'a chunk that is no power of two',
    'codec: lz4\n    hot',
    'chunk: 500B\n    hot',
    `${SHAPE} devices.device-1.chunk: got "500B"`,
  ),
]

const consistency = [
  change(
    'a tick off the quantum',
    'seed: 1',
    'tick: 1500us',
    `${SHAPE} tick: got 1500us (line 2); expected a whole multiple of the quantum (1ms)`,
  ),
  change('a sample off the quantum', 'seed: 1', 'sample: 1500us', `${SHAPE} sample: got 1500us`),
  change('high below low', 'codec: lz4\n    hot', 'high: 5%\n    hot', `${SHAPE} devices.device-1.high: got 5%`),
  change(
    'less advertised than physical',
    'advertised: 128MiB\n',
    'advertised: 32MiB\n',
    `${SHAPE} devices.device-1.advertised: got 32.0 MiB`,
  ),
  change(
    'a threshold that no counter reaches',
    'counterBits: 16',
    'counterBits: 4',
    `${SHAPE} devices.device-1.hotness.threshold: got 16`,
  ),
  change(
    'an epoch the specification lacks',
    'counterBits: 16',
    'epoch: 4097ms',
    `${SHAPE} devices.device-1.hotness.epoch: got 4097ms`,
  ),
  change(
    'an offline window that ends first',
    'codec: lz4\n    hot',
    'offline: [{ from: 2s, to: 1s }]\n    hot',
    `${SHAPE} devices.device-1.offline.0.to: got 1s`,
  ),
  change(
    'a burst longer than its period',
    'kind: zipf',
    'kind: burst, burst: 1k/s, period: 1s, length: 2s',
    `${SHAPE} workloads.web-1.length: got 2s`,
  ),
  change('a stop before the start', 'kind: zipf', 'kind: zipf, start: 2s, stop: 1s', `${SHAPE} workloads.web-1.stop: got 1s`),
  {
    name: 'devices of two codecs on one host',
    file: BASE.replace('128MiB, codec: lz4', '128MiB, codec: zstd1').replace('[device-1]', '[device-1, device-2]'),
    lines: [`${SHAPE} hosts.host-1.devices: got devices with lz4 and zstd1 (line 12)`],
  },
  change(
    'more workload than a host can ever hold',
    'size: 96MiB',
    'size: 3GiB',
    `${LIMIT} hosts.host-1: got 3.00 GiB of workloads`,
  ),
  change(
    'more memory than the simulator holds',
    'memory: 64MiB, devices: [] }',
    'memory: 1TiB, devices: [] }',
    `${LIMIT} hosts: got 1.00 TiB`,
  ),
]

const names = [
  change(
    'a host that names no device',
    'devices: []',
    'devices: [device-7]',
    `${NAME} hosts.host-2.devices.0: got "device-7" (line 13); expected device-1, or`,
  ),
  change(
    'a host that names a device twice',
    '[device-1]',
    '[device-1, device-1]',
    `${NAME} hosts.host-1.devices.1: got "device-1" twice`,
  ),
  change(
    'a promoter on no host',
    '{ host: host-1 }',
    '{ host: hsot-1 }',
    `${NAME} promoters.promoter-1.host: got "hsot-1" (line 15); expected host-1, or`,
  ),
  change(
    'two promoters on a host',
    '  promoter-1: { host: host-1 }',
    '  promoter-1: { host: host-1 }\n  p2: { host: host-1 }',
    `${NAME} promoters.p2.host: got "host-1", which promoter-1 serves`,
  ),
  change('a workload on no host', 'host-1, kind', 'host-9, kind', `${NAME} workloads.web-1.host: got "host-9"`),
  change(
    'a name used for a device and a workload',
    'web-1',
    'device-1',
    `${NAME} workloads.device-1: the name is taken by devices`,
  ),
  change('a reserved name', 'web-1', 'conductor', `${NAME} workloads.conductor: the name is taken by coldpool itself`),
  change('a name with a space', 'web-1', 'web 1', `${SHAPE} workloads."web 1": got the name "web 1"`),
  change('a name that is a number', 'web-1', '1', `${SHAPE} workloads.1: got the name "1"`),
  change('a run name that is a path', 'name: base', 'name: ../../etc', `${SHAPE} name: got "../../etc"`),
]

const TRACED = 'kind: zipf, size: 96MiB, accesses: 1k/s'

const traces = [
  change(
    'a trace of nothing',
    TRACED,
    'kind: trace',
    `${SHAPE} workloads.web-1.trace: is missing (line 17); expected trace: a recording, or file`,
  ),
  change(
    'a trace that is two',
    TRACED,
    'kind: trace, trace: redis, file: x.refs',
    `${SHAPE} workloads.web-1.file: got "x.refs" beside a recording (line 17); expected one of the two`,
  ),
  change(
    'epochs for a recording, which has its own',
    TRACED,
    'kind: trace, trace: redis, epochReferences: 1000',
    `${SHAPE} workloads.web-1.epochReferences: got 1000 (line 17); expected a file of references`,
  ),
  change('an empty path', TRACED, 'kind: trace, file: ""', `${SHAPE} workloads.web-1.file: got ""`),
  change(
    'a file of references that is not there',
    TRACED,
    'kind: trace, file: /nowhere/x.refs',
    'CP_TRACE /nowhere/x.refs: there is no such file where this workload runs; expected a file of references',
  ),
]

const contents = [
  change(
    'an unknown kind of workload',
    'kind: zipf',
    'kind: ziff',
    `${SHAPE} workloads.web-1.kind: got "ziff" (line 17); expected one of zipf, uniform`,
  ),
  change('no kind of workload', 'kind: zipf, ', '', `${SHAPE} workloads.web-1.kind: missing (line 17)`),
  change('an unknown codec', 'codec: lz4\n    hot', 'codec: gzip\n    hot', `${SHAPE} devices.device-1.codec: got "gzip"`),
  change(
    'an unknown trace',
    'kind: zipf, size: 96MiB, accesses: 1k/s',
    'kind: trace, trace: postgres',
    `${SHAPE} workloads.web-1.trace: got "postgres"`,
  ),
  change('an unknown profile', 'kind: zipf', 'kind: zipf, content: redis', `${SHAPE} workloads.web-1.content: got "redis"`),
  change(
    'a mix of 90 %',
    'kind: zipf',
    'kind: zipf, content: { mix: { gcc: 60%, zero: 30% } }',
    `${SHAPE} workloads.web-1.content.mix: shares sum to 90%`,
  ),
  change(
    'a ratio below 1',
    'kind: zipf',
    'kind: zipf, content: { ratio: 0.5 }',
    `${SHAPE} workloads.web-1.content.ratio: got 0.5`,
  ),
  change(
    'a drift that was not measured',
    'kind: zipf',
    'kind: zipf, writes: { drift: sort }',
    `${SHAPE} workloads.web-1.writes.drift: got "sort"`,
  ),
]

const shapes = [
  change('a missing duration', 'duration: 1s\n', '', `${SHAPE} duration: missing`),
  change(
    'a device without capacity',
    '{ physical: 64MiB, advertised',
    '{ advertised',
    `${SHAPE} devices.device-2.physical: missing (line 10)`,
  ),
  change(
    'no workloads',
    '  web-1: { host: host-1, kind: zipf, size: 96MiB, accesses: 1k/s }',
    '  {}',
    `${SHAPE} workloads: got 0 workloads`,
  ),
  change('a list where a mapping belongs', '  web-1: { host', '  - { host', `${SHAPE} workloads: got a list`),
  change('nothing where a mapping belongs', '  promoter-1: { host: host-1 }\n', '', `${SHAPE} promoters: got nothing`),
  change('text where a list belongs', '[device-1]', 'device-1', `${SHAPE} hosts.host-1.devices: got "device-1"`),
  change(
    '300 workloads',
    'workloads:\n',
    `workloads:\n${Array.from({ length: 300 }, (_, i) => `  w-${i}: { host: host-1, kind: scan, size: 4KiB, rate: 1B/s }\n`).join('')}`,
    `${LIMIT} workloads: got 301 workloads`,
  ),
  change(
    'three problems, a line each',
    'duration: 1s',
    'duration: 1\nquantum: 1\ntick: 1',
    `${SHAPE} duration: got 1`,
    `${SHAPE} quantum: got 1`,
    `${SHAPE} tick: got 1`,
  ),
]

const files = [
  file('an empty file', '', `${SHAPE} FILE: got nothing`),
  file('a list at the top', '- name: x\n', `${SHAPE} FILE: got a list`),
  file('plain text', 'hello', `${SHAPE} FILE: got "hello"`),
  file('10 MB', BASE + '#'.repeat(10_000_000), 'CP_SCENARIO_SIZE FILE: has'),
  file(
    'binary',
    Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0xff]),
    'CP_SCENARIO_READ FILE: is no UTF-8 text',
  ),
  change('a tab as indentation', '  device-2', '\tdevice-2', `${YAML}:10: `),
  change('a bracket left open', '[device-1]', '[device-1', `${YAML}:`),
  change('a key twice', 'seed: 1', 'seed: 1\nseed: 2', `${YAML}:3: key "seed" appears twice; expected each key once`),
  change('a device twice', '  device-2', '  device-1', `${YAML}:10: key "device-1" appears twice`),
  change('a tag', 'seed: 1', 'seed: !!js/function "x"', `${YAML}:2: Unresolved tag`),
  change('an alias without an anchor', 'seed: 1', 'seed: *one', `${YAML}:2: alias "one" without an anchor`),
  change('an alias within its own anchor', '{ host: host-1 }', '&p { host: *p }', `${YAML}:15: alias "p" within its own anchor`),
  change('a key that is a list', 'seed: 1', '[1, 2]: 1', `${YAML}:2: `),
  change('a key that would reach into the program', 'seed: 1', '__proto__: { seed: 1 }', `${YAML}:2: key "__proto__"`),
  file('two documents', `${BASE}---\n${BASE}`, `${YAML}:18: `),
  file('an alias bomb', bomb(), `${YAML}:1: aliases expand to too much`),
  file('a hundred thousand brackets', '['.repeat(100_000), `${YAML}: collections nest too deeply`),
  file('a hundred thousand dashes', '- '.repeat(100_000), `${YAML}: collections nest too deeply`),
]

const options = [
  args('a file that is not there', ['run', 'nowhere.yaml'], 'CP_SCENARIO_READ nowhere.yaml: there is no such file'),
  args('a directory as the file', ['run', 'test'], 'CP_SCENARIO_READ test: is a directory'),
  args('no file', ['run'], 'CP_OPTION coldpool: missing required argument'),
  args('two files', ['run', 'FILE', 'FILE'], 'CP_OPTION coldpool: too many arguments'),
  args('an unknown command', ['rnu', 'FILE'], "CP_OPTION coldpool: unknown command 'rnu'; expected run"),
  args('an unknown option', ['run', 'FILE', '--sed', '1'], "CP_OPTION --sed: unknown option '--sed'; expected --seed"),
  args('an option without its value', ['run', 'FILE', '--seed'], 'CP_OPTION --seed: '),
  args('a bad --seed', ['run', 'FILE', '--seed', '1e3'], 'CP_OPTION --seed: got "1e3"'),
  args('a negative --seed', ['run', 'FILE', '--seed', '-5'], 'CP_OPTION --seed: got "-5"'),
  args('a --seed beyond 2^53', ['run', 'FILE', '--seed', '9007199254740993'], 'CP_OPTION --seed: got "9007199254740993"'),
  args('a bad --duration', ['run', 'FILE', '--duration', '60'], 'CP_OPTION --duration: got "60" without a unit'),
  args('a bad --quantum', ['run', 'FILE', '--quantum', '1s'], 'CP_OPTION --quantum: got "1s"'),
  args(
    'a --quantum that the ticks do not fit',
    ['run', 'FILE', '--quantum', '3ms', '--set', 'tick=10ms'],
    `${SHAPE} tick: got 10ms`,
    `${SHAPE} devices.device-1.hotness.epoch`,
    `${SHAPE} devices.device-2.hotness.epoch`,
  ),
  args(
    'a --dashboard that is no port',
    ['run', 'FILE', '--dashboard', '80a'],
    'CP_OPTION --dashboard: got "80a"; expected a port',
  ),
  args(
    'a --dashboard-host without a dashboard',
    ['run', 'FILE', '--dashboard-host', '::1'],
    'CP_OPTION --dashboard-host: no dashboard is asked for; expected --dashboard as well',
  ),
  args('no --workers', ['run', 'FILE', '--workers', '0'], 'CP_OPTION --workers: got 0; expected a whole number from 1 to 64'),
  args(
    '--workers of a run over a bus',
    ['run', 'FILE', '--workers', '2', '--bus', 'nats://127.0.0.1:4222'],
    'CP_OPTION --workers: mail that goes over a bus has its stages in processes; expected no --bus',
  ),
  args(
    '--workers of a run that is traced',
    ['run', 'FILE', '--workers', '2', '--perfetto', 'trace.json'],
    'CP_OPTION --workers: mail between threads is not traced; expected no --perfetto',
  ),
  args('an empty --perfetto', ['run', 'FILE', '--perfetto', ''], 'CP_OPTION --perfetto: got ""; expected the name of a file'),
  args(
    'a --perfetto of a run over a bus',
    ['run', 'FILE', '--perfetto', 'trace.json', '--bus', 'nats://127.0.0.1:4222'],
    'CP_OPTION --perfetto: mail that goes over a bus is not traced; expected no --bus',
  ),
  args(
    'a --perfetto that would write over the scenario',
    ['run', 'FILE', '--perfetto', 'FILE'],
    'CP_OPTION --perfetto: got FILE, which the run reads; expected another file',
  ),
  args(
    'a --perfetto in a folder that is not there',
    ['run', 'FILE', '--perfetto', '/nowhere/trace.json'],
    'CP_OUTPUT /nowhere/trace.json: ENOENT',
  ),
  args('an empty --out', ['run', 'FILE', '--out', ''], 'CP_OPTION --out: got ""'),
  args('a --set without a value', ['run', 'FILE', '--set', 'seed'], 'CP_OVERRIDE --set: got "seed"; expected path=value'),
  args(
    'a --set of nothing that is there',
    ['run', 'FILE', '--set', 'hosts.host-7.memory=1GiB'],
    'CP_OVERRIDE hosts.host-7.memory: "host-7" is no',
  ),
  args(
    'a --set of an unknown key',
    ['run', 'FILE', '--set', 'hosts.*.memroy=1GiB'],
    'CP_OVERRIDE hosts.host-1.memroy: unknown key',
    'CP_OVERRIDE hosts.host-2.memroy: unknown key',
  ),
  args(
    'a --set to a wrong value',
    ['run', 'FILE', '--set', 'hosts.host-1.memory=lots'],
    `${SHAPE} hosts.host-1.memory: got "lots"; expected a size`,
  ),
  args(
    'a --set to no YAML',
    ['run', 'FILE', '--set', 'hosts.host-1.devices=[device-1'],
    'CP_OVERRIDE hosts.host-1.devices: got "[device-1"',
  ),
  args(
    'injections that are not there',
    ['run', 'FILE', '--injections', 'no-such-file.yaml'],
    'CP_INJECTION no-such-file.yaml: there is no such file; expected a file of injections',
  ),
  args(
    'a scenario in place of injections',
    ['run', 'FILE', '--injections', 'FILE'],
    `CP_INJECTION FILE:1: got "name: base"; expected an entry, which begins with '- '`,
  ),
  args(
    'an experiment that is not there',
    ['experiment', 'cold-fusion'],
    'CP_OPTION NAME: there is no experiment cold-fusion; expected one of',
  ),
  args(
    'no seeds for an experiment',
    ['experiment', 'race', '--seeds', '0'],
    'CP_OPTION --seeds: got 0; expected a whole number from 1 to 1000',
  ),
  args(
    'a report of no folder',
    ['report', 'no-such-run'],
    'CP_RUN_FOLDER no-such-run: is no folder; expected the folder of a run, such as runs/',
  ),
  args('a comparison of one run', ['compare', 'no-such-run'], 'CP_OPTION RUNS: got 1; expected the folders of 2 to 8 runs'),
  args('a report of a file', ['report', 'FILE'], 'CP_RUN_FOLDER FILE: is no folder; expected the folder of a run'),
]

const contention = [
  args(
    'a contention of one host with itself',
    ['contention', 'FILE'],
    'CP_COMMAND FILE: got workloads, files or kernel memory on host-1 alone; expected some on two hosts at least',
  ),
  args('a contention with an empty --out', ['contention', 'FILE', '--out', ''], 'CP_OPTION --out: got ""'),
  args('a contention with a bad --seed', ['contention', 'FILE', '--seed', 'x'], 'CP_OPTION --seed: got "x"'),
  args(
    'a contention of nothing that is there',
    ['contention', 'no-such-file.yaml'],
    'CP_SCENARIO_READ no-such-file.yaml: there is no such file',
  ),
]

export const CASES: readonly Case[] = [
  ...unknownKeys,
  ...quantities,
  ...consistency,
  ...POLICY_CASES,
  ...names,
  ...traces,
  ...contents,
  ...shapes,
  ...files,
  ...options,
  ...contention,
]

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]\n`)
  return `a0: &a0 [x]\n${levels.join('')}`
}
