/** Numbers of system calls, by the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h). */

/** The machines that there is a filter for, as Node names them. */
export type Architecture = 'x64' | 'arm64';

/** What the kernel calls the machine in `seccomp_data.arch` (linux/audit.h). */
export const auditArchitecture: Readonly<Record<Architecture, number>> = {
  x64: 0xc000_003e,
  arm64: 0xc000_00b7,
};

/** The last call that was looked at, file_setattr of Linux 6.17; later ones are answered as unknown. */
export const lastKnownCall = 469;

/** Calls since Linux 5.1 have one number everywhere. */
const shared = {
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  openat2: 437,
  pidfd_getfd: 438,
  process_madvise: 440,
  mount_setattr: 442,
  quotactl_fd: 443,
  fchmodat2: 452,
  open_tree_attr: 467,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
} as const;

const x64 = {
  ...shared,
  open: 2,
  ioctl: 16,
  socket: 41,
  socketpair: 53,
  clone: 56,
  creat: 85,
  chmod: 90,
  fchmod: 91,
  ptrace: 101,
  syslog: 103,
  mknod: 133,
  uselib: 134,
  vhangup: 153,
  modify_ldt: 154,
  pivot_root: 155,
  chroot: 161,
  acct: 163,
  settimeofday: 164,
  mount: 165,
  umount2: 166,
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  sethostname: 170,
  setdomainname: 171,
  iopl: 172,
  ioperm: 173,
  init_module: 175,
  delete_module: 176,
  quotactl: 179,
  nfsservctl: 180,
  lookup_dcookie: 212,
  clock_settime: 227,
  kexec_load: 246,
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  openat: 257,
  mknodat: 259,
  fchmodat: 268,
  unshare: 272,
  perf_event_open: 298,
  fanotify_init: 300,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  setns: 308,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  finit_module: 313,
  kexec_file_load: 320,
  bpf: 321,
  userfaultfd: 323,
} as const;

/** A call that filters deal with. */
export type SystemCall = keyof typeof x64;

/** Without the calls that only older machines have, such as open, chmod and iopl. */
const arm64: Partial<Record<SystemCall, number>> = {
  ...shared,
  lookup_dcookie: 18,
  ioctl: 29,
  mknodat: 33,
  umount2: 39,
  mount: 40,
  pivot_root: 41,
  nfsservctl: 42,
  chroot: 51,
  fchmod: 52,
  fchmodat: 53,
  openat: 56,
  vhangup: 58,
  quotactl: 60,
  acct: 89,
  unshare: 97,
  kexec_load: 104,
  init_module: 105,
  delete_module: 106,
  clock_settime: 112,
  syslog: 116,
  ptrace: 117,
  reboot: 142,
  sethostname: 161,
  setdomainname: 162,
  settimeofday: 170,
  socket: 198,
  socketpair: 199,
  add_key: 217,
  request_key: 218,
  keyctl: 219,
  clone: 220,
  swapon: 224,
  swapoff: 225,
  perf_event_open: 241,
  fanotify_init: 262,
  name_to_handle_at: 264,
  open_by_handle_at: 265,
  setns: 268,
  process_vm_readv: 270,
  process_vm_writev: 271,
  kcmp: 272,
  finit_module: 273,
  bpf: 280,
  userfaultfd: 282,
  kexec_file_load: 294,
};

/** The number of a call; `undefined` where the machine has no such call. */
export function numberOf(call: SystemCall, architecture: Architecture): number | undefined {
  return { x64, arm64 }[architecture][call];
}
