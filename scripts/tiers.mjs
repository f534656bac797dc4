import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run, runWell } from './command.mjs'
import { countNodeTests, countVitest, oneMoreFailure } from './counts.mjs'
import { isolated, isolation } from './namespace.mjs'
import { root } from './packages.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * @typedef {object} Run
 * @property {boolean} shown its output as it comes; else when the tier has ended
 * @property {string} folder for its report and its temporary files
 * @property {import('./namespace.mjs').Mount[]} [mounts] programs in the places of the machine's own
 * @property {string} [kernel] for the tiers in a machine: another than they would take
 * @property {number} [seed] of the order of its files, of which as many run at once as there are processors
 */

/**
 * @typedef {object} Tier
 * @property {string} name
 * @property {string} about a phrase for what it shows
 * @property {boolean} [asked] runs only when it is named, or with `--all`
 * @property {boolean} [built] needs the packages built
 * @property {boolean} [root] needs to be root
 * @property {boolean} [inMachine] runs in a virtual machine, beside the tiers that do not
 * @property {import('./machine.mjs').Need[]} [needs] what has to be installed
 * @property {number} seconds what it may take on a machine that has much else to do
 * @property {(tier: Tier, run: Run) => Promise<Counts>} run
 */

const daemon = {
  package: 'wireguard-go',
  command: 'wireguard-go',
  why: 'makes userspace devices',
}
const wg = {
  package: 'wireguard-tools',
  command: 'wg',
  why: 'is what the library is compared with',
}

const network = [
  {
    package: 'nftables',
    command: 'nft',
    why: 'shows firewall rules, and makes them in other words',
  },
  {
    package: 'iptables',
    command: 'iptables',
    why: 'makes those of a default route where a kernel has no nf_tables',
  },
  { package: 'iputils-ping', command: 'ping', why: 'sends packets through tunnels' },
  { package: 'procps', command: 'sysctl', why: 'is what wg-quick(8) sets the kernel with' },
]

const tracer = {
  package: 'strace',
  command: 'strace',
  why: 'shows what is sent to a device, and lets system calls fail',
}

const python = { package: 'python3', command: 'python3', why: 'sees packets on a link' }

const shells = [
  { package: 'bsdutils', command: 'script', why: 'gives programs a terminal' },
  { package: 'bash', command: 'bash', why: 'completes our commands' },
  { package: 'zsh', command: 'zsh', why: 'completes our commands' },
  { package: 'fish', command: 'fish', why: 'completes our commands' },
  { package: 'groff', command: 'groff', why: 'reads the manual page' },
]

const pictures = [
  { package: 'librsvg2-bin', command: 'rsvg-convert', why: 'draws the QR code of a client' },
  { package: 'zbar-tools', command: 'zbarimg', why: 'reads it' },
]

const browser = {
  package: 'chromium-headless-shell',
  command: 'chromium-headless-shell',
  why: 'shows the panel of examples/panel',
}

const nats = {
  package: 'nats-server',
  command: 'nats-server',
  why: 'has the clients of a store',
}

const services = [
  { package: 'socat', command: 'socat', why: 'hears what services tell their manager' },
  { package: 'systemd', command: 'systemd-analyze', why: 'checks units' },
  { package: 'make', command: 'make', why: 'compiles unix-dgram' },
  { package: 'g++', command: 'g++', why: 'compiles unix-dgram' },
  { package: 'python3', command: 'python3', why: 'compiles unix-dgram' },
]

const bus = [
  { package: 'dbus', command: 'dbus-daemon', why: 'is the system bus' },
  { package: 'systemd', command: 'networkctl', why: 'has systemd-networkd, and a library' },
]

const compilers = [
  { package: 'gcc', command: 'x86_64-linux-gnu-gcc', why: 'knows the layouts of glibc' },
  { package: 'musl-tools', command: 'musl-gcc', why: 'knows those of musl' },
  {
    package: 'gcc-aarch64-linux-gnu',
    command: 'aarch64-linux-gnu-gcc',
    why: 'knows those of arm64',
  },
  { package: 'libc6-dev-arm64-cross', why: 'has the headers of that' },
  { package: 'qemu-user-static', command: 'qemu-aarch64-static', why: 'runs programs for arm64' },
]

/** Downloads the specs of the kernel. */
const specs = 'test/kernel/specs.mjs'

/** Three hours where two machines run side by side on two processors, of the tiers of everything that a kernel is asked. */
const HOURS_LONG = 5 * 3600

