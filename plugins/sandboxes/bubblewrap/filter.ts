/**
 * The seccomp filter: which system calls a command may make. It names what is refused, since a command may be any
 * program; calls newer than its tables are answered as if the kernel did not know them.
 */

import { argumentOffset, assemble, dataOffsets, type Line } from './bpf.ts';
import {
  type Architecture,
  auditArchitecture,
  lastKnownCall,
  numberOf,
  type SystemCall,
} from './system-calls.ts';

/** What of the filter can be opened, and for whom it is made. */
export interface FilterOptions {
  readonly architecture: Architecture;
  /** Root's files must not get its group either (setgid); for others, folders with it are ordinary. */
  readonly isRoot: boolean;
  /** Unix sockets of every kind; otherwise only connected pairs. */
  readonly unixSockets: boolean;
  /** Looking into other processes of the same sandbox. */
  readonly ptrace: boolean;
}

const actions = {
  allow: 0x7fff_0000,
  kill: 0x8000_0000, // SECCOMP_RET_KILL_PROCESS
  refuse: 0x0005_0001, // SECCOMP_RET_ERRNO | EPERM
  unknown: 0x0005_0026, // SECCOMP_RET_ERRNO | ENOSYS
} as const;
type Action = keyof typeof actions;

/** Their arguments are out of a filter's sight; programs that find them missing take their older way. */
const unknownCalls = calls('io_uring_setup io_uring_enter io_uring_register clone3 openat2');
const tracingCalls = calls(
  'ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise',
);
const refusedCalls = calls(
  'mount umount2 pivot_root chroot setns open_tree open_tree_attr move_mount mount_setattr',
  'fsopen fsconfig fsmount fspick bpf perf_event_open userfaultfd fanotify_init',
  'add_key request_key keyctl name_to_handle_at open_by_handle_at',
  'init_module finit_module delete_module kexec_load kexec_file_load',
  'swapon swapoff reboot acct quotactl quotactl_fd syslog vhangup nfsservctl lookup_dcookie',
  'settimeofday clock_settime sethostname setdomainname iopl ioperm modify_ldt uselib',
);

/** Where calls have the mode of a file. Opening has one only when it makes the file. */
const modes: readonly (readonly [SystemCall, number])[] = [
  ...calls('chmod fchmod creat mknod').map((call) => [call, 1] as const),
  ...calls('fchmodat fchmodat2 mknodat').map((call) => [call, 2] as const),
];
const setuid = 0o4000;
const setgid = 0o2000;
/** O_CREAT | __O_TMPFILE, the same on both machines. */
const createFlags = 0o20_000_100;

/** CLONE_NEW… of mounts, cgroup, uts, ipc, user, pid and net. */
const namespaceFlags = 0x7e02_0000;
/** CLONE_NEWTIME, to unshare; to clone it is part of the exit signal. */
const timeFlag = 0x80;
/** Words put into a terminal's input, and ways to change how it works: TIOCSTI, TIOCLINUX, TIOCSETD. */
const terminalRequests = [0x5412, 0x541c, 0x5423];
const domains = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
/** NETLINK_ROUTE: programs list their own interfaces by it. */
const routing = 0;
/** Of connected pairs, those that cannot send elsewhere: SOCK_STREAM and SOCK_SEQPACKET. */
const bound = { stream: 1, sequenced: 5, typeMask: 0xf } as const;
/** Set in the numbers of the x32 calls of x86-64. */
const x32Bit = 0x4000_0000;

/** The filter as a BPF program. */
export function seccompFilter(options: FilterOptions): Uint8Array {
  const { architecture, isRoot, unixSockets } = options;
  return assemble([
    { op: 'load', offset: dataOffsets.architecture },
    jump('equal', auditArchitecture[architecture], 'native'),
    give('kill'),
    label('native'),
    { op: 'load', offset: dataOffsets.number },
    jump('anyBit', x32Bit, 'kill'),
    jump('above', lastKnownCall, 'unknown'),
    ...search(destinations(options)),
    ...modeChecks(isRoot ? setuid | setgid : setuid),
    ...socketChecks(unixSockets),
    ...check('ioctl', 1, ...terminalRequests.map((request) => jump('equal', request, 'refuse'))),
    ...check('clone', 0, jump('anyBit', namespaceFlags, 'refuse')),
    ...check('unshare', 0, jump('anyBit', namespaceFlags | timeFlag, 'refuse')),
    ...(['allow', 'kill', 'refuse', 'unknown'] as const).flatMap((way) => [label(way), give(way)]),
  ]);
}

