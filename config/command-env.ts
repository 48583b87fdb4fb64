/** What commands see of the environment: an allowlist, so that keys and tokens of the shell do not reach them. */

import type { Environment } from './paths.ts';

const names: ReadonlySet<string> = new Set([
  // Who and where
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TMPDIR',
  'TZ',
  'USER',
  // Language and terminal
  'LANG',
  'LANGUAGE',
  'TERM',
  'COLORTERM',
  'NO_COLOR',
  'CI',
  // Where tools of languages lie
  'ANDROID_HOME',
  'BUN_INSTALL',
  'CARGO_HOME',
  'CONDA_PREFIX',
  'DENO_DIR',
  'DOTNET_ROOT',
  'GOPATH',
  'GOROOT',
  'JAVA_HOME',
  'MISE_DATA_DIR',
  'NODE_EXTRA_CA_CERTS',
  'NVM_BIN',
  'NVM_DIR',
  'PNPM_HOME',
  'PYENV_ROOT',
  'RBENV_ROOT',
  'RUSTUP_HOME',
  'SDKMAN_DIR',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'VIRTUAL_ENV',
  'VOLTA_HOME',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  // Windows
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
]);

/** The variables that commands get. */
export function commandEnv(env: Environment): Readonly<Record<string, string>> {
  const allowed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (value !== undefined && (names.has(upper) || upper.startsWith('LC_'))) allowed[name] = value;
  }
  return allowed;
}