const takeWireGuard = join(root, 'test/kernel/without/take-wireguard.sh')

/**
 * From both ends of this list a run takes what it does side by side: short ones in the middle have both end at once.
 *
 * @type {Tier[]}
 */
export const tiers = [
  // First, since it needs nothing built: the packages are, for the machine, meanwhile.
  {
    name: 'unit',
    about: "each package's own tests, on its sources",
    seconds: 1200,
    run: vitest({ projects: ['unit', 'unit-mocked'] }),
  },
  {
    name: 'check',
    about: 'format, types, unused code, and the packages as they would be published',
    built: true,
    needs: [{ package: 'git', command: 'git', why: 'tells what changed since the last release' }],
    seconds: 1200,
    run: nodeTests('scripts/check.mjs'),
  },
  {
    name: 'site',
    about: 'the documentation builds without a warning, and no link of it is broken',
    asked: true,
    seconds: 900,
    run: nodeTests('scripts/site.mjs'),
  },
  {
    name: 'contract',
    about: 'one suite over every backend, with real wireguard-go devices',
    root: true,
    needs: [...isolation, daemon],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'contract-long',
    about:
      'the suite through serve() and connect() with real wireguard-go devices, and on the fakes of an old one and of boringtun',
    asked: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'interop',
    about: 'wg(8) reads what we write, and the other way round',
    root: true,
    needs: [...isolation, daemon, wg],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'cli',
    about:
      'our commands: those of wg(8) beside it, on twin devices; the others in terminals, shells, as services',
    built: true,
    root: true,
    needs: [...isolation, daemon, wg, ...network, tracer, ...shells, ...services, ...pictures],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'cli-long',
    about:
      'the commands of wg(8) beside it, in five times as many cases, and every signal at every command',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, wg, ...network, tracer],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'faults',
    about:
      'daemons that die or hang, sockets that change, hostile answers, two writers, a clock that steps',
    built: true,
    root: true,
    needs: [
      ...isolation,
      daemon,
      tracer,
      { package: 'faketime', command: 'faketime', why: 'steps the clock of a process' },
    ],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'fuzz',
    about: 'inputs that were kept, and new ones, to every decoder and parser',
    seconds: 900,
    // Its sources have numbers in them, which count from where a process began.
    run: vitest({ shared: false }),
  },
  {
    name: 'secrets',
    about: 'planted keys are looked for in output, processes, files and memory; owners and modes',
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'privileges',
    about: 'what works without capabilities, with one, in a user namespace, on a read-only root',
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 900,
    run: vitest({ isolate: true }),
  },
  {
    name: 'soak',
    about: 'mixed calls, again and again, leave memory, descriptors and threads as they were',
    built: true,
    root: true,
    needs: [...isolation, daemon],
    // `npm run soak` takes an hour.
    seconds: process.env['WGCTRL_SOAK_ROUNDS'] ? 4 * 3600 : 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'turns',
    about:
      'three processes change the same two interfaces for ten minutes, each call in its turn; two write one device for one',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1500,
    run: vitest({ isolate: true }),
  },
  {
    name: 'callers',
    about:
      'two callers manage the clients of one server: device, file and database agree a hundred times',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 3600,
    run: vitest({ isolate: true }),
  },
  {
    name: 'lifecycle',
    about: 'interfaces that we bring up and down, beside those of wg-quick(8)',
    built: true,
    root: true,
    needs: [...isolation, daemon, wg, ...network, python, tracer],
    seconds: 2400,
    run: vitest({ isolate: true }),
  },
  {
    name: 'resolved',
    about: "name servers in Debian's systemd-resolved, on a system bus of the test's own",
    built: true,
    root: true,
    needs: [...isolation, daemon, tracer, ...bus],
    seconds: 1200,
    run: withDownload('test/resolved/systemd-resolved.mjs', vitest({ isolate: true })),
  },
  {
    name: 'files',
    about: 'config files as people have them: what we make of each, and what wg-quick(8) does',
    asked: true,
    root: true,
    needs: [...isolation, daemon, wg, ...network],
    seconds: 2400,
    run: vitest({ isolate: true }),
  },
  {
    name: 'corpus',
    about:
      'the same beside the wg-quick(8) of Debian sid itself, and 5,000 generated files beside its wg(8)',
    asked: true,
    root: true,
    needs: [
      ...isolation,
      daemon,
      wg,
      ...network,
      { package: 'debootstrap', command: 'debootstrap', why: 'makes a root of Debian sid' },
    ],
    seconds: 3600,
    run: vitest({ isolate: true }),
  },
  {
    name: 'leaks',
    about:
      'the same for long: 1,000 changes and crashes, 200 pairs of configs, up killed at each step in each way',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, wg, ...network, python],
    seconds: 7200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'events',
    about: 'handshakes, just-in-time peers and watching, with real clients in namespaces',
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'gateway',
    about: 'the gateway as a service: clients in files that come, change and are revoked',
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'gateway-nats',
    about: 'the same with clients in a bucket of nats-server, and a fleet of gateways',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network, nats],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'gateway-million',
    about:
      'a million clients in nats-server: what a gateway takes of memory, and how long it looks for one',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network, nats],
    seconds: 3600,
    run: vitest({ isolate: true }),
  },
  {
    name: 'fleet',
    about:
      'fifty clients roam between three gateways for five minutes, while those, nats-server and the network fail',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network, python, nats],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'events-long',
    about: 'the same in the sizes and times that are promised, on a quiet machine',
    asked: true,
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 3600,
    run: vitest({ isolate: true }),
  },
  {
    name: 'kernel',
    about:
      'the contract, traffic, events and interfaces on a real 6.12 kernel, in a virtual machine if need be',
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network],
    seconds: 2400,
    run: kernelTests(),
  },
  {
    name: 'kernel-lifecycle',
    about: 'interfaces up and down beside wg-quick(8), with devices of that kernel',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network],
    seconds: 2400,
    run: kernelTests({ projects: ['kernel-lifecycle'], devices: 'linux-kernel' }),
  },
  {
    name: 'kernel-without',
    about: 'what is told where the kernel has no WireGuard, in a virtual machine',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon],
    seconds: 900,
    run: kernelTests({ kernel: '6.12', projects: ['kernel-without'], first: [takeWireGuard] }),
  },
  {
    name: 'kernel-files',
    about:
      'of the config files of the tier `files` one in sixteen, and 60 generated ones, with devices of that kernel',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network],
    // A generated file takes a second of an emulated machine, and more where that is not alone.
    seconds: 2400 + 2 * Number(process.env['WGCTRL_CORPUS_FILES'] ?? 0),
    run: kernelTests({ projects: ['kernel-files'], devices: 'linux-kernel' }),
  },
  {
    name: 'kernel-no-ipv6',
    about: 'interfaces up, changed and down on a kernel that was booted without IPv6',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network],
    seconds: 1200,
    run: kernelTests({ kernel: '6.12', projects: ['kernel-no-ipv6'], words: 'ipv6.disable=1' }),
  },
  {
    name: 'kernel-long',
    about:
      'on the same kernel: the contract through the facade, 100,000 peers, interop, torn dumps, faults',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network, python, tracer],
    seconds: HOURS_LONG,
    run: kernelTests({ projects: ['kernel-long'], devices: 'linux-kernel', memory: '8G' }),
  },
  {
    name: 'kernel-events',
    about:
      'events with devices of that kernel, watching 100,000 peers, and our units under systemd',
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, ...network, ...services],
    seconds: 3600,
    run: kernelTests({ projects: ['kernel-events'], devices: 'linux-kernel', memory: '8G' }),
  },
  ...['6.1', '6.18', 'newest'].map(onKernel),
  {
    name: 'abi',
    about:
      'what is laid out by hand, against the headers of glibc, musl and arm64; a Node for arm64',
    asked: true,
    built: true,
    root: true,
    needs: compilers,
    seconds: 1800,
    run: vitest(),
  },
  {
    name: 'examples',
    about: 'every program in examples/ runs to its end',
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 1200,
    run: nodeTests('scripts/examples.mjs'),
  },
  {
    name: 'panel',
    about:
      'the panel of examples/, in a browser, with clients in namespaces that connect by its files',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network, ...pictures, browser],
    seconds: 1800,
    run: vitest({ isolate: true }),
  },
  {
    name: 'consumers',
    about: 'the packed packages in an empty project, with this Node',
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1200,
    run: nodeTests('test/consumers/consumers.test.mjs'),
  },
  {
    name: 'bundlers',
    about: 'the recipes of docs/bundling.md, each in a folder of its own, and package managers',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1800,
    run: nodeTests('test/consumers/bundlers.test.mjs'),
  },
  {
    name: 'runtimes',
    about:
      'the packed packages on every Node that is supported, Bun and Deno; also on a real kernel',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 3600,
    run: nodeTests('test/consumers/runtimes.test.mjs'),
  },
  {
    name: 'ynl',
    about: "netlink families from the kernel's specs, beside the kernel's own client for them",
    asked: true,
    built: true,
    root: true,
    needs: [
      ...isolation,
      python,
      { package: 'nftables', command: 'nft', why: 'has connections tracked' },
      { package: 'python3-yaml', why: "lets the kernel's client read its specs" },
    ],
    seconds: 1200,
    run: withDownload(specs, vitest({ isolate: true })),
  },
  ...['6.12', 'newest'].map(specsOnKernel),
  {
    name: 'windows',
    about: 'the contract and the command on Node for Windows, on named pipes, under wine',
    asked: true,
    built: true,
    root: true,
    needs: [
      ...isolation,
      { package: 'debootstrap', command: 'debootstrap', why: 'makes a root of Debian with wine' },
    ],
    seconds: 3600,
    run: nodeTests('test/windows/windows.test.mjs'),
  },
]

