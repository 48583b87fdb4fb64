#!/usr/bin/env node
'use strict';

// Starts Spindle. Plain old CommonJS, so that a Node too old for the program can still say so.
// On a fitting Node the program runs in this very process: signals and kill -9 hit the right one.
// On an older Node, the Node that `npm ci` put into the checkout's node_modules takes over.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const NEEDED = 24;

function major(version) {
  return parseInt(version, 10);
}

/** Where compiled code is kept: not in the shared temporary folder, where others could plant it. */
function cacheFolder() {
  const env = process.env;
  if (env.NODE_COMPILE_CACHE) return env.NODE_COMPILE_CACHE;
  if (env.SPINDLE_HOME) return path.join(env.SPINDLE_HOME, 'cache', 'code');
  const base = env.XDG_CACHE_HOME || env.LOCALAPPDATA || path.join(os.homedir(), '.cache');
  return path.join(base, 'spindle', 'code');
}

/** Node's own `recursive` never ends where the system says that a folder which is there is not (`/proc`). */
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  fs.mkdirSync(folder, { mode: 0o700 });
}

/** Whether compiled code is kept. */
function enableCache() {
  try {
    const folder = cacheFolder();
    makeFolder(folder);
    // Node makes a folder of its own in it, as open as the umask lets it be.
    const umask = process.umask(0o077);
    const { directory } = require('node:module').enableCompileCache(folder);
    process.umask(umask);
    return directory !== undefined;
  } catch {
    // The cache only saves time; a home that cannot be written to starts without it.
    return false;
  }
}

/**
 * Node keeps what is compiled when a file is imported. Left to itself V8 compiles most functions when they are first
 * called, at each start anew; compiled all at once, they come out of the cache from the second start on (7 ms less).
 */
async function importWhole(url) {
  const v8 = require('node:v8');
  v8.setFlagsFromString('--no-lazy');
  try {
    return await import(url);
  } finally {
    v8.setFlagsFromString('--lazy');
  }
}

async function runHere() {
  const isCached = enableCache();
  const built = path.join(__dirname, 'main.js');
  const isBuilt = fs.existsSync(built);
  const file = isBuilt ? built : path.join(__dirname, 'main.ts');
  const url = require('node:url').pathToFileURL(file).href;
  const program = await (isBuilt && isCached ? importWhole(url) : import(url));
  process.exitCode = await program.main(process.argv.slice(2));
}

/** The binary of a fitting Node in a package of a node_modules above this file. */
function findNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let at = __dirname; ; at = path.dirname(at)) {
    for (const name of ['node-' + platform + '-' + process.arch, 'node']) {
      const folder = path.join(at, 'node_modules', name);
      try {
        const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
        const node = path.join(folder, 'bin', binary);
        if (major(manifest.version) >= NEEDED && fs.existsSync(node)) return node;
      } catch {
        // Not there: look on.
      }
    }
    if (at === path.dirname(at)) return undefined;
  }
}

function runIn(node) {
  const argv = [__filename].concat(process.argv.slice(2));
  const child = require('node:child_process').spawn(node, argv, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    // Ctrl-C in a terminal already reaches both processes; forwarding it would make it two.
    const isTerminals = signal === 'SIGINT' && process.stdin.isTTY;
    process.on(signal, () => isTerminals || child.kill(signal));
  }
  child.on('error', (error) => refuse(node + ' does not start: ' + error.message));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function refuse(what) {
  console.error(
    'spindle: expected Node ' +
      NEEDED +
      ' or newer, but ' +
      what +
      '.\n' +
      'Install Node ' +
      NEEDED +
      ' from https://nodejs.org, or run `npm ci` in a checkout of Spindle, which brings one.',
  );
  process.exit(1);
}

function main() {
  if (major(process.versions.node) >= NEEDED) return runHere();
  const node = findNode();
  if (node) return runIn(node);
  return refuse(
    'this is Node ' + process.versions.node + ' and ' + __dirname + ' has no newer one above it',
  );
}

void main();
