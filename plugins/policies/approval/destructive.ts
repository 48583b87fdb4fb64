/** Commands that destroy, publish, or act with other rights; and options that make a command run another one. */

import { posix } from 'node:path';

import type { Word } from '../shell/script.ts';

type Values = readonly (string | undefined)[];

/** What makes a command one of these, by name; the text is its arguments, joined and begun by a blank. */
const destructive: Readonly<Record<string, RegExp>> = {
  rm: / -(?:\w*[rRf]|-recursive|-force)/,
  chmod: / -(?:\w*R|-recursive)/,
  chown: / -(?:\w*R|-recursive)/,
  chgrp: / -(?:\w*R|-recursive)/,
  find: / -delete\b/,
  git: new RegExp(
    [
      ' push\\b.* (?:-f|--force|-\\w*f\\w*|--mirror|--delete|-d|--prune|\\+|:)',
      ' reset\\b.* --hard',
      ' clean\\b.* -\\w*f',
      ' checkout\\b.* (?:-f|--force|--|\\.)(?: |$)',
      ' restore\\b',
      ' branch\\b.* (?:-D|-d|--delete)',
      ' tag\\b.* (?:-d|--delete)',
      ' stash (?:drop|clear)',
      ' worktree remove',
      // A setting can name a program that later commands run.
      ' config (?!--?(?:get|list|l|show)|(?:get|list)\\b)',
      ' (?:filter-branch|filter-repo|update-ref|reflog|gc|prune)\\b',
    ].join('|'),
  ),
  npm: / (?:publish|unpublish|deprecate|owner|access|token|adduser|login)\b/,
  pnpm: / (?:publish|unpublish|deprecate)\b/,
  yarn: / (?:publish|npm publish)\b/,
  bun: / publish\b/,
  cargo: / (?:publish|yank|owner|login)\b/,
  gem: / (?:push|yank|owner)\b/,
  twine: / upload\b/,
  poetry: / publish\b/,
  uv: / publish\b/,
  docker: / (?:push|login|system prune|volume rm|rm|rmi|kill)\b/,
  podman: / (?:push|login|system prune|volume rm|rm|rmi|kill)\b/,
  gh: / (?:\w+ (?:delete|merge|close|create|edit)|api|auth|secret|release)\b/,
  kubectl: / (?:delete|apply|drain|exec)\b/,
  helm: / (?:delete|uninstall|install|upgrade)\b/,
  terraform: / (?:destroy|apply|import|state)\b/,
  aws: /./,
  gcloud: /./,
  az: /./,
  systemctl: / (?!status|show|list)/,
  crontab: /./,
};

const alwaysDestructive = new Set(
  [
    'sudo doas su dd shred wipefs fdisk parted mkswap truncate shutdown reboot halt poweroff',
    'kill killall pkill userdel usermod passwd dropdb mount umount iptables nft insmod rmmod',
  ].flatMap((names) => names.split(' ')),
);

/** Whether a command destroys, publishes, or acts with other rights. */
export function isDestructive(words: Values): boolean {
  const [first, ...args] = words;
  const name = posix.basename(first ?? '');
  if (alwaysDestructive.has(name) || name.startsWith('mkfs')) return true;
  const pattern = Object.hasOwn(destructive, name) ? destructive[name] : undefined;
  return pattern?.test(args.map((word) => ` ${word ?? ''}`).join('')) === true;
}

/** Options of commands that make them run another one, or read how from somewhere else. */
const lending: Readonly<Record<string, RegExp>> = {
  git: /^(?:-c|--config-env|--exec-path|--upload-pack|--receive-pack|--exec|-x|-O|--open-files-in-pager|--ext-diff|--textconv|--extcmd|foreach|run)(?:=|$)|^-O|^ext::/,
  tar: /^(?:--checkpoint-action|--to-command|--use-compress-program|-I|--rsh-command|--rmt-command|-F|--info-script|--new-volume-script)(?:=|$)|^-\w*[IF]/,
  rsync: /^(?:-\w*e|--rsh|--rsync-path)(?:=|$)/,
  ssh: /^-o|^-F|ProxyCommand|LocalCommand/,
  scp: /^-o|^-S|^-F/,
  sftp: /^-o|^-S|^-F/,
  rg: /^--pre(?:=|$)|^--hostname-bin/,
  sort: /^(?:--compress-program|-o|--output)(?:=|$)|^-\w*o/,
  find: /^-(?:fprint|fprint0|fprintf|fls)$/,
  zip: /^-\w*T|^--unzip-command/,
  man: /^-\w*[PH]|^--(?:pager|html)/,
  go: /^-{1,2}(?:exec|toolexec|vettool|overlay)(?:=|$)/,
  gcc: /^-(?:wrapper|fplugin|B|specs)/,
  make: /^(?:SHELL|MAKEFLAGS|\.SHELLFLAGS|CC|CXX)\s*[:+?]?=|^-\w*[fCI]|^--(?:eval|file|directory|makefile)/,
  npm: /^--(?:script-shell|node-options|prefix|userconfig|globalconfig|call)(?:=|$)|^-C|^-c$/,
  pnpm: /^--(?:script-shell|shell-emulator|prefix|dir)(?:=|$)|^-C/,
  yarn: /^--(?:cwd|use-yarnrc)(?:=|$)/,
  node: /^(?:-e|-p|-pe|--eval|--print|-r|--require|--import|--loader|--experimental-loader)(?:=|$)/,
  cargo: /^--config(?:=|$)|^-Z/,
  docker: /^(?:-H|--host|--config|--entrypoint)(?:=|$)/,
  curl: /^(?:-K|--config|-o|--output|-O|--remote-name|-T|--upload-file)(?:=|$)/,
  awk: /system|\||getline|^-f/,
  sed: /^-\w*[if]|^--(?:in-place|file)|(?:^|[;}\d$/])\s*[ewW](?:\s|$)/,
  vim: /^[-+]/,
  less: /^[-+]/,
};

/**
 * Whether a command has an option, beyond the words that a rule names, that makes it do what its name does not say. An
 * argument that is not certain may be such an option, but for the text of a message.
 */
export function isLending(words: readonly Word[], named: number): boolean {
  const name = posix.basename(words[0]?.value ?? '');
  const pattern = Object.hasOwn(lending, name) ? lending[name] : undefined;
  if (pattern === undefined) return false;
  return words.some(({ value, start, isMany }, at) => {
    if (at < named) return false;
    if (value !== undefined) return pattern.test(value);
    const isText = messageOption.test(words[at - 1]?.value ?? '') && !isMany;
    return !isText && (isMany || /^(?:-|$)/.test(start));
  });
}

const messageOption = /^(?:-\w*m|--message|--title|--body|-[bt])$/;
