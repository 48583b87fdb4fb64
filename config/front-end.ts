/** Opens the kernel that a front end needs, and gives the front end what only this program can. */

import { asKernelError, KernelError } from '../core/errors.ts';
import type { FoundConfiguration } from '../plugins/front-ends/doctor.ts';
import type { Slot } from './builtin.ts';
import { bareConfiguration, type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { openConfigured, type OpenKernel, openKernel } from './open.ts';
import type { Layer } from './layers.ts';
import { flagSettings, settingsOf } from './settings.ts';

/** A kernel in which the front end of this name can be run. Throws as `openKernel` does. */
export function openFrontEnd(name: string, options: LoadOptions): Promise<OpenKernel> {
  const open = Object.hasOwn(openers, name) ? openers[name] : undefined;
  if (open === undefined) throw new KernelError('internal', `there is no front end "${name}"`);
  return open(options);
}

const openers: Readonly<Record<string, (options: LoadOptions) => Promise<OpenKernel>>> = {
  exec: openExec,
  thread: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'stores', 'checkpoints', 'frontEnds'] satisfies readonly Slot[],
      with: ['thread'],
      programOptions: ({ cwd, config: { prices } }) => ({ thread: { cwd, prices } }),
    }),
  revert: openRevert,
  compact: (options) =>
    openKernel({
      ...options,
      needsModel: true,
      with: ['compact'],
      programOptions: ({ cwd }) => ({ compact: { cwd } }),
    }),
  audit: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['observers', 'frontEnds'] satisfies readonly Slot[],
      with: ['audit-command'],
      programOptions: () => ({ 'audit-command': { cwd: process.cwd() } }),
    }),
  plugin: (options) => openKernel({ ...options, needsModel: false, with: ['plugin'] }),
  prompt: async (options) => (await import('./prompt.ts')).openPrompt(options),
  sandbox: openSandbox,
  command: (options) => openKernel({ ...options, needsModel: false, with: ['command'] }),
  agent: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'policies', 'tools', 'frontEnds'],
      with: ['agent'],
    }),
  skill: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'policies', 'prompts', 'frontEnds'],
      with: ['skill'],
    }),
  policy: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'policies', 'frontEnds'],
      with: ['policy'],
    }),
  why: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'stores', 'frontEnds'],
      with: ['why'],
      programOptions: ({ cwd }) => ({ why: { cwd } }),
    }),
  mcp: (options) =>
    openKernel({
      ...options,
      needsModel: false,
      slots: ['machines', 'sandboxes', 'policies', 'redactors', 'observers', 'mcp', 'frontEnds'],
      with: ['mcp-command'],
    }),
  doctor: openDoctor,
  'mcp-server': async (options) => (await import('./mcp-server.ts')).openMcpServer(options),
  'app-server': async (options) => (await import('./app-server.ts')).openAppServer(options),
};

/** Nobody sees a model that goes round in circles, and no task that we know takes as many calls. */
const unwatched = { steps: 500 };

/** That no model is configured is for `exec` to tell, once the command line is found to be one that needs it. */
async function openExec(options: LoadOptions): Promise<OpenKernel> {
  const { userFiles } = await import('./user-files.ts');
  const open = (needsModel: boolean, unavailable?: string) =>
    openKernel({
      ...options,
      needsModel,
      limits: unwatched,
      with: ['exec'],
      programOptions: (configuration) => ({
        exec: {
          cwd: process.cwd(),
          folder: configuration.cwd,
          settings: flagSettings(configuration),
          files: userFiles,
          unavailable,
        },
      }),
    });
  try {
    return await open(true);
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'model_config') throw error;
    return open(false, error.message);
  }
}

/** Who types a command need not be asked for it, so what a model's commands are asked for does not count. */
function openSandbox(options: LoadOptions): Promise<OpenKernel> {
  const typed: Layer = { name: 'flag', values: { approval: 'on-request' }, isChecked: true };
  return openKernel({
    ...options,
    flags: [typed, ...(options.flags ?? [])],
    needsModel: false,
    slots: ['machines', 'sandboxes', 'policies', 'redactors', 'observers', 'frontEnds'],
    with: ['sandbox'],
    programOptions: (configuration) => ({ sandbox: { settings: settingsOf(configuration) } }),
  });
}

/** Who takes files back need not be asked for it either; where they may be written is what the configuration says. */
function openRevert(options: LoadOptions): Promise<OpenKernel> {
  const typed: Layer = { name: 'flag', values: { approval: 'on-request' }, isChecked: true };
  return openKernel({
    ...options,
    flags: [typed, ...(options.flags ?? [])],
    needsModel: false,
    slots: [
      'machines',
      'stores',
      'sandboxes',
      'policies',
      'redactors',
      'observers',
      'checkpoints',
      'frontEnds',
    ],
    with: ['revert'],
    programOptions: ({ cwd }) => ({ revert: { cwd } }),
  });
}

/** What is wrong with the configuration or its plugins is for the doctor to tell, so it is opened without them. */
async function openDoctor(options: LoadOptions): Promise<OpenKernel> {
  const { machine } = await import('./machine.ts');
  const { examine } = await import('./examine.ts');
  const open = (configuration: Configuration, found: FoundConfiguration, slots?: readonly Slot[]) =>
    openConfigured(configuration, {
      needsModel: false,
      with: ['doctor'],
      slots,
      programOptions: () => ({ doctor: { configuration: found, machine } }),
    });
  let configuration = bareConfiguration(options);
  try {
    configuration = await loadConfig(options);
    return await open(configuration, await examine(configuration));
  } catch (error) {
    const found = { ...(await examine(configuration)), error: asKernelError(error).message };
    return open(bareConfiguration(options), found, ['machines', 'stores', 'frontEnds']);
  }
}