type Destination = Readonly<{ number: number; to: string }>;

/** Where a call goes that is not simply allowed, by its number. */
function destinations({ architecture, ptrace }: FilterOptions): readonly Destination[] {
  const refused = ptrace ? refusedCalls : [...refusedCalls, ...tracingCalls];
  const all: readonly (readonly [SystemCall, string])[] = [
    ...calls('open openat ioctl socket socketpair clone unshare').map(
      (call) => [call, call] as const,
    ),
    ...modes.map(([call, index]) => [call, `mode ${index}`] as const),
    ...unknownCalls.map((call) => [call, 'unknown'] as const),
    ...refused.map((call) => [call, 'refuse'] as const),
  ];
  const numbered = all.flatMap(([call, to]) => {
    const number = numberOf(call, architecture);
    return number === undefined ? [] : [{ number, to }];
  });
  return numbered.toSorted((a, b) => a.number - b.number);
}

/** By halves: the kernel tries a new filter with every call that there is, which is half of what it costs. */
function search(sorted: readonly Destination[]): readonly Line[] {
  const last = sorted[Math.floor(sorted.length / 2) - 1];
  if (sorted.length <= 4 || last === undefined)
    return [...sorted.map(({ number, to }) => jump('equal', number, to)), give('allow')];
  const half = sorted.indexOf(last) + 1;
  const above = `above ${last.number}`;
  return [
    jump('above', last.number, above),
    ...search(sorted.slice(0, half)),
    label(above),
    ...search(sorted.slice(half)),
  ];
}

/** No file gets a bit that makes it run as its owner. */
function modeChecks(bits: number): readonly Line[] {
  const refuse = jump('anyBit', bits, 'refuse');
  return [
    ...['open', 'openat'].flatMap((call, index) => [
      label(call),
      argument(index + 1),
      jump('anyBit', createFlags, `mode ${index + 2}`),
      give('allow'),
    ]),
    ...[1, 2, 3].flatMap((index) => check(`mode ${index}`, index, refuse)),
  ];
}

function socketChecks(unixSockets: boolean): readonly Line[] {
  return [
    ...(unixSockets ? [label('socketpair'), give('allow')] : pairCheck()),
    ...check(
      'socket',
      0,
      ...[domains.inet, domains.inet6].map((domain) => jump('equal', domain, 'allow')),
      ...(unixSockets ? [jump('equal', domains.unix, 'allow')] : []),
      jump('equal', domains.netlink, 'netlink'),
      give('refuse'),
    ),
    ...check('netlink', 2, jump('equal', routing, 'allow'), give('refuse')),
  ];
}

function pairCheck(): readonly Line[] {
  return [
    label('socketpair'),
    argument(1),
    { op: 'mask', value: bound.typeMask },
    jump('equal', bound.stream, 'allow'),
    jump('equal', bound.sequenced, 'allow'),
    give('refuse'),
  ];
}

/** What a call comes to by one of its arguments; it is allowed when no line says otherwise. */
function check(name: string, index: number, ...lines: readonly Line[]): readonly Line[] {
  return [label(name), argument(index), ...lines, give('allow')];
}

function argument(index: number): Line {
  return { op: 'load', offset: argumentOffset(index) };
}

function jump(when: 'equal' | 'above' | 'anyBit', value: number, to: string): Line {
  return { op: 'jump', when, value, to };
}

function label(name: string): Line {
  return { op: 'label', name };
}

function give(action: Action): Line {
  return { op: 'return', value: actions[action] };
}

function calls(...names: readonly string[]): readonly SystemCall[] {
  return names.flatMap((line) => line.split(' ')) as SystemCall[]; // a wrong one has no number: tested
}