/**
 * @param {string} kernel
 * @returns {Tier}
 */
function onKernel(kernel) {
  return {
    name: `kernel-${kernel}`,
    about: `kernel, kernel-lifecycle and kernel-long on ${kernel === 'newest' ? "the newest kernel of Debian's" : kernel}`,
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [daemon, wg, ...network, python, tracer],
    seconds: HOURS_LONG,
    run: kernelTests({
      kernel,
      projects: ['kernel', 'kernel-lifecycle', 'kernel-long'],
      devices: 'linux-kernel',
      memory: '8G',
    }),
  }
}

/**
 * Runs vitest projects, by default the one that is named as the tier.
 *
 * @param {{ isolate?: boolean, projects?: string[], shared?: boolean }} [options] `shared`: what it makes of the
 *   sources it leaves to the tiers of this run, and takes from them
 * @returns {Tier['run']}
 */
function vitest({ isolate = false, projects, shared = true } = {}) {
  return async ({ name, seconds }, { seed, mounts = [], ...how }) => {
    if (!isolate && mounts.length > 0) return refusesStandIns()
    const report = join(how.folder, `${name}.json`)
    const program = join(root, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const named = (projects ?? [name]).flatMap((project) => ['--project', project])
    const modules = shared ? modulesIn(join(how.folder, 'modules')) : []
    const args = ['run', ...named, '--allowOnly=false', ...reporters, ...modules, ...orderOf(seed)]
    const command = [process.execPath, program, ...args]
    const all = isolate ? isolated(command, mounts) : command
    return await runCounted(all, { seconds, ...how }, () => countVitest(report))
  }
}

/**
 * Half of a short file's work would be to compile what it imports, the same in each tier. The folder ends with the
 * run: nothing of other sources is ever in it.
 *
 * @param {string} folder
 */
const modulesIn = (folder) => [
  '--experimental.fsModuleCache',
  `--experimental.fsModuleCachePath=${folder}`,
]

/**
 * Has vitest compile what tests import without running them: an emulated processor takes half a minute for what is done
 * here in two seconds. What fails here is left to the machine.
 *
 * @param {string[]} options which projects, and where
 * @param {string} folder for temporary files
 */
async function compileModules(options, folder) {
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  const command = isolated([process.execPath, program, 'list', ...options])
  const env = { ...process.env, TMPDIR: folder }
  await run(command[0] ?? '', command.slice(1), { cwd: root, env, seconds: 300 })
}

/** Of a tier that would run beside the machine's own programs. */
const refusesStandIns = () =>
  oneMoreFailure(
    { passed: 0, failed: 0 },
    'it runs with the daemon and the tools of this machine alone',
  )

/** @param {number | undefined} seed */
function orderOf(seed) {
  if (seed === undefined) return []
  return [
    '--sequence.shuffle.files',
    `--sequence.seed=${seed}`,
    `--maxWorkers=${availableParallelism()}`,
  ]
}

/**
 * Runs a vitest project against a real kernel: the results come back through the one folder that the
 * machine may write to.
 *
 * @param {object} options
 * @param {string} [options.kernel] '6.1', '6.12', '6.18', 'newest', 'host' or 'auto', the default
 * @param {string[]} [options.projects] default: kernel
 * @param {string} [options.devices] the kind of device that tests take which can take several
 * @param {string[]} [options.first] words before the command in the machine
 * @param {string} [options.words] for the kernel's command line
 * @param {string} [options.memory] of the machine; 100,000 peers take 3 GB where each has a thread
 * @returns {Tier['run']}
 */
function kernelTests({
  kernel = 'auto',
  projects = ['kernel'],
  devices,
  first = [],
  words,
  memory,
} = {}) {
  return async ({ name, seconds }, { seed, kernel: other, mounts = [], ...how }) => {
    if (mounts.length > 0) return refusesStandIns()
    const results = join(how.folder, name)
    const report = join(results, 'report.json')
    const machine = [
      '--kernel',
      other ?? kernel,
      '--timeout',
      String(seconds - 30),
      '--results',
      results,
    ]
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const program = ['node_modules/vitest/vitest.mjs', 'run', '--allowOnly=false']
    const named = projects.flatMap((project) => ['--project', project])
    const modules = modulesIn(join(results, 'modules'))
    await compileModules([...named, ...modules], how.folder)
    const args = [...program, ...named, ...reporters, ...modules, ...orderOf(seed)]
    const tests = [...first, process.execPath, ...args]
    const boot = Object.entries({ words, memory }).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option}`, value],
    )
    const command = ['test/kernel/kernel.mjs', ...machine, ...boot, '--', ...tests]
    const env = devices ? { WGCTRL_BACKEND: devices } : {}
    const count = () => countVitest(report)
    const counts = await runCounted([process.execPath, ...command], { seconds, env, ...how }, count)
    const release = join(results, 'release')
    return existsSync(release)
      ? { ...counts, on: `Linux ${readFileSync(release, 'utf8')}` }
      : counts
  }
}

/**
 * @param {string} kernel
 * @returns {Tier}
 */
function specsOnKernel(kernel) {
  return {
    name: `ynl-${kernel}`,
    about: `the same in a machine with ${kernel === 'newest' ? "the newest kernel of Debian's" : `kernel ${kernel}`}, with simulated radios`,
    asked: true,
    inMachine: true,
    built: true,
    root: true,
    needs: [
      wg,
      python,
      { package: 'python3-yaml', why: "lets the kernel's client read its specs" },
      { package: 'iw', command: 'iw', why: 'has simulated radios meet' },
      { package: 'xz-utils', command: 'xz', why: 'unpacks the modules that a machine begins with' },
    ],
    seconds: 3600,
    run: withDownload(specs, kernelTests({ kernel: `${kernel}-full`, projects: ['kernel-ynl'] })),
  }
}

/**
 * Has something downloaded before, by a script that keeps it in the cache: the tests have no network.
 *
 * @param {string} script
 * @param {Tier['run']} run
 * @returns {Tier['run']}
 */
function withDownload(script, run) {
  return async (...args) => {
    await runWell(process.execPath, [join(root, script)], { seconds: 600 })
    return await run(...args)
  }
}

/**
 * Runs a file of tests for node:test.
 *
 * @param {string} file
 * @param {string[]} args
 * @returns {Tier['run']}
 */
function nodeTests(file, ...args) {
  return async ({ name, seconds }, { mounts = [], ...how }) => {
    if (mounts.length > 0) return refusesStandIns()
    const report = join(how.folder, `${name}.tap`)
    const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout']
    const tap = ['--test-reporter=tap', `--test-reporter-destination=${report}`]
    const command = [process.execPath, ...spec, ...tap, join(root, file), ...args]
    return await runCounted(command, { seconds, ...how }, () => countNodeTests(report))
  }
}

/**
 * Runs a command and counts its tests; whatever hides the true count is a failure itself.
 *
 * @param {string[]} command
 * @param {{ seconds: number, shown: boolean, folder: string, env?: NodeJS.ProcessEnv }} options
 * @param {() => Counts | undefined} count
 * @returns {Promise<Counts>}
 */
async function runCounted([program = '', ...args], { seconds, shown, folder, env = {} }, count) {
  const options = { cwd: root, env: { ...process.env, TMPDIR: folder, ...env }, seconds, shown }
  const { status, output, isLate } = await run(program, args, options)
  if (!shown) console.log(output)
  const counts = count() ?? { passed: 0, failed: 0 }
  const { passed, failed } = counts
  if (isLate) return oneMoreFailure(counts, `it was stopped after ${seconds} s`)
  if (status !== 0 && failed === 0) return oneMoreFailure(counts, `it ended with ${status}`)
  if (passed + failed === 0) return oneMoreFailure(counts, 'it has no tests')
  return counts
}
